// Writing in place: what becomes of a reservation, however it ends.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "slickq/consumer.hpp"
#include "slickq/inspect.hpp"
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
using slickq::Reservation;

namespace {

constexpr std::array kLayouts{Layout::wide, Layout::packed, Layout::slq0, Layout::slq1, Layout::slq2, Layout::slq3};

Queue queue_of(Layout layout) {
  return Queue::local(Geometry::make(layout, 16, 8, slickq::has_shared_slots(layout) ? 2 : 1));
}

void write(Reservation& reservation, std::uint64_t value) {
  for (std::size_t at = 0; at < reservation.data().size(); at += 8) {
    std::memcpy(reservation.data().data() + at, &value, sizeof value);
    ++value;
  }
}

std::vector<std::uint64_t> values_of(Consumer& consumer, std::uint32_t& count) {
  std::array<std::uint64_t, 16> buffer{};
  const auto result = consumer.pop_into(std::as_writable_bytes(std::span(buffer)));
  count = result.what == Pop::item ? result.count : 0;
  return {buffer.begin(), buffer.begin() + count};
}

// The next item is this one.
void check_next(Consumer& consumer, const std::vector<std::uint64_t>& expected) {
  std::uint32_t count = 0;
  CHECK(values_of(consumer, count) == expected);
}

void push(Producer& producer, std::uint64_t value) {
  REQUIRE(producer.push(std::as_bytes(std::span(&value, 1))) == Push::pushed);
}

}  // namespace

TEST_CASE("what is written in place is seen when it is published, and not before") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    Queue queue = queue_of(layout);
    Producer producer(queue);
    Consumer consumer(queue);
    for (std::uint64_t lap = 0; lap < 20; ++lap) {
      Reservation reservation = producer.reserve(3);
      REQUIRE(reservation);
      CHECK(reservation.what() == Push::pushed);
      CHECK(reservation.data().size() == 24);
      write(reservation, 10 * lap);
      check_next(consumer, {});
      CHECK(reservation.publish() == Push::pushed);
      CHECK(producer.last_index() % queue.geometry().items_per_slot() == 0);
      check_next(consumer, {10 * lap, 10 * lap + 1, 10 * lap + 2});
      CHECK(reservation.publish() == Push::pushed);  // again: nothing happens
      check_next(consumer, {});
    }
    CHECK(consumer.lost_elements() == 0);
    CHECK(producer.pushed_items() == 20);
  }
}

TEST_CASE("publishing fewer leaves no hole: readers go on behind the reservation") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    for (std::uint32_t fewer = 1; fewer <= 6; ++fewer) {
      Queue queue = queue_of(layout);
      Producer producer(queue);
      Consumer consumer(queue);
      for (std::uint64_t lap = 0; lap < 10; ++lap) {
        Reservation reservation = producer.reserve(6);
        write(reservation, 100);
        CHECK(reservation.publish(fewer) == Push::pushed);
        push(producer, 7);
        std::uint32_t count = 0;
        values_of(consumer, count);
        CHECK(count == fewer);
        check_next(consumer, {7});
      }
      CHECK(consumer.lost_elements() == 0);
      CHECK(consumer.cursor() == queue.ring().reserved_index());
    }
  }
}

TEST_CASE("more than was reserved cannot be published") {
  Queue queue = queue_of(Layout::slq1);
  Producer producer(queue);
  Consumer consumer(queue);
  Reservation reservation = producer.reserve(2);
  write(reservation, 5);
  CHECK(reservation.publish(9) == Push::pushed);
  check_next(consumer, {5, 6});
}

