// stall.action "repair": the dead are repaired at once, the doubtful after the time, the living never.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <vector>

#include "core/child_process.hpp"
#include "core/original_reader.hpp"
#include "fixture.hpp"
#include "queues.hpp"
#include "slickq/slickq.hpp"
#include "slickq/truncation.hpp"
#include "stall_repair.hpp"

using daemon_test::push;
using daemon_test::World;
using std::chrono::milliseconds;
using test_support::Child;
using test_support::ChildSide;

namespace {

const std::string kRepairs = R"([{"name":"q","size":8,"elem":8,"stall":{"after":"2s","action":"repair"}}])";
const std::string kReports = R"([{"name":"q","size":8,"elem":8,"stall":{"after":"2s","action":"report"}}])";

/// Reserves `count`, then waits; publishes when it may go on.
Child stuck_producer(const World& world, std::uint32_t count) {
  return Child([path = world.shm.path(), count](ChildSide& side) {
    auto queue = slickq::Queue::open("q", path);
    slickq::Producer producer(queue);
    slickq::Reservation reservation = producer.reserve(count);
    side.report_and_wait();
    return reservation.publish() == slickq::Push::pushed ? 0 : 1;
  });
}

std::vector<std::uint64_t> all_indexes(const std::string& shm_dir) {
  const auto queue = slickq::Queue::open("q", shm_dir);
  slickq::Consumer consumer(queue);
  std::array<std::byte, 64> room;
  std::vector<std::uint64_t> indexes;
  for (auto item = consumer.pop_into(room); item.what == slickq::Pop::item; item = consumer.pop_into(room)) {
    indexes.push_back(item.index);
  }
  return indexes;
}

}  // namespace

TEST_CASE("a proven death is repaired within `after` and one round, and everything behind it is delivered") {
  World world(kRepairs);
  world.start();
  world.round();
  Child dead = stuck_producer(world, 1);
  REQUIRE(dead.reported());
  auto queue = slickq::Queue::open("q", world.shm.path());
  push(queue, 7);
  dead.kill_now();
  int rounds = 0;
  while (world.count("repaired q") == 0) {
    REQUIRE(++rounds <= 3);  // 2 s and one interval of 1 s
    world.round();
  }
  const auto event = world.last_event();
  CHECK(event["index"] == 0);
  CHECK(event["next"] == 1);
  CHECK(event["items"] == 1);
  CHECK(event["owner_pid"].is_number());
  CHECK(event["why"] == "its producer is dead");
  CHECK(all_indexes(world.shm.path()) == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7});
  std::uint64_t cursor = 0;
  for (std::uint64_t index = 1; index < 8; ++index) {
    const auto item = ring_test::original_read(queue.ring(), cursor);
    REQUIRE(item.found);
    CHECK(item.index == index);
  }
  world.round();
  CHECK(world.queue_status()["state"] == "ready");
  CHECK(world.queue_status()["repaired"] == 1);
  CHECK(world.queue_status()["holes"].empty());
  CHECK(world.count("repaired q") == 1);
}

TEST_CASE("a stopped producer is a stall and never dead; its late publish breaks nothing") {
  World world(kRepairs);
  world.start();
  world.round();
  Child stopped = stuck_producer(world, 1);
  REQUIRE(stopped.reported());
  auto queue = slickq::Queue::open("q", world.shm.path());
  push(queue, 3);
  REQUIRE(kill(stopped.pid(), SIGSTOP) == 0);
  for (int k = 0; k < 10; ++k) world.round();
  CHECK(world.count("stall q") == 1);
  CHECK(world.count("repaired q") == 0);
  CHECK(world.queue_status()["state"] == "stalled");
  CHECK(world.queue_status()["holes"][0]["owner_pid"] == stopped.pid());
  CHECK(world.queue_status()["holes"][0]["owner_alive"] == true);
  REQUIRE(kill(stopped.pid(), SIGCONT) == 0);
  stopped.go_on();
  CHECK(stopped.join() == 0);
  CHECK(all_indexes(world.shm.path()) == std::vector<std::uint64_t>{0, 1, 2, 3});
  world.round();
  CHECK(world.queue_status()["state"] == "ready");
}

TEST_CASE("what was repaired is told by its own name, and not by that of an older hole which is left") {
  World world(kRepairs);
  world.start();
  world.round();
  const auto other = daemon_test::holder(world.shm.path(), "q");
  auto queue = slickq::Queue::open("q", world.shm.path());
  queue.ring().reserve(1);  // nobody knows whose
  push(queue, 1);
  Child dead = stuck_producer(world, 1);
  REQUIRE(dead.reported());
  push(queue, 1);
  const auto pid = dead.pid();
  dead.kill_now();
  world.round();
  world.round();
  REQUIRE(world.count("repaired q") == 1);
  CHECK(world.last_event()["index"] == 2);
  CHECK(world.last_event()["next"] == 3);
  CHECK(world.last_event()["owner_pid"] == pid);
  CHECK(world.last_event()["why"] == "its producer is dead");
  CHECK(world.queue_status()["holes"][0]["index"] == 0);
}

