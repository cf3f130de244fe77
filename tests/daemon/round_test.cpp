// What a round sees and says.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "fixture.hpp"
#include "queues.hpp"
#include "slickq/error.hpp"
#include "slickq/removal.hpp"

using daemon_test::holder;
using daemon_test::in;
using daemon_test::make_queue;
using daemon_test::push;
using daemon_test::World;
using std::chrono::milliseconds;

namespace {

const std::string kWatchedQueue = R"([{"name":"q","size":8,"elem":8,"cursors":["c"],"stall":{"after":"2s"},
                                "lag":{"warn":"50%","critical":"90%"}}])";

}  // namespace

TEST_CASE("the first start creates, the second adopts, and both say so") {
  World world(kWatchedQueue);
  world.start();
  CHECK(world.happened() == std::vector<std::string>{"created q", "created q@c"});
  const auto queue = slickq::Queue::open("q", world.shm.path());
  CHECK(queue.geometry() == slickq::Geometry::make(slickq::Layout::slq1, 8, 8));
  CHECK((std::filesystem::status(world.shm.file("q")).permissions() & std::filesystem::perms::mask) ==
        std::filesystem::perms(0660));
  CHECK(std::filesystem::file_size(world.shm.file("q@c")) == 8);

  world.start();
  CHECK(world.happened() == std::vector<std::string>{"adopted q"});
  CHECK_FALSE(queue.is_detached());
}

TEST_CASE("a round shows indexes, rates, holders and lag") {
  World world(kWatchedQueue);
  world.start();
  world.round();
  auto queue = slickq::Queue::open("q", world.shm.path());
  push(queue, 3);
  const auto other = holder(world.shm.path(), "q");
  world.round();
  const auto status = world.queue_status();
  CHECK(status["state"] == "ready");
  CHECK(status["reserved_index"] == 3);
  CHECK(status["published_index"] == 3);
  CHECK(status["last_published_index"] == 2);
  CHECK(status["gap"] == 0);
  CHECK(status["reserved_per_s"] == 3.0);
  CHECK(status["published_per_s"] == 3.0);
  CHECK(status["cursors"][0]["name"] == "c");
  CHECK(status["cursors"][0]["lag"] == 3);
  CHECK(status["cursors"][0]["lag_pct"] == 37.5);
  CHECK(status["holders"] == 1);
  CHECK(status["holder_processes"][0]["pid"] == other.pid());
  CHECK(world.status()["rounds"] == 2);
}

TEST_CASE("between two rounds the daemon is no holder: a queue can be removed under it") {
  World world(kWatchedQueue);
  world.start();
  world.round();
  slickq::RemoveOptions options;
  options.shm_dir = world.shm.path();
  CHECK(slickq::remove_segment("q", options).removed);
}

TEST_CASE("a hole older than stall.after is a stall, announced once, until it is published") {
  World world(kWatchedQueue);
  world.start();
  auto queue = slickq::Queue::open("q", world.shm.path());
  push(queue, 1);
  const std::uint64_t hole = queue.ring().reserve(1);
  push(queue, 1);
  world.round();
  CHECK(world.queue_status()["state"] == "ready");
  CHECK(world.queue_status()["holes"][0]["index"] == 1);
  CHECK(world.queue_status()["holes"][0]["next"] == 2);
  CHECK(world.queue_status()["published_index"] == 1);
  CHECK(world.queue_status()["unpublished"] == 1);
  CHECK(world.queue_status()["gap"] == 2);
  world.round(milliseconds(1999));
  CHECK(world.count("stall q") == 0);
  world.round(milliseconds(1));
  CHECK(world.queue_status()["state"] == "stalled");
  CHECK(world.queue_status()["holes"][0]["age_ms"] == 2000);
  world.round();
  CHECK(world.count("stall q") == 1);
  CHECK(world.last_event()["index"] == 1);
  CHECK(world.last_event()["age_ms"] == 2000);

  queue.ring().publish(hole, 1);
  world.round();
  CHECK(world.queue_status()["state"] == "ready");
  CHECK(world.queue_status()["published_index"] == 3);
  CHECK(world.count("stall q") == 1);
}

TEST_CASE("a ring that lapped between two rounds has no stall, and a hole that stays in it is found afterwards") {
  World world(kWatchedQueue);
  world.start();
  auto queue = slickq::Queue::open("q", world.shm.path());
  push(queue, 2);
  queue.ring().reserve(1);
  world.round();
  CHECK(world.queue_status()["holes"].size() == 1);
  push(queue, 18);  // 21 reserved: the hole at 2 is gone
  world.round(milliseconds(5000));
  CHECK(world.queue_status()["holes"].empty());
  CHECK(world.queue_status()["published_index"] == 21);
  queue.ring().reserve(1);
  push(queue, 9);  // lapped again, a hole at 21 that C = 31 has left behind
  queue.ring().reserve(1);
  push(queue, 2);
  world.round();
  world.round();
  CHECK(world.queue_status()["holes"].size() == 1);
  CHECK(world.queue_status()["holes"][0]["index"] == 31);
  world.round(milliseconds(2000));
  CHECK(world.count("stall q") == 1);
}