TEST_CASE("an abandoned reservation is jumped over, be it by word or by the destructor") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    for (std::uint32_t size = 1; size <= 16; ++size) {
      Queue queue = queue_of(layout);
      Producer producer(queue);
      Consumer consumer(queue);
      for (int round = 0; round < 6; ++round) {
        {
          Reservation reservation = producer.reserve(size);
          write(reservation, 100);
          if (round % 2 == 0) {
            reservation.abandon();
            CHECK_FALSE(reservation);
            CHECK(reservation.data().empty());
            reservation.abandon();  // again: nothing happens
          }
        }
        check_next(consumer, {});
        CHECK(consumer.cursor() == queue.ring().reserved_index());
        push(producer, 7);
        check_next(consumer, {7});
      }
      // A jump to the next lap and a reservation of more than half a ring push out what lies before them.
      if (size <= 8) CHECK(consumer.lost_elements() == 0);
      CHECK(consumer.lost_elements() + consumer.skipped_elements() + 6 * queue.geometry().items_per_slot() ==
            consumer.cursor());
      CHECK(producer.pushed_items() == 6);
    }
  }
}

TEST_CASE("a moved reservation is its new owner's alone") {
  Queue queue = queue_of(Layout::slq1);
  Producer producer(queue);
  Consumer consumer(queue);
  std::optional<Reservation> old(producer.reserve(2));
  write(*old, 40);
  Reservation mine = std::move(*old);
  CHECK_FALSE(*old);
  CHECK(old->data().empty());
  old.reset();  // gives nothing up
  check_next(consumer, {});
  CHECK(consumer.cursor() == 0);
  CHECK(mine.publish() == Push::pushed);
  check_next(consumer, {40, 41});
}

namespace {

// Where the only producer's journal line says that something is in work.
std::uint64_t journalled(const std::string& shm_dir) {
  const auto lines = slickq::look_at_journal(slickq::View::open_segment("q", shm_dir));
  REQUIRE(lines.size() == 1);
  return lines.front().claim.state == slickq::JournalState::held ? lines.front().claim.index : slickq::kNoIndex;
}

// Everything that would reserve: nothing of it may happen.
void check_all_busy(Producer& producer, Queue& queue) {
  const std::array<std::uint64_t, 4> values{};
  const auto bytes = std::as_bytes(std::span(values));
  const std::uint64_t reserved = queue.ring().reserved_index();
  const std::uint64_t pushed = producer.pushed_items();
  CHECK(producer.push(bytes.first(8)) == Push::busy);
  CHECK(producer.push_block(bytes) == Push::busy);
  CHECK(producer.push_batch(bytes) == Push::busy);           // all in one step
  CHECK(producer.push_batch(bytes.first(8)) == Push::busy);  // the way of a single one
  Reservation second = producer.reserve(2);
  CHECK_FALSE(second);
  CHECK(second.what() == Push::busy);
  CHECK(second.data().empty());
  CHECK(second.publish() == Push::busy);
  CHECK(queue.ring().reserved_index() == reserved);
  CHECK(producer.pushed_items() == pushed);
}

}  // namespace

TEST_CASE("while a reservation is open its producer refuses every other, and its journal line keeps to it") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    test_support::ShmDir dir;
    slickq::CreateOptions options;
    options.shm_dir = dir.path();
    Queue queue = Queue::create("q", Geometry::make(layout, 16, 8, slickq::has_shared_slots(layout) ? 2 : 1), options);
    Producer producer(queue);
    push(producer, 1);
    for (const bool publishes : {true, false}) {
      std::optional<Reservation> first(producer.reserve(2));
      REQUIRE(*first);
      const std::uint64_t index = first->index();
      check_all_busy(producer, queue);
      CHECK(journalled(dir.path()) == index);
      Reservation moved = std::move(*first);
      first.reset();  // the one it was moved from ends nothing
      check_all_busy(producer, queue);
      CHECK(journalled(dir.path()) == index);
      if (publishes) {
        CHECK(moved.publish() == Push::pushed);
      } else {
        moved.abandon();
      }
      CHECK(journalled(dir.path()) == slickq::kNoIndex);
      push(producer, 2);
      { const Reservation ended = producer.reserve(1); }
      const std::array<std::uint64_t, 3> values{};
      CHECK(producer.push_batch(std::as_bytes(std::span(values))) == Push::pushed);
    }
    CHECK(producer.reserve(17).what() == Push::too_large);  // what reserves nothing is not open
    push(producer, 3);
  }
}