TEST_CASE("a producer that keeps no journal is doubt: repaired when the stall is as old as `after`, not before") {
  World world(kRepairs);
  world.start();
  world.round();
  const auto other = daemon_test::holder(world.shm.path(), "q");  // we ourselves, the daemon here, do not count
  auto queue = slickq::Queue::open("q", world.shm.path());
  const std::uint64_t index = queue.ring().reserve(2);
  push(queue, 1);
  world.round();
  world.round(milliseconds(1999));
  CHECK(world.count("repaired q") == 0);
  CHECK(world.queue_status()["holes"][0]["owner_alive"].is_null());
  queue.ring().reserve(1);  // a young doubt is not repaired with the old one
  push(queue, 1);
  world.round(milliseconds(1));
  CHECK(world.count("repaired q") == 1);
  CHECK(world.last_event()["why"] == "its producer is unknown and stall.after is over");
  CHECK(all_indexes(world.shm.path()) == std::vector<std::uint64_t>{2});
  queue.ring().publish(index, 2);  // late: readers that have not passed may still get it, nothing breaks
  world.round();
  CHECK(world.queue_status()["holes"][0]["index"] == 3);
  world.round(milliseconds(2000));
  CHECK(all_indexes(world.shm.path()) == std::vector<std::uint64_t>{0, 2, 4});
  CHECK(slickq::verify(slickq::View::open_segment("q", world.shm.path())).empty());
}

TEST_CASE(
    "what is only inferred to be of a dead producer may be of a living one that keeps no journal: it has to be old") {
  World world(kRepairs);
  world.start();
  const auto other = daemon_test::holder(world.shm.path(), "q");
  auto queue = slickq::Queue::open("q", world.shm.path());
  slickq::Journal journal(queue.annex(), queue.geometry());
  journal.reserving(0, 0);  // killed there, perhaps before it reserved anything
  journal.raise_top(1);
  world.round();
  const std::uint64_t in_work = queue.ring().reserve(1);
  push(queue, 1);
  world.round(milliseconds(2000));  // for all the daemon knows, the hole may be 2 s old
  CHECK(world.queue_status()["holes"][0]["index"] == in_work);
  CHECK(world.count("repaired q") == 0);
  queue.ring().publish(in_work, 1);
  CHECK(all_indexes(world.shm.path()) == std::vector<std::uint64_t>{0, 1});
  queue.ring().reserve(1);
  push(queue, 1);
  world.round(milliseconds(2000));
  queue.ring().reserve(1);  // a young one behind it is left alone: two holes, of which one line explains one
  world.round(milliseconds(1999));
  CHECK(world.count("repaired q") == 0);
  world.round(milliseconds(1));
  CHECK(world.count("repaired q") == 1);
  CHECK(world.last_event()["items"] == 1);
  CHECK(all_indexes(world.shm.path()) == std::vector<std::uint64_t>{0, 1, 3});
}

TEST_CASE("a repair that may not be made is told once, and again when it fails anew after a success") {
  if (geteuid() != 0) {
    MESSAGE("skipped: becoming another user takes root");
    return;
  }
  World world(kRepairs);
  world.start();
  REQUIRE(chmod(world.shm.file("q").c_str(), 0644) == 0);
  REQUIRE(chmod(world.shm.path().c_str(), 0755) == 0);
  auto queue = slickq::Queue::open("q", world.shm.path());
  const auto failures = [&] {
    std::size_t count = 0;
    for (const auto& line : world.supervisor->events().newest()) count += line.contains("repair_failed");
    return count;
  };
  const auto stuck_for_nobody = [&] {
    Child dead = stuck_producer(world, 1);
    REQUIRE(dead.reported());
    push(queue, 1);
    dead.kill_now();
    REQUIRE(seteuid(65534) == 0);
    for (int k = 0; k < 5; ++k) world.round();
    REQUIRE(seteuid(0) == 0);
  };
  stuck_for_nobody();
  CHECK(failures() == 1);
  CHECK(world.queue_status()["repair_problem"].is_string());
  world.round();
  CHECK(world.count("repaired q") == 1);
  stuck_for_nobody();
  CHECK(failures() == 2);
}

