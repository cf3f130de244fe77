// Who still has a removed segment that had a queue's name.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>

#include "fixture.hpp"
#include "queues.hpp"
#include "slickq/inspect.hpp"
#include "slickq/removal.hpp"

using daemon_test::holder;
using daemon_test::in;
using daemon_test::kOneQueue;
using daemon_test::make_queue;
using daemon_test::World;
using test_support::Child;
using test_support::ChildSide;

TEST_CASE("who has a removed segment while another has its name is split brain, announced once, until he is gone") {
  World world(kOneQueue);
  world.start();
  world.round();
  Child other = holder(world.shm.path(), "q");
  world.round();
  CHECK(world.queue_status()["split_brain"].empty());
  std::filesystem::remove(world.shm.file("q"));
  world.round();
  CHECK(world.count("vanished q") == 1);
  CHECK(world.queue_status()["split_brain"].empty());  // there is no other yet: nobody writes elsewhere

  make_queue(world.shm.path(), "q", 8);
  world.round();
  world.round();
  CHECK(world.count("recreated q") == 1);
  REQUIRE(world.count("split_brain q") == 1);
  CHECK(world.last_event()["holders"][0]["pid"] == other.pid());
  CHECK(world.last_event()["holders"][0]["user"] == slickq::user_name(geteuid()));
  REQUIRE(world.queue_status()["split_brain"].size() == 1);
  CHECK(world.queue_status()["split_brain"][0]["pid"] == other.pid());
  CHECK(world.queue_status()["split_brain"][0]["command"].get<std::string>().starts_with("daemon_tests"));
  CHECK(world.queue_status()["holders"] == 0);  // of the new one

  other.kill_now();
  world.round();
  CHECK(world.queue_status()["split_brain"].empty());
  CHECK(world.count("split_brain q") == 1);
}

TEST_CASE("a daemon that was not there when the name was taken away finds it all the same") {
  World world(kOneQueue);
  make_queue(world.shm.path(), "q", 8);
  const Child other = holder(world.shm.path(), "q");
  std::filesystem::remove(world.shm.file("q"));
  world.start();  // creates another
  world.round();
  CHECK(world.count("created q") == 1);
  REQUIRE(world.queue_status()["split_brain"].size() == 1);
  CHECK(world.queue_status()["split_brain"][0]["pid"] == other.pid());
}

TEST_CASE("removal by slickq, by force, leaves the same") {
  World world(kOneQueue);
  world.start();
  const Child other = holder(world.shm.path(), "q");
  slickq::RemoveOptions options;
  options.shm_dir = world.shm.path();
  options.force = true;
  REQUIRE(slickq::remove_segment("q", options).removed);
  world.start();
  world.round();
  CHECK(world.queue_status()["split_brain"].size() == 1);
}

TEST_CASE("who made the removed segment is known by having been seen with it") {
  World world(kOneQueue);
  // Its file had no name when it was made: /proc does not know the one it got.
  const Child maker([path = world.shm.path()](ChildSide& side) {
    const auto queue = slickq::Queue::create("q", slickq::Geometry::make(slickq::Layout::slq1, 8, 8), in(path));
    side.report_and_wait();
    return 0;
  });
  REQUIRE(maker.reported());
  world.start();
  world.round();
  CHECK(world.queue_status()["holder_processes"][0]["pid"] == maker.pid());
  std::filesystem::remove(world.shm.file("q"));
  make_queue(world.shm.path(), "q", 8);
  world.round();
  world.round();
  REQUIRE(world.count("split_brain q") == 1);
  CHECK(world.queue_status()["split_brain"][0]["pid"] == maker.pid());

  world.write_config(kOneQueue, R"("monitor":{"interval":"2s"})");
  REQUIRE(world.supervisor->reload().ok);
  world.round();
  CHECK(world.queue_status()["split_brain"].size() == 1);  // a reload forgets nothing
}

TEST_CASE("a segment that was moved away and back, and one nobody has any more, are no split brain") {
  World world(kOneQueue);
  world.start();
  const Child other = holder(world.shm.path(), "q");
  world.round();
  std::filesystem::rename(world.shm.file("q"), world.shm.file("aside"));
  world.round();
  std::filesystem::rename(world.shm.file("aside"), world.shm.file("q"));
  world.round();
  world.round();
  CHECK(world.queue_status()["holders"] == 1);
  CHECK(world.queue_status()["split_brain"].empty());

  World lonely(kOneQueue);
  lonely.start();
  lonely.round();
  std::filesystem::remove(lonely.shm.file("q"));
  make_queue(lonely.shm.path(), "q", 8);
  lonely.round();
  lonely.round();
  CHECK(lonely.queue_status()["split_brain"].empty());
}

TEST_CASE("a removed file that only was called like the queue is no split brain: its bytes are no queue's") {
  World world(kOneQueue);
  const Child forger([path = world.shm.file("q")](ChildSide& side) {
    const int fd = open(path.c_str(), O_RDWR | O_CREAT, 0600);
    if (fd < 0 || write(fd, "no queue", 8) != 8 || unlink(path.c_str()) != 0) return 1;
    side.report_and_wait();
    return 0;
  });
  REQUIRE(forger.reported());
  world.start();
  world.round();
  CHECK(world.queue_status()["split_brain"].empty());
}

TEST_CASE("a removed queue at the same path of another file system, as a container has it, is no split brain") {
  if (geteuid() != 0) {
    MESSAGE("SKIPPED: only root may mount");
    return;
  }
  World world(kOneQueue);
  const Child contained([path = world.shm.path()](ChildSide& side) {
    const bool alone = unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    if (!alone || mount("tmpfs", path.c_str(), "tmpfs", 0, "size=1m") != 0) return 1;
    make_queue(path, "q", 8);
    const auto queue = slickq::Queue::open("q", path);
    if (unlink((path + "/q").c_str()) != 0) return 1;
    side.report_and_wait();
    return 0;
  });
  REQUIRE(contained.reported());
  world.start();
  world.round();
  CHECK(world.queue_status()["split_brain"].empty());
}
