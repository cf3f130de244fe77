// Producers that respect cursors: nothing that a respected cursor has not passed is ever overwritten.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <vector>

#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"
#include "support/payload.hpp"
#include "support/processes.hpp"
#include "support/shm_dir.hpp"

using slickq::AtomicCursor;
using slickq::Geometry;
using slickq::Layout;
using slickq::NamedCursor;
using slickq::Pop;
using slickq::Producer;
using slickq::ProducerOptions;
using slickq::Push;
using slickq::Queue;
using test_support::Payload;
using test_support::spawn;

namespace {

constexpr std::array kLayouts{Layout::wide, Layout::packed, Layout::slq0, Layout::slq1, Layout::slq2, Layout::slq3};

Geometry geometry_of(Layout layout, std::uint64_t capacity, std::uint64_t element) {
  return Geometry::make(layout, capacity, element, slickq::has_shared_slots(layout) ? 2 : 1);
}

slickq::CreateOptions in(const test_support::ShmDir& dir) {
  slickq::CreateOptions options;
  options.shm_dir = dir.path();
  return options;
}

ProducerOptions respecting(std::vector<AtomicCursor> cursors, std::chrono::milliseconds patience) {
  ProducerOptions options;
  options.respect = std::move(cursors);
  options.patience = patience;
  return options;
}

}  // namespace

TEST_CASE("a full ring times a push out with nothing reserved, and one step of the slowest cursor makes room") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    Queue queue = Queue::local(geometry_of(layout, 16, 8));
    const std::uint64_t step = queue.geometry().items_per_slot();
    std::uint64_t slow = 0;
    std::uint64_t fast = 0;
    Producer producer(queue, respecting({AtomicCursor(&fast), AtomicCursor(&slow)}, std::chrono::milliseconds(1)));
    const std::array<std::byte, 8> element{};
    while (producer.push(element) == Push::pushed) {
      fast = queue.ring().reserved_index();
    }
    CHECK(producer.pushed_items() == 16 / step);
    CHECK(queue.ring().reserved_index() == 16);
    CHECK(producer.push_batch(element) == Push::timed_out);
    CHECK(producer.push_block(element) == Push::timed_out);
    CHECK(producer.reserve().what() == Push::timed_out);
    CHECK_FALSE(producer.reserve());
    CHECK(queue.ring().reserved_index() == 16);
    slow = step;
    CHECK(producer.push(element) == Push::pushed);
    CHECK(producer.push(element) == Push::timed_out);
    CHECK(queue.ring().reserved_index() == 16 + step);
  }
}

TEST_CASE("a batch that times out half-way tells how much of it is in") {
  Queue queue = Queue::local(Geometry::make(Layout::slq1, 8, 8));
  std::uint64_t cursor = 0;
  Producer producer(queue, respecting({AtomicCursor(&cursor)}, std::chrono::milliseconds(1)));
  const std::vector<std::byte> twelve(12 * 8);
  CHECK(producer.push_batch(twelve) == Push::timed_out);
  CHECK(producer.pushed_items() == 8);
}

TEST_CASE("a block larger than what is left of the lap gets in, wherever readers that have read everything stand") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    const std::uint64_t step = slickq::has_shared_slots(layout) ? 2 : 1;
    for (std::uint64_t before = 0; before < 16 / step; ++before) {
      for (std::uint64_t size = 1; size <= 16; ++size) {
        CAPTURE(before);
        CAPTURE(size);
        Queue queue = Queue::local(geometry_of(layout, 16, 8));
        std::uint64_t word = 0;
        const AtomicCursor cursor(&word);
        slickq::SharedConsumer consumer(queue, cursor);
        Producer producer(queue, respecting({cursor}, std::chrono::milliseconds(0)));
        std::vector<std::byte> buffer(16 * 8);
        for (std::uint64_t k = 0; k < before; ++k) REQUIRE(producer.push(std::span(buffer).first(8)) == Push::pushed);
        Push pushed = Push::timed_out;
        for (int tries = 0; tries < 3 && pushed == Push::timed_out; ++tries) {
          while (consumer.pop_into(buffer).what == Pop::item) {
          }
          pushed = producer.push_block(std::span(buffer).first(size * 8));
        }
        CHECK(pushed == Push::pushed);
        CHECK(consumer.pop_into(buffer).count == size);
        CHECK(consumer.lost_elements() == 0);
      }
    }
  }
}