TEST_CASE("who truncates a queue while it is repaired cannot end slickqd") {
  const World world(kRepairs);
  const auto queue =
      slickq::Queue::create("q", slickq::Geometry::make(slickq::Layout::slq1, 4096, 8), {.shm_dir = world.shm.path()});
  Child vandal([&](ChildSide& side) {
    const std::string path = world.shm.file("q");
    const auto size = static_cast<off_t>(std::filesystem::file_size(path));
    const slickq::HeaderBytes header = slickq::fresh_header(queue.geometry());
    side.report();
    for (;;) {
      if (truncate(path.c_str(), 0) != 0 || truncate(path.c_str(), size) != 0) return 1;
      std::ofstream file(path, std::ios::binary | std::ios::in);
      file.write(reinterpret_cast<const char*>(&header), sizeof header);
    }
  });
  REQUIRE(vandal.reported());
  slickq::survive_truncation();
  std::string told;
  while (told.find("made it shorter") == std::string::npos) {
    try {
      static_cast<void>(slickqd::repair_stall("q", world.shm.path(), queue.segment().inode(), {.doubtful = true}));
    } catch (const slickq::Error& error) {
      told = error.what();
    }
  }
}

TEST_CASE("with action report nothing is repaired") {
  World world(kReports);
  world.start();
  world.round();
  Child dead = stuck_producer(world, 1);
  REQUIRE(dead.reported());
  auto queue = slickq::Queue::open("q", world.shm.path());
  push(queue, 1);
  dead.kill_now();
  for (int k = 0; k < 5; ++k) world.round();
  CHECK(world.count("stall q") == 1);
  CHECK(world.count("repaired q") == 0);
  CHECK(world.queue_status()["holes"][0]["owner_alive"] == false);
}

TEST_CASE("what an old hole grew by is not repaired with it") {
  World world(kRepairs);
  world.start();
  const auto other = daemon_test::holder(world.shm.path(), "q");
  auto queue = slickq::Queue::open("q", world.shm.path());
  queue.ring().reserve(1);
  push(queue, 1);
  queue.ring().reserve(1);
  world.round();
  world.round(milliseconds(1900));
  const std::uint64_t young = queue.ring().reserve(1);  // 3, behind the hole at 2
  world.round(milliseconds(100));
  CHECK(world.count("repaired q") == 1);
  CHECK(world.queue_status()["repaired"] == 2);  // 0 and 2
  queue.ring().publish(young, 1);
  CHECK(all_indexes(world.shm.path()) == std::vector<std::uint64_t>{1, 3});
}

TEST_CASE("when nobody has the queue any more a hole is repaired as early as a proven death") {
  World world(kRepairs);
  world.start();
  world.round();
  {
    Child dead([path = world.shm.path()](ChildSide& side) {
      auto queue = slickq::Queue::open("q", path);
      queue.ring().reserve(1);
      push(queue, 1);
      side.report_and_wait();
      return 0;
    });
    REQUIRE(dead.reported());
    dead.kill_now();
  }
  world.round();
  world.round();
  CHECK(world.count("repaired q") == 1);
  CHECK(world.last_event()["why"] == "its producer is dead");
}

TEST_CASE("who keeps stalled queues locked delays no round; they are repaired as soon as he is gone") {
  World world(R"([{"name":"q","size":8,"elem":8,"stall":{"after":"2s","action":"repair"}},
                  {"name":"r","size":8,"elem":8,"stall":{"after":"2s","action":"repair"}}])");
  world.start();
  world.round();
  for (const char* name : {"q", "r"}) {
    auto queue = slickq::Queue::open(name, world.shm.path());
    queue.ring().reserve(1);
    push(queue, 1);
  }
  auto locked = daemon_test::lock_out(world.shm.file("q"));
  auto also = daemon_test::lock_out(world.shm.file("r"));
  auto fastest = std::chrono::steady_clock::duration::max();
  for (int k = 0; k < 8; ++k) {
    const auto begun = std::chrono::steady_clock::now();
    world.round();
    if (k >= 2) fastest = std::min(fastest, std::chrono::steady_clock::now() - begun);
  }
  CHECK(fastest < slickq::kLockPatience);
  CHECK(world.count("repaired q") == 0);
  CHECK(world.queue_status()["repair_problem"].is_string());
  const auto failures = [&] {
    const auto& all = world.supervisor->events().newest();
    return std::count_if(all.begin(), all.end(), [](const auto& line) { return line.contains("repair_failed"); });
  };
  CHECK(failures() == 2);  // once for each, and not for a moment's lock
  CHECK(world.supervisor->repair_as_asked("q", {})->value("ok", true) == false);
  locked.kill_now();
  also.kill_now();
  world.round();
  CHECK(world.count("repaired q") == 1);
  CHECK(world.count("repaired r") == 1);
  CHECK(world.queue_status()["repair_problem"].is_null());
}