TEST_CASE("a late reservation is over, too, and one of another producer is in nobody's way") {
  Queue queue = queue_of(Layout::slq1);
  Producer slow(queue);
  Producer fast(queue);
  Reservation reservation = slow.reserve(1);
  for (std::uint64_t k = 0; k < 20; ++k) push(fast, k);
  check_all_busy(slow, queue);
  CHECK(reservation.publish() == Push::late);
  push(slow, 20);
}

TEST_CASE("a reservation published a lap late is told so, and nobody sees it") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    Queue queue = queue_of(layout);
    Producer slow(queue);
    Producer fast(queue);
    Consumer consumer(queue);
    Reservation reservation = slow.reserve(1);
    write(reservation, 666);
    for (std::uint64_t k = 0; k < 20; ++k) push(fast, k);
    CHECK(reservation.publish() == Push::late);
    CHECK_FALSE(reservation);
    CHECK(slow.late_pushes() == 1);
    CHECK(slow.pushed_items() == 0);
    CHECK(slow.last_index() == slickq::kNoIndex);
    std::uint32_t count = 0;
    std::uint64_t last = 0;
    for (auto values = values_of(consumer, count); count != 0; values = values_of(consumer, count)) {
      CHECK(values.front() != 666);
      last = values.front();
    }
    CHECK(last == 19);
    // Nobody wrote over what the slow one still held.
    CHECK(fast.detours() > 0);
    push(slow, 20);
    check_next(consumer, {20});
  }
}

TEST_CASE("a reservation of nothing, or of more than the ring, is refused") {
  Queue queue = queue_of(Layout::slq1);
  Producer producer(queue);
  for (const std::uint32_t size : {0u, 17u}) {
    Reservation reservation = producer.reserve(size);
    CHECK(reservation.what() == Push::too_large);
    CHECK(reservation.data().empty());
    CHECK(reservation.publish() == Push::too_large);
  }
  CHECK(queue.ring().reserved_index() == 0);
}

TEST_CASE("what was given up is no hole, also when its start is overwritten and all items have one slot") {
  for (const Layout layout : {Layout::wide, Layout::packed, Layout::slq0, Layout::slq1}) {
    for (const bool publishes_one : {true, false}) {
      CAPTURE(slickq::to_string(layout));
      CAPTURE(publishes_one);
      test_support::ShmDir dir;
      slickq::CreateOptions options;
      options.shm_dir = dir.path();
      Queue queue = Queue::create("q", Geometry::make(layout, 8, 8), options);
      Producer producer(queue);
      const std::array<std::byte, 8> element{};
      auto reservation = producer.reserve(4);
      if (publishes_one) {
        CHECK(reservation.publish(1) == Push::pushed);
      } else {
        reservation.abandon();
      }
      for (int k = 0; k < 6; ++k) {  // 4 to 9: over the first two of the four
        REQUIRE(producer.push(element) == Push::pushed);
        const auto view = slickq::View::open_segment("q", dir.path());
        CHECK(slickq::scan(view).holes.empty());
        CHECK(slickq::verify(view).empty());
      }
    }
  }
}

TEST_CASE("a reservation that is not there any more publishes nothing, and says so") {
  Queue queue = queue_of(Layout::slq1);
  Producer producer(queue);
  {
    Reservation reservation = producer.reserve(1);
    reservation.abandon();
    CHECK(reservation.publish() == Push::late);
  }
  {
    Reservation reservation = producer.reserve(1);
    Reservation elsewhere = std::move(reservation);
    CHECK(reservation.publish() == Push::late);  // NOLINT: what a moved one says is the point
    CHECK(producer.pushed_items() == 0);
    CHECK(elsewhere.publish() == Push::pushed);
    CHECK(elsewhere.publish() == Push::pushed);  // it is in, once
  }
  CHECK(producer.pushed_items() == 1);
}