TEST_CASE("a lag is announced when it rises over a limit, not while it swings around it") {
  World world(kWatchedQueue);
  world.start();
  auto queue = slickq::Queue::open("q", world.shm.path());
  auto cursor = slickq::NamedCursor::open("q@c", world.shm.path());
  push(queue, 4);
  world.round();
  CHECK(world.count("lag_warn q") == 1);
  CHECK(world.last_event()["cursor"] == "c");
  CHECK(world.last_event()["lag"] == 4);
  world.round();
  push(queue, 4);
  world.round();
  CHECK(world.count("lag_critical q") == 1);
  CHECK(world.count("lag_warn q") == 1);
  cursor.cursor().store(8);
  world.round();
  CHECK(world.queue_status()["cursors"][0]["level"] == "ok");
  push(queue, 5);
  world.round();
  CHECK(world.count("lag_warn q") == 2);
}

TEST_CASE("a queue that vanishes and comes back is announced both times") {
  World world(kWatchedQueue);
  world.start();
  world.round();
  std::filesystem::remove(world.shm.file("q"));
  world.round();
  world.round();
  CHECK(world.count("vanished q") == 1);
  CHECK(world.queue_status()["state"] == "missing");
  CHECK(world.queue_status()["reserved_index"].is_null());
  make_queue(world.shm.path(), "q", 8);
  world.round();
  CHECK(world.count("recreated q") == 1);
  CHECK(world.queue_status()["state"] == "ready");
}

TEST_CASE("a cursor that vanishes is announced once, and shown without a value") {
  World world(kWatchedQueue);
  world.start();
  world.round();
  std::filesystem::remove(world.shm.file("q@c"));
  world.round();
  world.round();
  CHECK(world.count("vanished q@c") == 1);
  CHECK(world.count("vanished q") == 0);
  CHECK(world.queue_status()["state"] == "ready");
  CHECK(world.queue_status()["cursors"][0]["value"].is_null());
}

TEST_CASE("a cursor that goes together with its queue, or a moment later, is announced") {
  for (const bool together : {true, false}) {
    World world(kWatchedQueue);
    world.start();
    world.round();
    std::filesystem::remove(world.shm.file("q"));
    if (!together) world.round();
    std::filesystem::remove(world.shm.file("q@c"));
    world.round();
    world.round();
    CHECK(world.count("vanished q@c") == 1);
  }
}

TEST_CASE("a cursor that cannot be looked at for the moment has not vanished") {
  World world(kWatchedQueue);
  world.start();
  world.round();
  {
    const daemon_test::Leased leased(world.shm.file("q@c"));
    world.round();
  }
  CHECK(world.count("vanished q@c") == 0);
  CHECK(world.queue_status()["cursors"][0]["value"] == 0);
}

TEST_CASE("without the shm directory every queue is missing, and the status says why, orphans or not") {
  for (const char* orphans : {"", R"("orphans":{"match":["job-*"]})"}) {
    World world(kWatchedQueue, orphans);
    world.start();
    world.round();
    CHECK(world.status()["shm"]["problem"].is_null());
    const std::string away = world.shm.path() + ".away";
    std::filesystem::rename(world.shm.path(), away);
    world.round();
    std::filesystem::rename(away, world.shm.path());
    CHECK(world.queue_status()["state"] == "missing");
    CHECK(world.count("vanished q") == 1);
    CHECK(world.status()["shm"]["problem"].get<std::string>().find("cannot read the directory") != std::string::npos);
    world.round();
    CHECK(world.queue_status()["state"] == "ready");
    CHECK(world.status()["shm"]["problem"].is_null());
  }
}

TEST_CASE("a queue that was replaced between two rounds is announced, and its rates start again") {
  World world(kWatchedQueue);
  world.start();
  auto queue = slickq::Queue::open("q", world.shm.path());
  push(queue, 5);
  world.round();
  std::filesystem::remove(world.shm.file("q"));
  make_queue(world.shm.path(), "q", 8);
  world.round();
  CHECK(world.count("recreated q") == 1);
  CHECK(world.queue_status()["reserved_index"] == 0);
  CHECK(world.queue_status()["reserved_per_s"] == 0.0);
}

