// Consumer::pop() and Polling::throughput: items that are copied ahead, validated together and handed out one by one.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"

using slickq::Consumer;
using slickq::Geometry;
using slickq::Layout;
using slickq::Polling;
using slickq::Pop;
using slickq::PopResult;
using slickq::Producer;
using slickq::Push;
using slickq::Queue;

namespace {

using Bytes = std::span<const std::byte>;

Push push(Producer& producer, std::uint64_t value) { return producer.push(std::as_bytes(std::span(&value, 1))); }

std::uint64_t value_in(Bytes bytes) {
  std::uint64_t value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

Queue queue_of(std::uint64_t capacity, std::uint64_t element = 8) {
  return Queue::local(Geometry::make(Layout::slq1, capacity, element));
}

constexpr std::array kPollings{Polling::latency, Polling::throughput};

}  // namespace

TEST_CASE("items come one by one and in order, and the cursor is that of what was handed out") {
  for (const Polling polling : kPollings) {
    Queue queue = queue_of(256);
    Producer producer(queue);
    Consumer consumer(queue, {}, polling);
    Bytes bytes;
    for (std::uint64_t k = 0; k < 200; ++k) REQUIRE(push(producer, k) == Push::pushed);
    for (std::uint64_t k = 0; k < 200; ++k) {
      REQUIRE(consumer.cursor() == k);
      const PopResult result = consumer.pop(bytes);
      REQUIRE(result.what == Pop::item);
      REQUIRE(result.index == k);
      REQUIRE(value_in(bytes) == k);
    }
    CHECK(consumer.pop(bytes).what == Pop::empty);
    CHECK(bytes.empty());
  }
}

TEST_CASE("what was staged is handed out although the ring went round, and only what was not staged is lost") {
  Queue queue = queue_of(128);
  Producer producer(queue);
  Consumer consumer(queue);
  Bytes bytes;
  for (std::uint64_t k = 0; k < 100; ++k) REQUIRE(push(producer, k) == Push::pushed);
  REQUIRE(consumer.pop(bytes).what == Pop::item);  // stages 0..63
  for (std::uint64_t k = 100; k < 400; ++k) REQUIRE(push(producer, k) == Push::pushed);
  for (std::uint64_t k = 1; k < 64; ++k) {
    REQUIRE(consumer.pop(bytes).what == Pop::item);
    REQUIRE(value_in(bytes) == k);
  }
  const PopResult result = consumer.pop(bytes);
  REQUIRE(result.what == Pop::item);
  CHECK(result.first_lost == 64);
  CHECK(result.lost == result.index - 64);
  CHECK(value_in(bytes) == result.index);
  CHECK(consumer.lost_elements() == result.lost);
}

TEST_CASE("the other ways to read go on where pop() stopped") {
  const auto prepared = [](Queue& queue, Consumer& consumer) {
    Producer producer(queue);
    for (std::uint64_t k = 0; k < 20; ++k) REQUIRE(push(producer, k) == Push::pushed);
    Bytes bytes;
    for (int k = 0; k < 3; ++k) REQUIRE(consumer.pop(bytes).what == Pop::item);
  };
  for (const Polling polling : kPollings) {
    std::uint64_t value = 0;
    const auto room = std::as_writable_bytes(std::span(&value, 1));
    {
      Queue queue = queue_of(64);
      Consumer consumer(queue, {}, polling);
      prepared(queue, consumer);
      REQUIRE(consumer.pop_into(room).what == Pop::item);
      CHECK(value == 3);
      CHECK(consumer.cursor() == 4);
    }
    {
      Queue queue = queue_of(64);
      Consumer consumer(queue, {}, polling);
      prepared(queue, consumer);
      Bytes bytes;
      const PopResult peeked = consumer.peek(bytes);
      REQUIRE(peeked.what == Pop::item);
      CHECK(value_in(bytes) == 3);
      consumer.commit(peeked);
      CHECK(consumer.cursor() == 4);
    }
    {
      Queue queue = queue_of(64);
      Consumer consumer(queue, {}, polling);
      prepared(queue, consumer);
      std::array<std::byte, 32> buffer;
      std::array<slickq::BatchItem, 4> items;
      std::span<slickq::BatchItem> taken;
      REQUIRE(consumer.pop_batch(buffer, items, taken).what == Pop::item);
      REQUIRE(taken.size() == 4);
      CHECK(value_in(taken[0].bytes) == 3);
      consumer.seek(15);
      REQUIRE(consumer.pop_into(room).what == Pop::item);
      CHECK(value == 15);
    }
  }
}

TEST_CASE("a buffer that is too small takes nothing, also from the stage") {
  Queue queue = queue_of(64);
  Producer producer(queue);
  Consumer consumer(queue, {}, Polling::throughput);
  REQUIRE(push(producer, 5) == Push::pushed);
  std::array<std::byte, 4> small;
  CHECK(consumer.pop_into(small).what == Pop::too_small);
  CHECK(consumer.cursor() == 0);
  Bytes bytes;
  REQUIRE(consumer.pop(bytes).what == Pop::item);
  CHECK(value_in(bytes) == 5);
}

TEST_CASE("an item larger than the usual stage is handed out whole") {
  constexpr std::uint64_t kElement = 4096;
  Queue queue = queue_of(256, kElement);
  Producer producer(queue);
  Consumer consumer(queue);
  std::vector<std::byte> block(100 * kElement);
  for (std::size_t k = 0; k < block.size(); ++k) block[k] = static_cast<std::byte>(k / 7);
  REQUIRE(push(producer, 1) == Push::pushed);
  REQUIRE(producer.push_block(block) == Push::pushed);
  Bytes bytes;
  REQUIRE(consumer.pop(bytes).what == Pop::item);
  const PopResult result = consumer.pop(bytes);
  REQUIRE(result.what == Pop::item);
  CHECK(result.count == 100);
  REQUIRE(bytes.size() == block.size());
  CHECK(std::memcmp(bytes.data(), block.data(), block.size()) == 0);
}

TEST_CASE("what comes to an idle reader is handed out by its next look, whatever its size, and loss is told") {
  for (const Polling polling : kPollings) {
    Queue queue = queue_of(256);
    Producer producer(queue);
    Consumer consumer(queue, {}, polling);
    Bytes bytes;
    std::uint64_t cursor = 0;
    for (std::uint64_t round = 0; round < 600; ++round) {
      for (std::uint64_t looks = round % 4; looks != 0; --looks) {
        REQUIRE(consumer.pop(bytes).what == Pop::empty);
        REQUIRE(bytes.empty());
      }
      const std::size_t count = round % 50 == 7 ? 100 : 1;  // 100: more than the usual stage
      const std::vector<std::uint64_t> sent(count, round);
      REQUIRE(producer.push_block(std::as_bytes(std::span(sent))) == Push::pushed);
      const PopResult result = consumer.pop(bytes);
      REQUIRE(result.what == Pop::item);
      REQUIRE(result.index == producer.last_index());
      REQUIRE(result.lost == 0);
      REQUIRE(bytes.size() == count * 8);
      REQUIRE(std::memcmp(bytes.data(), sent.data(), bytes.size()) == 0);
      cursor = result.index + count;
    }
    REQUIRE(consumer.pop(bytes).what == Pop::empty);
    REQUIRE(consumer.pop(bytes).what == Pop::empty);
    for (std::uint64_t k = 0; k < 300; ++k) REQUIRE(push(producer, k) == Push::pushed);
    const PopResult late = consumer.pop(bytes);
    REQUIRE(late.what == Pop::item);
    CHECK(late.lost > 0);
    CHECK(late.first_lost == cursor);
    CHECK(late.last_lost == late.index - 1);
    CHECK(consumer.lost_elements() == late.lost);
  }
}

TEST_CASE("a larger item behind a loss waits until the loss was told, for a reader that was idle, too") {
  Queue queue = queue_of(1024);
  Producer producer(queue);
  Consumer consumer(queue);
  Bytes bytes;
  REQUIRE(push(producer, 1) == Push::pushed);
  REQUIRE(consumer.pop(bytes).what == Pop::item);
  REQUIRE(consumer.pop(bytes).what == Pop::empty);
  const std::vector<std::uint64_t> sent(100, 7);
  for (int k = 0; k < 15; ++k) REQUIRE(producer.push_block(std::as_bytes(std::span(sent))) == Push::pushed);
  std::uint64_t told = 0;
  std::uint64_t received = 0;
  for (int looks = 0; looks < 40; ++looks) {
    const PopResult result = consumer.pop(bytes);
    told += result.lost;
    if (result.what == Pop::item) received += result.count;
  }
  CHECK(told > 0);
  CHECK(told == consumer.lost_elements());
  CHECK(1 + received + consumer.lost_elements() + consumer.skipped_elements() == consumer.cursor());
}

TEST_CASE("an idle reader notices a reset within a bounded number of looks") {
  for (const Polling polling : kPollings) {
    Queue queue = queue_of(8);
    Producer producer(queue);
    Consumer consumer(queue, {}, polling);
    Bytes bytes;
    for (std::uint64_t k = 0; k < 5; ++k) REQUIRE(push(producer, k) == Push::pushed);
    while (consumer.pop(bytes).what == Pop::item) {
    }
    queue.reset();
    Pop what = Pop::empty;
    for (int looks = 0; looks < 256 && what == Pop::empty; ++looks) what = consumer.pop(bytes).what;
    CHECK(what == Pop::reset);
    REQUIRE(push(producer, 70) == Push::pushed);
    REQUIRE(consumer.pop(bytes).what == Pop::item);
    CHECK(value_in(bytes) == 70);
  }
}

namespace {

/// The ways to look for one item.
using Look = PopResult (*)(Consumer&);
constexpr Look kLooks[] = {
    [](Consumer& c) {
      Bytes bytes;
      return c.pop(bytes);
    },
    [](Consumer& c) {
      std::array<std::byte, 64> room;
      return c.pop_into(room);
    },
    [](Consumer& c) {
      Bytes bytes;
      return c.peek(bytes);
    },
};

/// The first answer that is more than "nothing", within so many looks that find nothing.
PopResult look_on(Consumer& consumer, Look look) {
  PopResult result;
  for (int looks = 0; looks < 257 && result.what == Pop::empty && result.lost == 0; ++looks) result = look(consumer);
  return result;
}

}  // namespace

TEST_CASE("a reader that was idle before it read anything notices a reset within a bounded number of looks") {
  for (const Polling polling : kPollings) {
    for (const Look look : kLooks) {
      Queue queue = queue_of(8);
      Producer producer(queue);
      for (std::uint64_t k = 0; k < 20; ++k) REQUIRE(push(producer, k) == Push::pushed);
      Consumer consumer(queue, {slickq::Start::At::newest}, polling);
      REQUIRE(look(consumer).what == Pop::empty);
      queue.reset();
      for (std::uint64_t k = 0; k < 3; ++k) REQUIRE(push(producer, k) == Push::pushed);
      CHECK(look_on(consumer, look).what == Pop::reset);
    }
  }
}

// Neither the slot of the hole nor that of the last item read is the beginning of anything later.
TEST_CASE("a reader that waits at a hole notices within a bounded number of looks that larger items went over it") {
  for (const Polling polling : kPollings) {
    for (const Look look : kLooks) {
      Queue queue = queue_of(8);
      const auto item = [&](std::uint32_t count) { queue.ring().publish(queue.ring().reserve(count), count); };
      for (int k = 0; k < 5; ++k) item(1);
      Consumer consumer(queue, {slickq::Start::At::index, 4}, polling);
      std::array<std::byte, 64> room;
      REQUIRE(consumer.pop_into(room).what == Pop::item);
      REQUIRE(queue.ring().reserve(1) == 5);
      REQUIRE(look(consumer).what == Pop::empty);
      for (int k = 0; k < 5; ++k) item(1);
      item(3);  // in the slots of 3, of 4 and of the hole
      const PopResult result = look_on(consumer, look);
      CHECK(result.first_lost == 5);
      CHECK(result.lost > 0);
    }
  }
}

TEST_CASE("under producers at full speed nothing torn is handed out, and received + lost adds up, in each way") {
  constexpr std::uint64_t kItems = 200000;
  constexpr std::uint32_t kWords = 64;
  for (const bool bursts : {false, true}) {
    for (const Polling polling : kPollings) {
      CAPTURE(bursts);
      Queue queue = queue_of(32, kWords * 8);
      CAPTURE(polling == Polling::latency);
      Consumer consumer(queue, {}, polling);  // before the first item is there: it begins with that
      std::atomic<bool> running{true};
      std::atomic<std::uint64_t> refused{0};
      std::thread thread([&] {
        Producer producer(queue);
        slickq::Burst burst = producer.burst(8);
        std::array<std::uint64_t, kWords> element;
        for (std::uint64_t k = 0; k < kItems; ++k) {
          element.fill(k);
          const Bytes bytes = std::as_bytes(std::span(element));
          if ((bursts ? burst.push(bytes) : producer.push(bytes)) != Push::pushed) refused.fetch_add(1);
        }
        running.store(false, std::memory_order_release);  // all is pushed before it: pairs with the load
      });
      std::uint64_t received = 0;
      std::uint64_t torn = 0;
      for (bool finished = false; !finished;) {
        finished = !running.load(std::memory_order_acquire);
        Bytes bytes;
        for (;;) {
          const PopResult result = consumer.pop(bytes);
          if (result.what != Pop::item) {
            if (result.lost != 0) continue;
            break;
          }
          ++received;
          for (std::size_t at = 0; at < bytes.size(); at += 8) torn += value_in(bytes.subspan(at)) != result.index;
        }
      }
      thread.join();
      CHECK(refused == 0);
      CHECK(torn == 0);
      CHECK(received + consumer.lost_elements() == kItems);
    }
  }
}
