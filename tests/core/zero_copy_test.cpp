// Reading in place: peek, use, ask whether it was still valid, commit.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <thread>
#include <vector>

#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"

using slickq::Consumer;
using slickq::Geometry;
using slickq::Layout;
using slickq::Pop;
using slickq::Producer;
using slickq::Push;
using slickq::Queue;

namespace {

void push_numbers(Producer& producer, std::uint64_t from, std::uint64_t count) {
  for (std::uint64_t k = from; k < from + count; ++k) {
    REQUIRE(producer.push(std::as_bytes(std::span(&k, 1))) == Push::pushed);
  }
}

}  // namespace

TEST_CASE("a peek takes nothing until it is committed, and shows the bytes in the ring") {
  for (const Layout layout : {Layout::wide, Layout::packed, Layout::slq0, Layout::slq1, Layout::slq2, Layout::slq3}) {
    CAPTURE(slickq::to_string(layout));
    Queue queue = Queue::local(Geometry::make(layout, 16, 8, slickq::has_shared_slots(layout) ? 2 : 1));
    Producer producer(queue);
    Consumer consumer(queue);
    std::span<const std::byte> elements;
    CHECK(consumer.peek(elements).what == Pop::empty);
    CHECK(elements.empty());
    for (std::uint64_t k = 0; k < 40; ++k) {
      const std::array<std::uint64_t, 3> block{k, k + 1, k + 2};
      REQUIRE(producer.push_block(std::as_bytes(std::span(block))) == Push::pushed);
      for (int again = 0; again < 2; ++again) {
        const auto peeked = consumer.peek(elements);
        REQUIRE(peeked.what == Pop::item);
        CHECK(peeked.count == 3);
        REQUIRE(elements.size() == sizeof block);
        CHECK(elements.data() == queue.ring().element(peeked.index));
        CHECK(std::memcmp(elements.data(), block.data(), sizeof block) == 0);
        CHECK(consumer.still_valid(peeked));
        if (again == 1) consumer.commit(peeked);
      }
      CHECK(consumer.cursor() == queue.ring().reserved_index());
    }
    CHECK(consumer.lost_elements() == 0);
  }
}

TEST_CASE(
    "what a producer reserved over is not valid any more, before it wrote a byte, and the next peek tells it lost") {
  Queue queue = Queue::local(Geometry::make(Layout::slq1, 8, 8));
  Producer producer(queue);
  Consumer consumer(queue);
  push_numbers(producer, 0, 8);
  std::span<const std::byte> elements;
  const auto peeked = consumer.peek(elements);
  CHECK(consumer.still_valid(peeked));
  auto over = producer.reserve(1);
  CHECK_FALSE(consumer.still_valid(peeked));
  CHECK(over.publish() == Push::pushed);
  const auto next = consumer.peek(elements);
  CHECK(next.what == Pop::item);
  CHECK(next.index == 2);  // an eighth of the ring ahead of the oldest
  CHECK(next.lost == 2);
  CHECK(next.first_lost == 0);
  CHECK(next.last_lost == 1);
}

TEST_CASE("who committed what was not valid any more goes back to it, and is told what was lost") {
  Queue queue = Queue::local(Geometry::make(Layout::slq1, 8, 8));
  slickq::Ring& ring = queue.ring();
  ring.publish(ring.reserve(3), 3);
  for (int k = 0; k < 5; ++k) ring.publish(ring.reserve(1), 1);
  Consumer consumer(queue);
  const std::uint64_t next_lap = ring.reserve(1);
  // Stopped in the middle of its plain stores: the size is there, the index is not.
  const std::uint32_t size = 1;
  std::memcpy(ring.base() + slickq::kHeaderBytes + offsetof(slickq::Slot, size), &size, sizeof size);
  std::span<const std::byte> elements;
  const auto peeked = consumer.peek(elements);
  REQUIRE(peeked.what == Pop::item);
  consumer.commit(peeked);
  CHECK(consumer.cursor() == 1);  // the inside of the item
  CHECK(consumer.peek(elements).what == Pop::empty);
  REQUIRE_FALSE(consumer.still_valid(peeked));
  consumer.seek(peeked.index);
  const auto next = consumer.peek(elements);
  REQUIRE(next.what == Pop::item);
  CHECK(next.index == 3);
  CHECK(next.first_lost == 0);
  CHECK(next.lost == 3);
  ring.publish(next_lap, 1);
}

TEST_CASE("under a producer that laps all the time what was valid was whole, and every index is accounted for") {
  constexpr std::uint32_t kWords = 64;
  constexpr std::uint64_t kEnough = 3000;
  using Element = std::array<std::uint64_t, kWords>;
  Queue queue = Queue::local(Geometry::make(Layout::slq1, 8, sizeof(Element)));
  Consumer consumer(queue);
  std::atomic<bool> enough{false};
  std::atomic<bool> running{true};
  std::thread thread([&] {
    Producer producer(queue);
    Element element;
    for (std::uint64_t k = 0; !enough.load(std::memory_order_relaxed); ++k) {
      element.fill(k);
      (void)producer.push(std::as_bytes(std::span(element)));
      if (k % 64 == 0) std::this_thread::yield();
    }
    running.store(false);
  });
  std::uint64_t taken = 0;
  std::uint64_t refused = 0;
  std::uint64_t torn = 0;
  for (;;) {
    const bool over = !running.load();
    std::span<const std::byte> elements;
    const auto peeked = consumer.peek(elements);
    if (peeked.what != Pop::item) {
      if (over) break;
      continue;
    }
    Element element;
    slickq::HardwareMemory::copy_out(element.data(), elements.data(), elements.size());
    if (!consumer.still_valid(peeked)) {
      ++refused;
      continue;
    }
    ++taken;
    torn += static_cast<std::uint64_t>(
        std::count_if(element.begin(), element.end(), [&](std::uint64_t word) { return word != peeked.index; }));
    consumer.commit(peeked);
    // Now and then a rest, in which the producer goes round: it must be lapped on a quiet machine, too.
    if (taken % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    enough.store(taken >= kEnough && consumer.lost_elements() > 0, std::memory_order_relaxed);
  }
  thread.join();
  MESSAGE("taken " << taken << ", refused " << refused << ", lost " << consumer.lost_elements());
  CHECK(torn == 0);
  CHECK(taken + consumer.lost_elements() + consumer.skipped_elements() == consumer.cursor());
  CHECK(consumer.cursor() == queue.ring().reserved_index());
  CHECK(consumer.lost_elements() > 0);
}
