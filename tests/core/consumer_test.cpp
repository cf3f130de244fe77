// Producer, Consumer and SharedConsumer: validated copies, loss told to the element, resync to the oldest survivor.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "slickq/consumer.hpp"
#include "slickq/error.hpp"
#include "slickq/producer.hpp"
#include "support/seed.hpp"
#include "support/shm_dir.hpp"

using slickq::Consumer;
using slickq::Geometry;
using slickq::Layout;
using slickq::Pop;
using slickq::Producer;
using slickq::Push;
using slickq::Queue;
using slickq::Start;

namespace {

std::span<const std::byte> bytes_of(const auto& value) { return std::as_bytes(std::span(&value, 1)); }

void push_numbers(Producer& producer, std::uint64_t from, std::uint64_t count) {
  for (std::uint64_t k = from; k < from + count; ++k) REQUIRE(producer.push(bytes_of(k)) == Push::pushed);
}

std::uint64_t value_in(const std::array<std::byte, 64>& buffer) {
  std::uint64_t value;
  std::memcpy(&value, buffer.data(), sizeof value);
  return value;
}

}  // namespace

TEST_CASE("what is pushed is popped, in order, each once") {
  Queue q = Queue::local(Geometry::make(Layout::slq1, 16, 8));
  Producer producer(q);
  Consumer consumer(q);
  std::array<std::byte, 64> buffer{};
  CHECK(consumer.pop_into(buffer).what == Pop::empty);
  push_numbers(producer, 100, 5);
  for (std::uint64_t k = 100; k < 105; ++k) {
    const auto result = consumer.pop_into(buffer);
    CHECK(result.what == Pop::item);
    CHECK(result.lost == 0);
    CHECK(value_in(buffer) == k);
  }
  CHECK(consumer.pop_into(buffer).what == Pop::empty);
  CHECK(consumer.cursor() == 5);
}

TEST_CASE("short pushes are padded with zeros, long ones refused") {
  Queue q = Queue::local(Geometry::make(Layout::slq1, 4, 8));
  Producer producer(q);
  std::array<std::byte, 64> buffer;
  for (int lap = 0; lap < 3; ++lap) {
    push_numbers(producer, ~std::uint64_t{0} - 4, 4);  // dirty the ring
    const std::array<std::byte, 3> three{std::byte{1}, std::byte{2}, std::byte{3}};
    CHECK(producer.push(three) == Push::pushed);
    Consumer consumer(q, {Start::At::index, producer.last_index()});
    CHECK(consumer.pop_into(buffer).what == Pop::item);
    CHECK(value_in(buffer) == 0x030201);
  }
  CHECK(producer.push(std::array<std::byte, 9>{}) == Push::too_large);
  CHECK(producer.push_block(std::array<std::byte, 33>{}) == Push::too_large);
  CHECK(q.ring().reserved_index() == producer.last_index() + 1);
}

TEST_CASE("a block is one item; a buffer too small for it takes nothing") {
  Queue q = Queue::local(Geometry::make(Layout::slq1, 16, 8));
  Producer producer(q);
  Consumer consumer(q);
  std::array<std::uint64_t, 3> block{7, 8, 9};
  CHECK(producer.push_block(std::as_bytes(std::span(block))) == Push::pushed);
  std::array<std::byte, 16> small;
  const auto refused = consumer.pop_into(small);
  CHECK(refused.what == Pop::too_small);
  CHECK(refused.count == 3);
  CHECK(consumer.cursor() == 0);
  std::array<std::byte, 64> buffer;
  const auto result = consumer.pop_into(buffer);
  CHECK(result.what == Pop::item);
  CHECK(result.count == 3);
  CHECK(std::memcmp(buffer.data(), block.data(), sizeof block) == 0);
}

