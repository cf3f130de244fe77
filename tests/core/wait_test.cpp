// Waiting for items: who blocks is woken by the publish and not by the clock. Where the limit of a sleep is an hour,
// the test's watchdog is the only maximum there is; wake-ups are counted in the annex.
#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <vector>

#include "child_process.hpp"
#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"
#include "slickq/repair.hpp"
#include "support/shm_dir.hpp"

using slickq::Consumer;
using slickq::Geometry;
using slickq::Layout;
using slickq::Pop;
using slickq::Producer;
using slickq::Push;
using slickq::Queue;
using slickq::Wait;
using test_support::Child;
using test_support::ChildSide;

namespace {

constexpr auto kHour = std::chrono::hours(1);
constexpr std::array<std::byte, 8> kElement{};

struct World {
  World() {
    slickq::CreateOptions options;
    options.shm_dir = dir.path();
    queue.emplace(Queue::create("q", Geometry::make(Layout::slq1, 64, 8), options));
  }

  std::uint32_t wakes() const { return slickq::HardwareMemory::load(&queue->annex()->wake.value, order); }
  bool somebody_sleeps() const { return slickq::HardwareMemory::load(&queue->annex()->waiters.value, order) != 0; }
  void until_somebody_sleeps() const {
    while (!somebody_sleeps()) usleep(100);
  }
  // A process that takes `items` one after the other, sleeping for an hour at a time, and reports each.
  Child taker(std::uint64_t items, Wait wait, slickq::Access access = slickq::Access::read_write) const {
    return Child([=, this](ChildSide& side) {
      const Queue own = Queue::open("q", dir.path(), access);
      Consumer consumer(own, {slickq::Start::At::index, 0});
      std::array<std::byte, 8> buffer;
      for (std::uint64_t k = 0; k < items; ++k) {
        if (consumer.pop_wait(buffer, kHour, wait).what != Pop::item) return 1;
        side.report();
      }
      return 0;
    });
  }

  static constexpr auto order = std::memory_order_seq_cst;
  test_support::ShmDir dir;
  std::optional<Queue> queue;
};

}  // namespace

TEST_CASE("a sleeper is woken by each publish, once") {
  World world;
  constexpr std::uint64_t kRounds = 300;
  Child taker = world.taker(kRounds, Wait::block(kHour, 0));
  Producer producer(*world.queue);
  for (std::uint64_t k = 0; k < kRounds; ++k) {
    world.until_somebody_sleeps();
    CHECK(world.wakes() == k);
    REQUIRE(producer.push(kElement) == Push::pushed);
    REQUIRE(taker.reported());
  }
  CHECK(world.wakes() == kRounds);
  CHECK(taker.join() == 0);
}

TEST_CASE("a producer that meets no sleeper wakes nobody, and makes no system call for it") {
  World world;
  Producer producer(*world.queue);
  for (int k = 0; k < 100; ++k) REQUIRE(producer.push(kElement) == Push::pushed);
  CHECK(world.wakes() == 0);
}