TEST_CASE("a queue replaced by something else is a mismatch that says what is there") {
  World world(kWatchedQueue);
  world.start();
  world.round();
  std::filesystem::remove(world.shm.file("q"));
  make_queue(world.shm.path(), "q", 16);
  world.round();
  world.round();
  CHECK(world.count("mismatch q") == 1);
  CHECK(world.queue_status()["state"] == "mismatch");
  CHECK(world.queue_status()["capacity"] == 16);
  CHECK(world.queue_status()["problem"].get<std::string>().find("configured slq1, 8 elements") != std::string::npos);
  std::filesystem::remove(world.shm.file("q"));
  std::ofstream(world.shm.file("q")) << "garbage";
  world.round();
  CHECK(world.queue_status()["state"] == "mismatch");
  CHECK(world.queue_status()["reserved_index"].is_null());
  std::filesystem::remove(world.shm.file("q"));
  std::filesystem::create_directory(world.shm.file("q"));
  world.round();
  CHECK(world.queue_status()["state"] == "mismatch");
}

TEST_CASE("a segment truncated under the daemon is a mismatch, not a crash") {
  World world(kWatchedQueue);
  world.start();
  world.round();
  std::filesystem::resize_file(world.shm.file("q"), 100);
  world.round();
  CHECK(world.queue_status()["state"] == "mismatch");
}

TEST_CASE("a queue that was reset starts its rates again") {
  World world(kWatchedQueue);
  world.start();
  auto queue = slickq::Queue::open("q", world.shm.path());
  push(queue, 5);
  world.round();
  queue.reset(true);
  world.round();
  CHECK(world.queue_status()["reserved_index"] == 0);
  CHECK(world.queue_status()["published_per_s"] == 0.0);
  CHECK(world.queue_status()["state"] == "ready");
}

TEST_CASE("a scan that runs out of budget goes on in the next round") {
  test_support::ShmDir shm;
  make_queue(shm.path(), "big", 1024);
  auto queue = slickq::Queue::open("big", shm.path());
  push(queue, 300);
  slickqd::QueueConfig config;
  config.name = "big";
  config.geometry = queue.geometry();
  const daemon_test::FakeClock clock;
  slickqd::HolderPass holders(clock);
  slickqd::Sampler sampler(/*slot_budget=*/128);
  for (const unsigned published : {128u, 256u, 300u, 300u}) {
    const auto look = sampler.look(config, shm.path(), holders, clock.monotonic());
    REQUIRE((look && look->numbers));
    CHECK(look->numbers->published == published);
    CHECK(look->numbers->complete == (published == 300));
  }
}

TEST_CASE("when no file can be opened for the moment, what the last round saw stands, and nothing is announced") {
  World world(kWatchedQueue, R"("orphans":{"match":["job-*"],"grace":"3s"})");
  world.start();
  make_queue(world.shm.path(), "job-1", 8);
  for (int k = 0; k < 3; ++k) world.round();
  const auto before = world.queue_status();
  const auto happened = world.happened();
  {
    const daemon_test::NoFiles none;
    world.round();
  }
  CHECK(world.happened() == happened);
  auto after = world.queue_status();
  CHECK(after["blind_s"].is_number());
  after["blind_s"] = nullptr;
  CHECK(after == before);
  CHECK(world.status()["shm"]["problem"].is_null());
  CHECK(world.status()["orphans"].size() == 1);
  world.round();
  CHECK(world.count("recreated q") == 0);
  CHECK(world.count("orphan_found job-1") == 1);  // its grace time was not begun anew
  CHECK(world.queue_status()["state"] == "ready");
}

TEST_CASE("a queue that cannot be looked at for long is told, once") {
  World world(kWatchedQueue);
  world.start();
  world.round();
  {
    const daemon_test::NoFiles none;
    for (int k = 0; k < 9; ++k) world.round();
  }
  CHECK(world.count("mismatch q") == 1);
  CHECK(world.queue_status()["problem"].get<std::string>().starts_with("its numbers are old: "));
  CHECK(world.queue_status()["state"] == "ready");
  world.round();
  CHECK(world.queue_status()["problem"].is_null());
  CHECK(world.count("recreated q") == 0);
}

TEST_CASE("the status tells for how long slickqd has run, whatever the wall clock says") {
  World world;
  world.start();
  world.round(milliseconds(90'000));
  CHECK(world.status()["uptime_s"] == 90.0);
}

TEST_CASE("where rounds are made more often than the config says, all is measured over the rounds that are made") {
  World world(kWatchedQueue, R"("monitor":{"interval":"1h"})");
  world.start();
  world.supervisor->longest_interval(milliseconds(15'000));
  world.round(milliseconds(15'000));
  auto queue = slickq::Queue::open("q", world.shm.path());
  push(queue, 3);
  slickq::NamedCursor::open("q@c", world.shm.path()).cursor().store(3);
  world.round(milliseconds(15'000));
  CHECK(world.status()["interval_ms"] == 15'000);
  CHECK(world.queue_status()["published_per_s"] == 0.2);
  CHECK(world.queue_status()["cursors"][0]["advance_per_s"] == 0.2);
  CHECK(world.supervisor->interval() == milliseconds(15'000));
}