TEST_CASE("a consumer that is overrun by an item as large as the ring, still in work, waits for that item") {
  for (const std::uint32_t capacity : {1u, 4u}) {
    CAPTURE(capacity);
    Queue q = Queue::local(Geometry::make(Layout::slq1, capacity, 8));
    Producer producer(q);
    Consumer consumer(q);
    push_numbers(producer, 0, capacity);
    slickq::Reservation next = producer.reserve(capacity);
    std::array<std::byte, 64> buffer;
    const auto overrun = consumer.pop_into(buffer);
    CHECK(overrun.what == Pop::empty);
    CHECK(overrun.lost == capacity);
    CHECK(overrun.last_lost == capacity - 1);
    CHECK(next.publish() == Push::pushed);
    const auto result = consumer.pop_into(buffer);
    CHECK(result.what == Pop::item);
    CHECK(result.index == capacity);
    CHECK(result.count == capacity);
    CHECK(consumer.lost_elements() == capacity);
  }
}

TEST_CASE("an overrun consumer goes on at the oldest survivor and tells what it lost") {
  Queue q = Queue::local(Geometry::make(Layout::slq1, 16, 8));
  Producer producer(q);
  Consumer consumer(q);
  push_numbers(producer, 0, 40);
  std::array<std::byte, 64> buffer;
  const auto result = consumer.pop_into(buffer);
  CHECK(result.what == Pop::item);
  CHECK(result.index == 26);  // 40 - 16, and an eighth of the ring ahead of the producers
  CHECK(value_in(buffer) == 26);
  CHECK(result.lost == 26);
  CHECK(result.first_lost == 0);
  CHECK(result.last_lost == 25);
  for (std::uint64_t k = 27; k < 40; ++k) {
    const auto next = consumer.pop_into(buffer);
    CHECK(next.lost == 0);
    CHECK(value_in(buffer) == k);
  }
  CHECK(consumer.lost_elements() == 26);
}

TEST_CASE("an item whose elements are being overwritten is lost, not handed out torn") {
  Queue q = Queue::local(Geometry::make(Layout::slq1, 4, 8));
  Producer producer(q);
  Consumer consumer(q);
  push_numbers(producer, 0, 4);
  (void)q.ring().reserve(1);  // a producer that has index 4, and is writing element 0 while slot 0 still says 0
  std::array<std::byte, 64> buffer;
  const auto result = consumer.pop_into(buffer);
  CHECK(result.what == Pop::item);
  CHECK(result.index == 1);
  CHECK(result.lost == 1);
}

TEST_CASE("a stale head whose place later laps only cover by larger items does not stop a reader") {
  Queue q = Queue::local(Geometry::make(Layout::slq1, 8, 8));
  Producer producer(q);
  push_numbers(producer, 0, 2);
  (void)q.ring().reserve(1);  // index 2: never published
  push_numbers(producer, 3, 5);
  const std::array<std::uint64_t, 8> block{};
  for (int lap = 0; lap < 3; ++lap) REQUIRE(producer.push_block(std::as_bytes(std::span(block))) == Push::pushed);
  Consumer consumer(q, {Start::At::index, 2});
  std::array<std::byte, 64> buffer;
  const auto result = consumer.pop_into(buffer);
  CHECK(result.what == Pop::item);
  CHECK(result.index == 24);
  CHECK(result.lost == 22);
}

TEST_CASE("a hole stops a reader until somebody publishes it") {
  Queue q = Queue::local(Geometry::make(Layout::slq1, 8, 8));
  Producer producer(q);
  Consumer consumer(q);
  const std::uint64_t hole = q.ring().reserve(1);
  push_numbers(producer, 1, 3);
  std::array<std::byte, 64> buffer;
  CHECK(consumer.pop_into(buffer).what == Pop::empty);
  q.ring().publish(hole, 1);
  for (int k = 0; k < 4; ++k) CHECK(consumer.pop_into(buffer).what == Pop::item);
}

TEST_CASE("a reset under a consumer is told, and reading starts at 0") {
  Queue q = Queue::local(Geometry::make(Layout::slq1, 8, 8));
  Producer producer(q);
  Consumer consumer(q);
  std::array<std::byte, 64> buffer;
  push_numbers(producer, 0, 5);
  while (consumer.pop_into(buffer).what == Pop::item) {
  }
  q.ring().reset();
  CHECK(consumer.pop_into(buffer).what == Pop::reset);
  CHECK(consumer.cursor() == 0);
  push_numbers(producer, 70, 1);
  CHECK(consumer.pop_into(buffer).what == Pop::item);
  CHECK(value_in(buffer) == 70);
}