TEST_CASE("in a ring of one slot a push goes over what was given up, although readers stand before it") {
  for (const Geometry& geometry : {Geometry::make(Layout::wide, 1, 8), Geometry::make(Layout::packed, 1, 8),
                                   Geometry::make(Layout::slq1, 1, 8), Geometry::make(Layout::slq3, 4, 8, 4)}) {
    CAPTURE(geometry.describe());
    test_support::ShmDir dir;
    Queue queue = Queue::create("q", geometry, in(dir));
    std::uint64_t word = 0;
    slickq::SharedConsumer consumer(queue, AtomicCursor(&word));
    auto options = respecting({AtomicCursor(&word)}, std::chrono::milliseconds(0));
    options.obstruction_patience = std::chrono::milliseconds(0);
    Producer producer(queue, options);
    const std::array<std::byte, 8> element{};
    std::array<std::byte, 32> buffer;
    const auto is_pushed_and_popped = [&] {
      if (producer.push(element) != Push::pushed) return false;
      CHECK(producer.push(element) == Push::timed_out);  // that it has not read
      return consumer.pop_into(buffer).what == Pop::item && word == queue.ring().reserved_index();
    };
    CHECK(is_pushed_and_popped());
    producer.reserve().abandon();
    CHECK(is_pushed_and_popped());

    // A death.
    const pid_t child = spawn([&] {
      Queue own = Queue::open("q", dir.path());
      Producer dying(own);
      const auto reservation = dying.reserve();
      kill(getpid(), SIGKILL);
    });
    CHECK(waitpid(child, nullptr, 0) == child);
    CHECK(is_pushed_and_popped());

    // Who is alive and at work is waited for.
    Queue other = Queue::open("q", dir.path());
    Producer living(other);
    auto reservation = living.reserve();
    for (int tries = 0; tries < 3; ++tries) CHECK(producer.push(element) == Push::timed_out);
    CHECK(reservation.publish() == Push::pushed);
    CHECK(producer.push(element) == Push::timed_out);
    CHECK(consumer.pop_into(buffer).what == Pop::item);
    CHECK(is_pushed_and_popped());
  }
}

