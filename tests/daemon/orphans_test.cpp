#include "orphans.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

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

// Root again whatever happens: nobody could not remove what the test made.
struct AsNobody {
  AsNobody() { REQUIRE(seteuid(65534) == 0); }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() { CHECK(seteuid(0) == 0); }
};

// The watch alone, on a clock of which each question takes a millisecond.
struct Watching {
  explicit Watching(const World& of) : world(of) { clock.per_question = milliseconds(1); }
  slickqd::OrphanWatch::Result round(slickqd::OrphanAction action) {
    return watch.round(config, holders, clock.monotonic(), log, action);
  }

  const World& world;
  daemon_test::FakeClock clock;
  slickqd::OrphanWatch watch{clock};
  slickqd::HolderPass holders{clock};
  slickqd::EventLog log{clock, nullptr};
  const slickqd::Config config = slickqd::load_config(world.config_file);
};

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

TEST_CASE("what start finishes of removals that were left half-way is told, and bounded") {
  World world = report_world();
  const std::string& dir = world.shm.path();
  for (const char* name : {"gone", "held"}) make_queue(dir, name, 8);
  const auto user = holder(dir, "held");
  for (const char* name : {"gone", "held"}) daemon_test::leave_in_quarantine(dir, name);
  world.start();
  CHECK(world.happened().size() == 2);
  CHECK(world.count("orphan_removed gone") == 1);
  CHECK(world.count("adopted held") == 1);
  CHECK(exists(world.shm.file("held")));

  World many = report_world();
  for (int k = 0; k < 25; ++k) {
    make_queue(many.shm.path(), "gone-" + std::to_string(k), 8);
    daemon_test::leave_in_quarantine(many.shm.path(), "gone-" + std::to_string(k));
  }
  many.start();
  CHECK(many.happened().size() == slickqd::OrphanWatch::kToldSingly + 1);
  CHECK(many.supervisor->events().newest().back()["more"] == 25 - slickqd::OrphanWatch::kToldSingly);
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

TEST_CASE("a cursor is in use as long as its queue is: its consumer may be between two runs") {
  World world("[]", R"("orphans":{"match":["*@*"],"grace":"10s","action":"remove"})");
  make_queue(world.shm.path(), "live", 8);
  slickq::NamedCursor::create("live@c", 3, in(world.shm.path()));
  slickq::NamedCursor::create("gone@c", 3, in(world.shm.path()));
  world.start();
  {
    const auto other = holder(world.shm.path(), "live");
    world.round();
    world.round(milliseconds(20'000));
    CHECK(exists(world.shm.file("live@c")));
    CHECK_FALSE(exists(world.shm.file("gone@c")));
    CHECK(world.status()["orphans"][0]["held"] == true);
  }
  world.round();
  world.round(milliseconds(10'000));
  CHECK_FALSE(exists(world.shm.file("live@c")));
}

TEST_CASE("a cursor stays when its queue was taken after the last look at all processes") {
  World world("[]", R"("orphans":{"match":["live@*"],"grace":"10s","action":"report"})");
  make_queue(world.shm.path(), "live", 8);
  slickq::NamedCursor::create("live@c", 3, in(world.shm.path()));
  world.start();
  Watching watching(world);
  watching.holders.begin_round(world.shm.path());
  watching.round(slickqd::OrphanAction::report);
  watching.clock.advance(milliseconds(10'000));
  CHECK(watching.round(slickqd::OrphanAction::report).seen[0].due);
  const auto other = holder(world.shm.path(), "live");
  const auto left = watching.round(slickqd::OrphanAction::remove);
  CHECK(left.removed.empty());
  CHECK(exists(world.shm.file("live@c")));
  CHECK_FALSE(left.seen[0].due);
}

TEST_CASE("a segment that cannot be looked at for the moment keeps its grace time") {
  World world = report_world();
  make_queue(world.shm.path(), "job-1", 8);
  world.start();
  world.round();
  world.round(milliseconds(10'000));
  {
    const daemon_test::Leased leased(world.shm.file("job-1"));
    world.round();
  }
  world.round();
  CHECK(world.happened() == std::vector<std::string>{"orphan_found job-1"});
  CHECK(world.status()["orphans"][0]["due"] == true);
}

TEST_CASE("the orphans that are still there are counted, whether found now or long ago") {
  World world = report_world();
  make_queue(world.shm.path(), "job-1", 8);
  world.start();
  world.round();
  CHECK(world.supervisor->snapshot()->orphans_waiting == 0);
  world.round(milliseconds(10'000));
  CHECK(world.supervisor->snapshot()->orphans_waiting == 1);
  world.round(milliseconds(7'200'000));
  CHECK(world.supervisor->snapshot()->orphans_waiting == 1);
  std::filesystem::remove(world.shm.file("job-1"));
  world.round();
  CHECK(world.supervisor->snapshot()->orphans_waiting == 0);
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

TEST_CASE("questions without end do not put the next look at all processes off for good") {
  World world = remove_world();
  daemon_test::FakeClock clock;
  clock.per_question = milliseconds(1);
  slickqd::HolderPass holders(clock);
  slickqd::Monotonic made_at{};
  for (int second = 0; second < 120; ++second) {
    clock.advance(milliseconds(1000));
    holders.begin_round(world.shm.path());
    if (second == 30) made_at = holders.made_at();
    for (int k = 0; k < 5; ++k) {  // at a millisecond each, 400 times of which is more than the second
      const std::string name = "job-" + std::to_string(5 * second + k) + "@c";
      slickq::NamedCursor::create(name, 0, in(world.shm.path()));
      holders.of(world.shm.file(name));
    }
  }
  CHECK(holders.made_at() > made_at);
}

TEST_CASE("a round looks at as many as its time allows, the next ones at the others") {
  World world = remove_world();
  for (int k = 0; k < 50; ++k) slickq::NamedCursor::create("job-" + std::to_string(k) + "@c", 0, in(world.shm.path()));
  Watching watching(world);
  const auto round = [&](slickqd::OrphanAction action) {
    watching.holders.begin_round(world.shm.path());
    return watching.round(action);
  };
  const auto first = round(slickqd::OrphanAction::report).seen.size();
  CHECK(first > 0);
  CHECK(first < 30);
  for (int k = 0; k < 50 && round(slickqd::OrphanAction::report).seen.size() < 50; ++k) {
  }
  CHECK(round(slickqd::OrphanAction::report).seen.size() == 50);

  watching.clock.advance(milliseconds(10'000));
  const auto some = round(slickqd::OrphanAction::remove);
  CHECK(some.removed.size() > 0);
  CHECK(some.removed.size() < 30);
  CHECK(some.removed.size() + some.seen.size() == 50);
  for (int k = 0; k < 50 && watching.watch.removed() < 50; ++k) round(slickqd::OrphanAction::remove);
  CHECK(watching.watch.removed() == 50);
  CHECK(watching.watch.detected() == 50);
}

TEST_CASE("a removal that is refused is told once, however often it is tried") {
  if (geteuid() != 0) {
    MESSAGE("SKIPPED: only root can be somebody else for a while");
    return;
  }
  World world = remove_world();
  make_queue(world.shm.path(), "job-1", 8);
  REQUIRE(chmod(world.shm.file("job-1").c_str(), 0666) == 0);
  REQUIRE(chmod(world.shm.path().c_str(), 01777) == 0);  // as /dev/shm: who does not own a file cannot remove it
  world.start();
  {
    const AsNobody nobody;
    for (int k = 0; k < 5; ++k) world.round(milliseconds(10'000));
  }
  CHECK(world.happened() == std::vector<std::string>{"orphan_found job-1", "orphan_found job-1"});
  CHECK(world.last_event()["removal_failed"].get<std::string>().find("job-1") != std::string::npos);
  CHECK(exists(world.shm.file("job-1")));
  world.round(milliseconds(10'000));
  CHECK_FALSE(exists(world.shm.file("job-1")));
}

TEST_CASE("a file with many names is one orphan") {
  World world = report_world();
  make_queue(world.shm.path(), "job-1", 8);
  slickq::NamedCursor::create("job-1@c", 0, in(world.shm.path()));
  for (const std::string name : {"job-2", "job-3"}) {
    std::filesystem::create_hard_link(world.shm.file("job-1"), world.shm.file(name));
    std::filesystem::create_hard_link(world.shm.file("job-1@c"), world.shm.file(name + "@c"));
  }
  world.start();
  world.round();
  world.round(milliseconds(10'000));
  CHECK(world.status()["orphans_detected"] == 2);
  CHECK(world.status()["orphans_seen"] == 2);
  std::filesystem::remove(world.shm.file("job-1"));
  world.round();
  CHECK(world.status()["orphans"][0]["name"] == "job-1@c");
  CHECK(world.status()["orphans_seen"] == 2);  // one of its other names
}

TEST_CASE("of very many orphans some are listed and told singly, the others counted, and no more kept in mind") {
  using slickqd::OrphanWatch;
  World world = report_world();
  const std::size_t all = OrphanWatch::kMost + 20;
  for (std::size_t k = 0; k < all; ++k)
    slickq::NamedCursor::create("job-" + std::to_string(k) + "@c", 0, in(world.shm.path()));
  world.start();
  for (int k = 0; k < 1000 && world.status()["orphans_complete"] == true; ++k) world.round(milliseconds(1));
  CHECK(world.status()["orphans_seen"] == OrphanWatch::kMost);
  CHECK(world.status()["orphans"].size() == 100);
  for (int k = 0; k < 1000 && world.status()["orphans_detected"] != OrphanWatch::kMost; ++k) {
    world.round(milliseconds(k == 0 ? 10'000 : 1));
  }
  std::uint64_t told = 0;
  for (const auto& line : world.supervisor->events().newest()) told += line.value("more", std::uint64_t{1});
  CHECK(told == OrphanWatch::kMost);
  CHECK(world.supervisor->events().newest().size() < OrphanWatch::kMost);
}

TEST_CASE("what is in use takes no place from an orphan, however much of it there is") {
  World world = report_world();
  make_queue(world.shm.path(), "job-busy", 8);
  const auto user = daemon_test::holder(world.shm.path(), "job-busy");
  for (std::size_t k = 0; k < slickqd::OrphanWatch::kMost + 20; ++k)
    slickq::NamedCursor::create("job-busy@" + std::to_string(k), 0, in(world.shm.path()));
  make_queue(world.shm.path(), "job-idle", 8);
  world.start();
  for (int k = 0; k < 1000 && world.status()["orphans_detected"] == 0; ++k) world.round(milliseconds(500));
  CHECK(world.status()["orphans_detected"] == 1);
  CHECK(world.status()["orphans_complete"] == false);
}

TEST_CASE("a removal that was asked for says when it could not look at all") {
  World world = report_world();
  make_queue(world.shm.path(), "job-1", 8);
  auto& supervisor = world.start();
  world.round();
  CHECK(supervisor.collect_orphans(true)["complete"] == true);
  const daemon_test::Leased leased(world.shm.file("job-1"));
  CHECK(supervisor.collect_orphans(true)["complete"] == false);
}