TEST_CASE("a consumer starts at the oldest, the newest, some items back, or an index") {
  Queue q = Queue::local(Geometry::make(Layout::slq1, 8, 8));
  Producer producer(q);
  CHECK(slickq::starting_cursor(q.ring(), {Start::At::oldest}) == 0);
  CHECK(slickq::starting_cursor(q.ring(), {Start::At::back, 3}) == 0);
  push_numbers(producer, 0, 20);
  CHECK(slickq::starting_cursor(q.ring(), {Start::At::oldest}) == 12);
  CHECK(slickq::starting_cursor(q.ring(), {Start::At::newest}) == 20);
  CHECK(slickq::starting_cursor(q.ring(), {Start::At::back, 3}) == 17);
  CHECK(slickq::starting_cursor(q.ring(), {Start::At::back, 100}) == 12);
  CHECK(slickq::starting_cursor(q.ring(), {Start::At::index, 15}) == 15);
  CHECK(slickq::starting_cursor(q.ring(), {Start::At::index, 99}) == 20);
}

TEST_CASE("slots that no producer could have written never lead a consumer out of the ring or round in circles") {
  Queue q = Queue::local(Geometry::make(Layout::slq1, 8, 8));
  auto* slots = reinterpret_cast<slickq::Slot*>(q.ring().base() + slickq::kHeaderBytes);
  std::mt19937_64 random(test_support::seed());
  std::array<std::byte, 64> buffer;
  for (int round = 0; round < 20000; ++round) {
    const std::uint64_t reserved = random() % 40;
    const std::uint64_t word = slickq::pack_reserved(reserved, 1);
    std::memcpy(q.ring().base(), &word, sizeof word);
    for (int k = 0; k < 8; ++k) {
      slots[k].data_index = random() % 4 == 0 ? random() : random() % 48;
      slots[k].size = static_cast<std::uint32_t>(random() % 5 == 0 ? random() : random() % 4);
    }
    Consumer consumer(q, {Start::At::index, random() % 40});
    for (int step = 0; step < 50; ++step) {
      const auto result = consumer.pop_into(buffer);
      REQUIRE(consumer.cursor() <= reserved + 8);
      if (result.what == Pop::item) REQUIRE(result.index < reserved);
      if (result.what == Pop::empty) break;
      if (result.what == Pop::too_small) break;
    }
  }
}

TEST_CASE("a lapped reader beside a producer at full speed accepts nothing torn, and received + lost adds up") {
  constexpr std::uint32_t kWords = 64;  // 512 bytes
  constexpr std::uint64_t kItems = 400000;
  Queue q = Queue::local(Geometry::make(Layout::slq1, 8, kWords * 8));
  std::atomic<bool> running{true};
  Consumer consumer(q);
  std::thread thread([&] {
    Producer producer(q);
    std::array<std::uint64_t, kWords> element;
    for (std::uint64_t k = 0; k < kItems; ++k) {
      element.fill(k);
      (void)producer.push(std::as_bytes(std::span(element)));
    }
    running.store(false);
  });
  std::array<std::uint64_t, kWords> element;
  std::uint64_t received = 0;
  std::uint64_t torn = 0;
  std::uint64_t next = 0;
  for (;;) {
    const bool finished = !running.load();
    const auto result = consumer.pop_into(std::as_writable_bytes(std::span(element)));
    if (result.what == Pop::item) {
      ++received;
      for (const std::uint64_t word : element) torn += word != result.index;
      if (result.lost > 0) CHECK(result.first_lost == next);
      next = result.index + 1;
    } else if (finished) {
      break;
    }
  }
  thread.join();
  CHECK(torn == 0);
  CHECK(received + consumer.lost_elements() == kItems);
  MESSAGE("received " << received << ", lost " << consumer.lost_elements());
}
