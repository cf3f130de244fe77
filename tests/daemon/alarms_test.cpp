// What is announced once, and not again before it was over: overrun_soon, loss, shm_low.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "fixture.hpp"
#include "overrun_alarm.hpp"
#include "queues.hpp"
#include "space_watch.hpp"

using namespace slickqd;
using daemon_test::World;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const std::string kQueueWithCursor = R"([{"name":"q","size":1024,"elem":8,"cursors":["c"]}])";

void push(World& world, int items) {
  auto queue = slickq::Queue::open("q", world.shm.path());
  slickq::Producer producer(queue);
  const std::array<std::byte, 8> element{};
  for (int k = 0; k < items; ++k) REQUIRE(producer.push(element) == slickq::Push::pushed);
}

void stand_at(World& world, std::uint64_t index) {
  slickq::NamedCursor::open("q@c", world.shm.path()).cursor().store(index);
}

struct Forecasts {
  bool next(std::optional<double> overrun_in_s, double lag_percent, milliseconds later = milliseconds(1000)) {
    clock.advance(later);
    return alarm.update({.name = "c", .lag_percent = lag_percent, .overrun_in_s = overrun_in_s}, milliseconds(1000),
                        clock.monotonic());
  }
  daemon_test::FakeClock clock;
  OverrunAlarm alarm;
};

}  // namespace

TEST_CASE("overrun_soon wants two measurements that agree, within ten seconds, at a quarter of the ring") {
  Forecasts near;
  CHECK_FALSE(near.next(9.0, 40));
  CHECK(near.next(8.0, 45));
  CHECK_FALSE(near.next(7.0, 50));

  Forecasts far;
  for (int k = 0; k < 5; ++k) CHECK_FALSE(far.next(11.0, 60));
  Forecasts little;
  for (int k = 0; k < 5; ++k) CHECK_FALSE(little.next(5.0, 24));
  Forecasts swinging;
  for (int k = 0; k < 5; ++k) {
    CHECK_FALSE(swinging.next(5.0, 60));
    CHECK_FALSE(swinging.next(std::nullopt, 60));
  }
  Forecasts early;  // a round made early measures nothing new
  CHECK_FALSE(early.next(5.0, 60));
  CHECK_FALSE(early.next(5.0, 60, milliseconds(10)));
  Forecasts over;
  for (int k = 0; k < 3; ++k) CHECK_FALSE(over.next(0.0, 100));  // it happened: that is a loss
}

TEST_CASE("overrun_soon is over when for five rounds on end there was no danger") {
  Forecasts f;
  f.next(5.0, 60);
  REQUIRE(f.next(5.0, 60));
  for (int k = 0; k < 5; ++k) {
    CHECK_FALSE(f.next(std::nullopt, 60));  // not for long enough
    CHECK_FALSE(f.next(15.0, 60));          // no danger, and not clearly none
    CHECK_FALSE(f.next(5.0, 60));
    CHECK_FALSE(f.next(5.0, 60));
  }
  for (int k = 0; k < 6; ++k) CHECK_FALSE(f.next(21.0, 60));
  CHECK_FALSE(f.next(5.0, 60));
  CHECK(f.next(5.0, 60));
}

TEST_CASE("with rounds a minute apart, soon is within five of them") {
  daemon_test::FakeClock clock;
  OverrunAlarm alarm;
  const CursorStatus cursor{.name = "c", .lag_percent = 50, .overrun_in_s = 299.0};
  alarm.update(cursor, seconds(60), clock.monotonic());
  clock.advance(seconds(60));
  CHECK(alarm.update(cursor, seconds(60), clock.monotonic()));
}

TEST_CASE("a cursor that falls behind is announced before it is overrun, and its loss when it was, once each") {
  World world(kQueueWithCursor);
  world.start();
  world.round();
  for (int k = 0; k < 5; ++k) {  // 200, 400, ...: a whole ring behind at 1024
    push(world, 200);
    world.round();
  }
  CHECK(world.count("overrun_soon q") == 1);
  CHECK(world.count("loss q") == 0);
  for (int k = 0; k < 3; ++k) {
    push(world, 200);
    world.round();
  }
  CHECK(world.count("overrun_soon q") == 1);
  REQUIRE(world.count("loss q") == 1);
  for (const auto& line : world.supervisor->events().newest()) {
    if (line["event"] == "overrun_soon") {
      CHECK(line["cursor"] == "c");
      CHECK(line["overrun_in_s"].get<double>() > 0);
      CHECK(line["overrun_in_s"].get<double>() <= 10);
    }
    if (line["event"] == "loss") {
      CHECK(line["cursor"] == "c");
      CHECK(line["lost"] == 1200 - 1024);
      CHECK(line["lost_in_all"] == 1200 - 1024);
    }
  }
  CHECK(world.queue_status()["cursors"][0]["lost"] == 1600 - 1024);

  stand_at(world, 1600 - 1024);  // at the oldest, and overrun again: it never caught up
  world.round();
  push(world, 10);
  world.round();
  CHECK(world.count("loss q") == 1);
  stand_at(world, 1600);
  world.round();
  push(world, 1034);
  world.round();
  CHECK(world.count("loss q") == 2);
  CHECK(world.last_event()["lost"] == 20);  // 1610 + 1034 - 1024 - 1600
}

TEST_CASE("shm_low: less free than a tenth, until an eighth is free again") {
  World world("[]");
  world.start();
  world.space = ShmSpace{1000, 100};
  world.round();
  CHECK(world.count("shm_low") == 0);
  CHECK(world.status()["shm"]["low"] == false);
  world.space = ShmSpace{1000, 99};
  world.round();
  world.round();
  CHECK(world.count("shm_low") == 1);
  CHECK(world.last_event()["free_bytes"] == 99);
  CHECK(world.status()["shm"]["low"] == true);
  world.space = ShmSpace{1000, 124};
  world.round();
  CHECK(world.status()["shm"]["low"] == true);
  world.space = ShmSpace{1000, 99};
  world.round();
  CHECK(world.count("shm_low") == 1);
  world.space = ShmSpace{1000, 125};
  world.round();
  CHECK(world.status()["shm"]["low"] == false);
  world.space = ShmSpace{1000, 99};
  world.round();
  CHECK(world.count("shm_low") == 2);
  world.space.reset();  // a file system without a size is never full
  world.round();
  CHECK(world.status()["shm"]["low"] == false);
}

TEST_CASE("shm_low: less free than the queues that are there have yet to touch") {
  World world(R"([{"name":"q","size":1024,"elem":1024}])");
  world.start();
  // slickq's own have all their pages from the beginning, the originals' do not.
  const int fd = open(world.shm.file("q").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 256 << 10, 512 << 10) == 0);
  close(fd);
  world.round();
  const auto queue = world.queue_status();
  const auto untouched = queue["bytes"].get<std::uint64_t>() - queue["resident_bytes"].get<std::uint64_t>();
  REQUIRE(untouched > 500'000);
  REQUIRE(untouched < 600'000);
  world.space = ShmSpace{untouched * 2, untouched};
  world.round();
  CHECK(world.count("shm_low") == 0);
  world.space = ShmSpace{untouched * 2, untouched - 1};
  world.round();
  CHECK(world.count("shm_low") == 1);
  CHECK(world.last_event()["untouched_bytes"] == untouched);
}