TEST_CASE("between processes nothing that the named cursors have not passed is overwritten, at full speed") {
  struct Board {
    std::atomic<std::uint32_t> producing{2};
    std::atomic<std::uint64_t> received{0};
    std::atomic<std::uint64_t> bad{0};
    std::atomic<std::uint64_t> lost{0};
  };
  constexpr std::uint64_t kItems = 5000;
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    test_support::ShmDir dir;
    Queue queue = Queue::create("q", geometry_of(layout, 16, 24), in(dir));
    const NamedCursor one = NamedCursor::create("q@one", 0, in(dir));
    const NamedCursor two = NamedCursor::create("q@two", 0, in(dir));
    test_support::Shared<Board> board;
    std::vector<pid_t> children;
    for (std::uint32_t id = 0; id < 2; ++id) {
      children.push_back(spawn([&, id] {
        Queue own = Queue::open("q", dir.path());
        auto first = NamedCursor::open("q@one", dir.path());
        auto second = NamedCursor::open("q@two", dir.path());
        Producer producer(own, respecting({first.cursor(), second.cursor()}, std::chrono::minutes(5)));
        std::vector<std::byte> block(3 * 24);
        for (std::uint64_t k = 0; k < kItems; ++k) {
          const std::size_t count = 1 + k % 3;
          for (std::size_t e = 0; e < count; ++e) Payload(id, k).write({block.data() + e * 24, 24});
          if (producer.push_block(std::span(block).first(count * 24)) != Push::pushed) ++board->bad;
        }
        --board->producing;
      }));
    }
    for (const char* name : {"q@one", "q@two"}) {
      children.push_back(spawn([&, name] {
        const Queue own = Queue::open("q", dir.path());
        auto cursor = NamedCursor::open(name, dir.path());
        slickq::SharedConsumer consumer(own, cursor.cursor());
        std::vector<std::byte> buffer(16 * 24);
        std::array<std::uint64_t, 2> next{};
        for (;;) {
          const bool over = board->producing.load() == 0;
          const auto result = consumer.pop_wait(buffer, std::chrono::milliseconds(5));
          if (result.what == Pop::empty && over) break;
          if (result.what != Pop::item) continue;
          const auto payload = Payload::read(std::span(buffer).first(24), 2);
          bool good = payload.producer() < 2 && payload.distance_from(next[payload.producer()]++, 24) == 0;
          for (std::uint32_t e = 0; e < result.count; ++e) good &= payload.matches({buffer.data() + e * 24, 24});
          if (!good) ++board->bad;
          ++board->received;
        }
        board->lost += consumer.lost_elements();
      }));
    }
    test_support::join(children);
    CHECK(board->bad == 0);
    CHECK(board->lost == 0);
    CHECK(board->received == 2 * 2 * kItems);
  }
}

namespace {

/// The ways to push one element each.
using Way = Push (*)(Producer&, std::span<const std::byte>);
constexpr Way kWays[] = {
    [](Producer& p, std::span<const std::byte> e) { return p.push(e); },
    [](Producer& p, std::span<const std::byte> e) { return p.push_block(e); },
    [](Producer& p, std::span<const std::byte> e) {
      std::vector<std::byte> two(e.begin(), e.end());
      two.insert(two.end(), e.begin(), e.end());
      return p.push_batch(two);
    },
    [](Producer& p, std::span<const std::byte> e) { return p.burst(4).push(e); },
};

}  // namespace

TEST_CASE("what was known of the cursors before a reset lets nobody overwrite what is unread behind it") {
  for (const std::size_t way : {0, 1, 2, 3}) {
    for (const std::uint64_t before : {std::uint64_t{5}, std::uint64_t{12}, std::uint64_t{16}, std::uint64_t{200}}) {
      for (const bool others_first : {false, true}) {
        CAPTURE(way);
        CAPTURE(before);
        CAPTURE(others_first);
        Queue queue = Queue::local(geometry_of(Layout::slq1, 16, 8));
        std::uint64_t cursor = 0;
        Producer producer(queue, respecting({AtomicCursor(&cursor)}, std::chrono::milliseconds(1)));
        const std::array<std::byte, 8> element{};
        for (std::uint64_t k = 0; k < before; ++k) {
          REQUIRE(producer.push(element) == Push::pushed);
          cursor = queue.ring().reserved_index();
        }
        queue.reset();
        cursor = 0;
        if (others_first) queue.ring().publish(queue.ring().reserve(1), 1);
        for (int k = 0; k < 100; ++k) (void)kWays[way](producer, element);
        CHECK(queue.ring().reserved_index() <= 16);
      }
    }
  }
}

TEST_CASE("close to the end of all indexes a run respects the cursors, too") {
  Queue queue = Queue::local(geometry_of(Layout::slq1, 16, 8));
  const std::uint64_t start = slickq::kMaxIndex - 1024;
  const std::uint64_t word = slickq::pack_reserved(start, 1);
  std::memcpy(queue.ring().base(), &word, sizeof word);
  std::uint64_t cursor = start;
  Producer producer(queue, respecting({AtomicCursor(&cursor)}, std::chrono::milliseconds(1)));
  const std::array<std::byte, 8 * 40> elements{};
  CHECK(producer.push_batch(elements) == Push::timed_out);
  CHECK(queue.ring().reserved_index() == start + 16);
}
