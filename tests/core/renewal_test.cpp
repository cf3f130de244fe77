// What consumers notice when the queue under them is emptied, removed or made anew.
#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"
#include "support/shm_dir.hpp"

using slickq::AtomicCursor;
using slickq::BatchItem;
using slickq::Consumer;
using slickq::Geometry;
using slickq::Layout;
using slickq::Pop;
using slickq::Producer;
using slickq::Push;
using slickq::Queue;
using slickq::SharedConsumer;

namespace {

constexpr std::array kLayouts{Layout::wide, Layout::packed, Layout::slq0, Layout::slq1, Layout::slq2, Layout::slq3};

Geometry geometry_of(Layout layout) { return Geometry::make(layout, 16, 8, slickq::has_shared_slots(layout) ? 2 : 1); }

void push(Producer& producer, int items) {
  const std::array<std::byte, 8> element{};
  for (int k = 0; k < items; ++k) REQUIRE(producer.push(element) == Push::pushed);
}

template <class AnyConsumer>
Pop batch(AnyConsumer& consumer, std::size_t& items) {
  std::array<std::byte, 64> buffer;
  std::array<BatchItem, 4> places;
  std::span<BatchItem> taken;
  const Pop what = consumer.pop_batch(buffer, places, taken).what;
  items = taken.size();
  return what;
}

template <class AnyConsumer>
void drain(AnyConsumer& consumer) {
  std::size_t items = 0;
  while (batch(consumer, items) == Pop::item) {
  }
}

}  // namespace

TEST_CASE("a reset is told by every way of reading, once, and reading goes on with the first new item") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    for (int way = 0; way < 3; ++way) {
      CAPTURE(way);
      Queue queue = Queue::local(geometry_of(layout));
      Consumer consumer(queue);
      {
        Producer producer(queue);
        push(producer, 40);
      }
      drain(consumer);
      queue.reset();
      Producer producer(queue);
      push(producer, 2);  // fewer than the cursor has passed: else it could not be told from a lap
      std::array<std::byte, 8> buffer;
      std::span<const std::byte> elements;
      std::size_t items = 0;
      const std::array<Pop, 3> told{way == 0 ? consumer.pop_into(buffer).what : Pop::reset,
                                    way == 1 ? batch(consumer, items) : Pop::reset,
                                    way == 2 ? consumer.peek(elements).what : Pop::reset};
      CHECK(told == std::array{Pop::reset, Pop::reset, Pop::reset});
      CHECK(items == 0);
      CHECK(elements.empty());
      CHECK(consumer.cursor() == 0);
      CHECK(batch(consumer, items) == Pop::item);
      CHECK(items == 2);
      CHECK(batch(consumer, items) == Pop::empty);
    }
  }
}

TEST_CASE("of those who share a cursor one is told of a reset, and no new item is missed or taken twice") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    for (const bool in_batches : {false, true}) {
      Queue queue = Queue::local(geometry_of(layout));
      std::uint64_t word = 0;
      SharedConsumer one(queue, AtomicCursor(&word));
      SharedConsumer two(queue, AtomicCursor(&word));
      {
        Producer producer(queue);
        push(producer, 40);
      }
      drain(one);
      queue.reset();
      Producer producer(queue);
      push(producer, 3);
      std::array<std::byte, 8> buffer;
      std::size_t items = 0;
      CHECK((in_batches ? batch(one, items) : one.pop_into(buffer).what) == Pop::reset);
      CHECK(word == 0);
      CHECK(two.pop_into(buffer).what == Pop::item);
      CHECK(batch(one, items) == Pop::item);
      CHECK(items == 2);
      CHECK(batch(two, items) == Pop::empty);
    }
  }
}

TEST_CASE("a reset while a consumer waits ends the waiting") {
  Queue queue = Queue::local(geometry_of(Layout::slq1));
  Consumer consumer(queue);
  Producer producer(queue);
  push(producer, 5);
  drain(consumer);
  queue.reset();
  std::array<std::byte, 8> buffer;
  CHECK(consumer.pop_wait(buffer, std::chrono::hours(1)).what == Pop::reset);
}

TEST_CASE("consumers notice that their queue lost its name, or that the name is another queue's by now") {
  test_support::ShmDir dir;
  slickq::CreateOptions options;
  options.shm_dir = dir.path();
  const Geometry geometry = geometry_of(Layout::slq1);
  Queue queue = Queue::create("q", geometry, options);
  std::uint64_t word = 0;
  Consumer consumer(queue);
  SharedConsumer shared(queue, AtomicCursor(&word));
  CHECK_FALSE(consumer.is_detached());
  CHECK_FALSE(shared.is_detached());
  Producer producer(queue);
  push(producer, 1);

  REQUIRE(queue.unlink());
  CHECK(consumer.is_detached());
  CHECK(shared.is_detached());

  Queue anew = Queue::create("q", geometry, options);
  CHECK(consumer.is_detached());
  CHECK(queue.is_detached());
  CHECK_FALSE(Consumer(anew).is_detached());

  // What is detached still works, among those who have it.
  std::array<std::byte, 8> buffer;
  CHECK(consumer.pop_into(buffer).what == Pop::item);
  push(producer, 1);
  CHECK(consumer.pop_into(buffer).what == Pop::item);
  CHECK(Consumer(anew).pop_into(buffer).what == Pop::empty);
}

TEST_CASE("a local queue has no name to lose") {
  const Queue queue = Queue::local(geometry_of(Layout::slq1));
  CHECK_FALSE(Consumer(queue).is_detached());
}
