// Producers that die, or sleep, between announcing a reservation and making it: nobody knows which indexes are theirs.
// Others must not hang on the dead, and must not push unread items out while they wait for the living.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include "child_process.hpp"
#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"
#include "slickq/repair.hpp"
#include "support/shm_dir.hpp"

using slickq::Geometry;
using slickq::Journal;
using slickq::JournalState;
using slickq::Layout;
using slickq::Producer;
using slickq::Push;
using slickq::Queue;

namespace {

constexpr std::uint32_t kElement = 8;
constexpr std::uint32_t kCapacity = 16;

slickq::CreateOptions in(const test_support::ShmDir& dir) {
  slickq::CreateOptions options;
  options.shm_dir = dir.path();
  return options;
}

// A producer that says `state` in its journal line, tells so, and waits to be killed or let go.
test_support::Child sleeper(const test_support::ShmDir& dir, JournalState state) {
  test_support::Child child([&dir, state](test_support::ChildSide& side) {
    Queue own = Queue::open("q", dir.path());
    const slickq::Seat seat = slickq::Seat::claim(own);
    Journal journal(own.annex(), own.geometry());
    if (state == JournalState::held) {
      journal.held(seat.line(), own.ring().reserve(kCapacity), kCapacity);
    } else {
      journal.reserving(seat.line(), 0);
    }
    side.report_and_wait();
    journal.idle(seat.line(), 0);
    side.report_and_wait();
    return 0;
  });
  REQUIRE(child.reported());
  return child;
}

// Several laps of each kind of push.
void push_laps(Producer& producer) {
  const std::vector<std::byte> elements(3 * kElement);
  for (std::uint32_t k = 0; k < 4 * kCapacity; ++k) {
    REQUIRE(producer.push(std::span(elements).first(kElement)) == Push::pushed);
    REQUIRE(producer.push_block(elements) == Push::pushed);
    REQUIRE(producer.push_batch(elements) == Push::pushed);
  }
}

}  // namespace

TEST_CASE("a producer killed while it reserved holds up no push, with nobody to repair") {
  for (const Layout layout : {Layout::wide, Layout::packed, Layout::slq0, Layout::slq1, Layout::slq2, Layout::slq3}) {
    CAPTURE(slickq::to_string(layout));
    test_support::ShmDir dir;
    Queue queue =
        Queue::create("q", Geometry::make(layout, kCapacity, kElement, has_shared_slots(layout) ? 2 : 1), in(dir));
    sleeper(dir, JournalState::reserving).kill_now();
    Producer producer(queue);
    push_laps(producer);
    CHECK(producer.detours() > 0);  // it was in the way
  }
}

TEST_CASE("a producer killed while it held the whole ring holds up no push of a whole ring, with nobody to repair") {
  test_support::ShmDir dir;
  Queue queue = Queue::create("q", Geometry::make(Layout::slq1, kCapacity, kElement), in(dir));
  sleeper(dir, JournalState::held).kill_now();
  Producer producer(queue);
  const std::vector<std::byte> ring(kCapacity * kElement);
  for (int lap = 0; lap < 4; ++lap) CHECK(producer.push_block(ring) == Push::pushed);
  CHECK(producer.detours() > 0);
}

TEST_CASE("a buried line still tells the repair whose the hole was, and its next owner is not taken for dead") {
  test_support::ShmDir dir;
  Queue queue = Queue::create("q", Geometry::make(Layout::slq1, kCapacity, kElement), in(dir));
  Journal journal(queue.annex(), queue.geometry());
  {
    test_support::Child child([&dir](test_support::ChildSide& side) {
      Queue own = Queue::open("q", dir.path());
      Producer producer(own);
      const auto reservation = producer.reserve(3);
      side.report_and_wait();
      return 0;
    });
    REQUIRE(child.reported());
    slickq::bury_the_dead(queue);
    CHECK_FALSE(journal.is_buried(0));  // it lives
    child.kill_now();
  }
  slickq::bury_the_dead(queue);
  CHECK(journal.is_buried(0));
  CHECK(journal.claim(0).state == JournalState::held);
  slickq::Repairer repairer(queue);
  const auto plan = repairer.plan();
  REQUIRE(plan.repairs.size() == 1);
  CHECK(plan.repairs.front().end - plan.repairs.front().index == 3);
  CHECK(repairer.apply(plan));
  CHECK(journal.claim(0).state == JournalState::free);
  const slickq::Seat next = slickq::Seat::claim(queue);
  CHECK(next.line() == 0);
  CHECK_FALSE(journal.is_buried(0));
}

TEST_CASE("a producer that only sleeps is waited for, and nothing unread is pushed out meanwhile") {
  test_support::ShmDir dir;
  Queue queue = Queue::create("q", Geometry::make(Layout::slq1, kCapacity, kElement), in(dir));
  const std::vector<std::byte> elements(3 * kElement);
  const auto asleep = sleeper(dir, JournalState::reserving);
  test_support::Child pusher([&](test_support::ChildSide& side) {
    Queue own = Queue::open("q", dir.path());
    Producer producer(own);
    for (std::uint32_t k = 0; k < kCapacity; ++k) {
      if (producer.push(std::span(elements).first(kElement)) != Push::pushed) return 1;
    }
    side.report();
    const bool pushed = producer.push_block(elements) == Push::pushed;
    side.report();
    return pushed ? 0 : 1;
  });
  REQUIRE(pusher.reported());
  // A generous while: without waiting it would use up a ring every microsecond.
  usleep(100'000);
  CHECK(queue.ring().reserved_index() <= 2 * kCapacity);
  asleep.go_on();
  REQUIRE(asleep.reported());
  CHECK(pusher.reported());
  CHECK(pusher.join() == 0);
}

TEST_CASE("who dies while reserving gives the line back once the ring has lapped it, though nobody repairs") {
  test_support::ShmDir dir;
  Queue queue = Queue::create("q", Geometry::make(Layout::slq1, kCapacity, kElement), in(dir));
  const auto die_while_reserving = [&dir] {
    test_support::Child child([&dir](test_support::ChildSide& side) {
      Queue own = Queue::open("q", dir.path());
      const slickq::Seat seat = slickq::Seat::claim(own);
      Journal(own.annex(), own.geometry()).reserving(seat.line(), own.ring().reserved_index());
      own.ring().reserve(1);
      side.report_and_wait();
      return 0;
    });
    REQUIRE(child.reported());
    child.kill_now();
  };
  const std::vector<std::byte> lap(std::size_t{kCapacity} * kElement);
  for (std::uint32_t life = 0; life < 2 * slickq::kJournalLines; ++life) {
    die_while_reserving();
    Producer producer(queue);
    REQUIRE(producer.is_registered());
    CHECK(producer.push_batch(lap) == Push::pushed);
  }

  // As long as what it reserved may be in the ring the line is the repair's.
  die_while_reserving();
  {
    Producer producer(queue);
    CHECK(producer.push(std::span(lap).first(kElement)) == Push::pushed);
  }
  const Producer another(queue);
  slickq::Repairer repairer(queue);
  const auto plan = repairer.plan();
  REQUIRE(plan.repairs.size() == 1);
  CHECK(plan.repairs.front().owner == slickq::Owner::dead);
}
