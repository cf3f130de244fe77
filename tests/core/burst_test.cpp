// Bursts: items that are reserved together and published one by one.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"

using slickq::Burst;
using slickq::Consumer;
using slickq::Geometry;
using slickq::Layout;
using slickq::Pop;
using slickq::Producer;
using slickq::ProducerMode;
using slickq::ProducerOptions;
using slickq::Push;
using slickq::Queue;

namespace {

constexpr std::array kLayouts{Layout::wide, Layout::packed, Layout::slq0, Layout::slq1, Layout::slq2, Layout::slq3};
constexpr std::array kModes{ProducerMode::multi, ProducerMode::single};

Queue queue_of(Layout layout, std::uint64_t slots) {
  const std::uint32_t step = slickq::has_shared_slots(layout) ? 2 : 1;
  return Queue::local(Geometry::make(layout, slots * step, 8, step));
}

ProducerOptions in_mode(ProducerMode mode) {
  ProducerOptions options;
  options.mode = mode;
  return options;
}

Push push(Burst& burst, std::uint64_t value) { return burst.push(std::as_bytes(std::span(&value, 1))); }
Push push(Producer& producer, std::uint64_t value) { return producer.push(std::as_bytes(std::span(&value, 1))); }

/// The next value, nothing when there is none.
std::optional<std::uint64_t> next(Consumer& consumer) {
  std::uint64_t value = 0;
  const auto result = consumer.pop_into(std::as_writable_bytes(std::span(&value, 1)));
  if (result.what != Pop::item) return std::nullopt;
  CHECK(result.lost == 0);
  return value;
}

template <class Body>
void for_each_kind(Body body) {
  for (const Layout layout : kLayouts) {
    for (const ProducerMode mode : kModes) {
      CAPTURE(slickq::to_string(layout));
      CAPTURE(static_cast<int>(mode));
      body(layout, mode);
    }
  }
}

}  // namespace

TEST_CASE("each item of a burst is seen at once, and what is left over at the end is jumped over") {
  for_each_kind([](Layout layout, ProducerMode mode) {
    Queue queue = queue_of(layout, 32);
    Producer producer(queue, in_mode(mode));
    Consumer consumer(queue);
    std::uint64_t value = 0;
    for (int round = 0; round < 20; ++round) {  // over the end of the ring, too
      {
        Burst burst = producer.burst(8);
        for (int k = 0; k < 5; ++k) {
          REQUIRE(push(burst, value) == Push::pushed);
          REQUIRE(next(consumer) == value++);
        }
        REQUIRE(next(consumer) == std::nullopt);
      }
      REQUIRE(push(producer, value) == Push::pushed);
      REQUIRE(next(consumer) == value++);
    }
    CHECK(consumer.skipped_elements() == 20 * 3 * queue.geometry().items_per_slot());
    CHECK(consumer.cursor() == queue.ring().reserved_index());
  });
}

TEST_CASE("a burst that is used up goes on with the next run") {
  for_each_kind([](Layout layout, ProducerMode mode) {
    Queue queue = queue_of(layout, 64);
    Producer producer(queue, in_mode(mode));
    Consumer consumer(queue);
    {
      Burst burst = producer.burst(4);
      for (std::uint64_t k = 0; k < 30; ++k) REQUIRE(push(burst, k) == Push::pushed);
    }
    for (std::uint64_t k = 0; k < 30; ++k) REQUIRE(next(consumer) == k);
    CHECK(producer.pushed_items() == 30);
    CHECK(producer.last_index() == 29 * queue.geometry().items_per_slot());
    CHECK(queue.ring().reserved_index() == 32 * queue.geometry().items_per_slot());
  });
}

TEST_CASE("the index of the last published item is told when a run ends") {
  for (const ProducerMode mode : kModes) {
    Queue queue = queue_of(Layout::slq1, 32);
    Producer producer(queue, in_mode(mode));
    Burst burst = producer.burst(4);
    for (std::uint64_t k = 0; k < 4; ++k) REQUIRE(push(burst, k) == Push::pushed);
    CHECK(queue.ring().last_published() == 3);  // by its last push
    for (std::uint64_t k = 4; k < 6; ++k) REQUIRE(push(burst, k) == Push::pushed);
    CHECK(queue.ring().last_published() == 3);
    burst.end();
    CHECK(queue.ring().last_published() == 5);
  }
}

TEST_CASE("while a run is open the producer is busy, and so is a second burst") {
  for_each_kind([](Layout layout, ProducerMode mode) {
    Queue queue = queue_of(layout, 32);
    Producer producer(queue, in_mode(mode));
    Burst burst = producer.burst(4);
    CHECK(push(producer, 1) == Push::pushed);  // nothing is reserved yet
    REQUIRE(push(burst, 2) == Push::pushed);
    const std::uint64_t reserved = queue.ring().reserved_index();
    CHECK(push(producer, 3) == Push::busy);
    CHECK(producer.push_batch(std::array<std::byte, 32>{}) == Push::busy);
    CHECK(producer.reserve().what() == Push::busy);
    Burst second = producer.burst(4);
    CHECK(push(second, 3) == Push::busy);
    CHECK(queue.ring().reserved_index() == reserved);
    burst.end();
    CHECK(push(second, 3) == Push::pushed);
  });
}

TEST_CASE("an item that is too large is refused and costs nothing of the run") {
  Queue queue = queue_of(Layout::slq1, 32);
  Producer producer(queue);
  Consumer consumer(queue);
  Burst burst = producer.burst(4);
  REQUIRE(push(burst, 1) == Push::pushed);
  CHECK(burst.push(std::array<std::byte, 9>{}) == Push::too_large);
  REQUIRE(push(burst, 2) == Push::pushed);
  CHECK(next(consumer) == 1);
  CHECK(next(consumer) == 2);
}

TEST_CASE("under backpressure a burst reserves no more than there is room for") {
  for_each_kind([](Layout layout, ProducerMode mode) {
    Queue queue = queue_of(layout, 32);
    const std::uint64_t step = queue.geometry().items_per_slot();
    std::uint64_t cursor = 0;
    ProducerOptions options = in_mode(mode);
    options.respect = {slickq::AtomicCursor(&cursor)};
    options.patience = std::chrono::milliseconds(1);
    Producer producer(queue, options);
    Burst burst = producer.burst(16);
    for (std::uint64_t k = 0; k < 32; ++k) REQUIRE(push(burst, k) == Push::pushed);
    CHECK(push(burst, 32) == Push::timed_out);
    CHECK(queue.ring().reserved_index() == 32 * step);
    cursor = 3 * step;
    for (std::uint64_t k = 32; k < 35; ++k) REQUIRE(push(burst, k) == Push::pushed);
    CHECK(push(burst, 35) == Push::timed_out);
    CHECK(queue.ring().reserved_index() == 35 * step);
    Consumer consumer(queue, {slickq::Start::At::index, 3 * step});
    for (std::uint64_t k = 3; k < 35; ++k) REQUIRE(next(consumer) == k);
  });
}

TEST_CASE("a burst on a ring of one slot pushes item by item") {
  for (const ProducerMode mode : kModes) {
    Queue queue = queue_of(Layout::slq1, 1);
    Producer producer(queue, in_mode(mode));
    Consumer consumer(queue);
    Burst burst = producer.burst(16);
    for (std::uint64_t k = 0; k < 5; ++k) {
      REQUIRE(push(burst, k) == Push::pushed);
      REQUIRE(next(consumer) == k);
    }
  }
}
