#include "orphans.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "fixture.hpp"
#include "queues.hpp"

using daemon_test::holder;
using daemon_test::in;
using daemon_test::make_queue;
using daemon_test::World;
using std::chrono::milliseconds;
using std::filesystem::exists;

namespace {

World report_world() { return World("[]", R"("orphans":{"match":["job-*"],"grace":"10s","action":"report"})"); }
World remove_world() { return World("[]", R"("orphans":{"match":["job-*"],"grace":"10s","action":"remove"})"); }

}  // namespace

TEST_CASE("an orphan is found after the grace time and reported once") {
  World world = report_world();
  make_queue(world.shm.path(), "job-1", 8);
  make_queue(world.shm.path(), "other", 8);
  world.start();
  world.round();
  world.round(milliseconds(9999));
  CHECK(world.happened().empty());
  CHECK(world.status()["orphans"][0]["name"] == "job-1");
  CHECK(world.status()["orphans"][0]["due"] == false);
  world.round(milliseconds(1));
  world.round();
  CHECK(world.happened() == std::vector<std::string>{"orphan_found job-1"});
  CHECK(world.status()["orphans"].size() == 1);
  CHECK(world.status()["orphans"][0]["due"] == true);
  CHECK(exists(world.shm.file("job-1")));
}

TEST_CASE("an orphan is removed after the grace time when the config says so, its cursor too") {
  World world = remove_world();
  make_queue(world.shm.path(), "job-1", 8);
  slickq::NamedCursor::create("job-1@c", 3, in(world.shm.path()));
  make_queue(world.shm.path(), "other", 8);
  std::ofstream(world.shm.file("job-foreign")) << "not ours";
  std::filesystem::create_directory(world.shm.file("job-directory"));
  world.start();
  world.round();
  world.round(milliseconds(10'000));
  CHECK(world.count("orphan_removed job-1") == 1);
  CHECK(world.count("orphan_removed job-1@c") == 1);
  CHECK_FALSE(exists(world.shm.file("job-1")));
  CHECK_FALSE(exists(world.shm.file("job-1@c")));
  for (const char* stays : {"other", "job-foreign", "job-directory"}) CHECK(exists(world.shm.file(stays)));
}

TEST_CASE("activity and holders start the grace time again") {
  World world = remove_world();
  make_queue(world.shm.path(), "job-1", 8);
  world.start();
  world.round();
  world.round(milliseconds(9000));
  slickq::Queue::open("job-1", world.shm.path()).ring().reserve(1);
  world.round(milliseconds(9000));
  CHECK(exists(world.shm.file("job-1")));
  {
    const auto other = holder(world.shm.path(), "job-1");
    world.round(milliseconds(20'000));
    CHECK(world.status()["orphans"][0]["held"] == true);
    CHECK(exists(world.shm.file("job-1")));
  }
  world.round(milliseconds(9000));
  CHECK(exists(world.shm.file("job-1")));
  world.round(milliseconds(10'000));
  CHECK_FALSE(exists(world.shm.file("job-1")));
}

TEST_CASE("a segment made anew under the name begins its own grace time") {
  World world = remove_world();
  make_queue(world.shm.path(), "job-1", 8);
  world.start();
  world.round();
  std::filesystem::remove(world.shm.file("job-1"));
  make_queue(world.shm.path(), "job-1", 8);
  world.round(milliseconds(10'000));
  CHECK(exists(world.shm.file("job-1")));
}

TEST_CASE("a configured queue and its cursors are never orphans") {
  World world(R"([{"name":"job-1","size":8,"elem":8,"cursors":["c"]}])",
              R"("orphans":{"match":["*"],"grace":"1s","action":"remove"})");
  world.start();
  slickq::NamedCursor::create("job-1@by-hand", 0, in(world.shm.path()));
  for (int k = 0; k < 3; ++k) world.round(milliseconds(5000));
  for (const char* stays : {"job-1", "job-1@c", "job-1@by-hand"}) CHECK(exists(world.shm.file(stays)));
}