TEST_CASE("one publish wakes all who sleep, in every process") {
  World world;
  std::vector<Child> takers;
  for (int k = 0; k < 4; ++k) takers.push_back(world.taker(1, Wait::block(kHour, 0)));
  Producer producer(*world.queue);
  world.until_somebody_sleeps();
  usleep(20'000);  // for the others; who comes later finds the item and does not sleep
  REQUIRE(producer.push(kElement) == Push::pushed);
  for (Child& taker : takers) {
    CHECK(taker.reported());
    CHECK(taker.join() == 0);
  }
  CHECK(world.wakes() >= 1);
}

TEST_CASE("giving a reservation up wakes who stands before it, and so does publishing fewer") {
  World world;
  Producer first(*world.queue);
  Producer second(*world.queue);
  Child taker = world.taker(3, Wait::block(kHour, 0));
  {
    auto reservation = first.reserve(2);
    REQUIRE(second.push(kElement) == Push::pushed);
    world.until_somebody_sleeps();
    const std::uint32_t before = world.wakes();
    reservation.abandon();
    CHECK(world.wakes() == before + 1);
    CHECK(taker.reported());
  }
  auto reservation = first.reserve(4);
  REQUIRE(second.push(kElement) == Push::pushed);
  world.until_somebody_sleeps();
  CHECK(reservation.publish(1) == Push::pushed);
  CHECK(taker.reported());
  CHECK(taker.reported());
  CHECK(taker.join() == 0);
}

TEST_CASE("a jump that makes room for a block wakes the reader for whom the producer waits") {
  World world;
  slickq::CreateOptions options;
  options.shm_dir = world.dir.path();
  auto cursor = slickq::NamedCursor::create("q@c", 0, options);
  slickq::ProducerOptions respecting;
  respecting.respect = {cursor.cursor()};
  Producer producer(*world.queue, respecting);
  for (int k = 0; k < 10; ++k) REQUIRE(producer.push(kElement) == Push::pushed);
  Child taker([&](ChildSide& side) {
    const Queue own = Queue::open("q", world.dir.path());
    auto shared = slickq::NamedCursor::open("q@c", world.dir.path());
    slickq::SharedConsumer consumer(own, shared.cursor());
    std::array<std::byte, 64 * 8> buffer;
    for (int k = 0; k < 11; ++k) {
      if (consumer.pop_wait(buffer, kHour, Wait::block(kHour, 0)).what != Pop::item) return 1;
      side.report();
    }
    return 0;
  });
  for (int k = 0; k < 10; ++k) REQUIRE(taker.reported());
  world.until_somebody_sleeps();
  usleep(20'000);  // until it does, and not only says so
  // From 10 to the next lap at 64 and from there to 124 is more than the ring: first C goes to 64, then the reader.
  const std::array<std::byte, 60 * 8> block{};
  CHECK(producer.push_block(block) == Push::pushed);
  CHECK(taker.reported());
  CHECK(taker.join() == 0);
}

TEST_CASE("a repair wakes who stands before the hole") {
  World world;
  Child dead([&](ChildSide& side) {
    Queue own = Queue::open("q", world.dir.path());
    Producer producer(own);
    const auto reservation = producer.reserve(3);
    side.report_and_wait();
    return 0;
  });
  REQUIRE(dead.reported());
  Producer producer(*world.queue);
  REQUIRE(producer.push(kElement) == Push::pushed);
  dead.kill_now();
  Child taker = world.taker(1, Wait::block(kHour, 0));
  world.until_somebody_sleeps();
  slickq::Repairer repairer(*world.queue);
  CHECK(repairer.apply(repairer.plan()));
  CHECK(taker.reported());
  CHECK(taker.join() == 0);
}

TEST_CASE("a producer that wakes nobody, as the originals, delays a sleeper by its longest sleep and no more") {
  World world;
  Child taker = world.taker(1, Wait::block(std::chrono::milliseconds(2), 0));
  world.until_somebody_sleeps();
  world.queue->ring().publish(world.queue->ring().reserve(1), 1);
  CHECK(taker.reported());
  CHECK(taker.join() == 0);
  CHECK(world.wakes() == 0);
}

TEST_CASE("who may only read sleeps without being woken, and leaves no sign") {
  World world;
  Child taker = world.taker(2, Wait::block(std::chrono::milliseconds(2), 0), slickq::Access::read_only);
  Producer producer(*world.queue);
  for (int k = 0; k < 2; ++k) {
    usleep(5'000);
    CHECK_FALSE(world.somebody_sleeps());
    REQUIRE(producer.push(kElement) == Push::pushed);
    CHECK(taker.reported());
  }
  CHECK(taker.join() == 0);
  CHECK(world.wakes() == 0);
}

TEST_CASE("every way of waiting ends with the item, and without one when the patience is over") {
  for (const Wait wait : {Wait::spin(), Wait::yield(), Wait::backoff(), Wait::block()}) {
    World world;
    Consumer consumer(*world.queue);
    std::array<std::byte, 8> buffer;
    const auto before = std::chrono::steady_clock::now();
    CHECK(consumer.pop_wait(buffer, std::chrono::milliseconds(3), wait).what == Pop::empty);
    CHECK(std::chrono::steady_clock::now() - before >= std::chrono::milliseconds(3));
    Child taker = world.taker(1, wait);
    Producer producer(*world.queue);
    usleep(2'000);
    REQUIRE(producer.push(kElement) == Push::pushed);
    CHECK(taker.reported());
    CHECK(taker.join() == 0);
  }
}

TEST_CASE("a sleeper that was killed leaves the next one in nobody's way") {
  World world;
  {
    Child dead = world.taker(1, Wait::block(kHour, 0));
    world.until_somebody_sleeps();
    dead.kill_now();
  }
  Producer producer(*world.queue);
  REQUIRE(producer.push(kElement) == Push::pushed);
  CHECK_FALSE(world.somebody_sleeps());
  Child taker = world.taker(2, Wait::block(kHour, 0));
  CHECK(taker.reported());
  world.until_somebody_sleeps();
  REQUIRE(producer.push(kElement) == Push::pushed);
  CHECK(taker.reported());
  CHECK(taker.join() == 0);
}
