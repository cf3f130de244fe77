// Real processes on one segment: several producers, several consumers, each layout. Per-producer order, each item
// exactly once with a shared cursor, all items with own cursors, every byte of every payload checked.
#include <doctest/doctest.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "slickq/consumer.hpp"
#include "slickq/error.hpp"
#include "slickq/producer.hpp"
#include "support/payload.hpp"
#include "support/processes.hpp"
#include "support/shm_dir.hpp"

using slickq::Consumer;
using slickq::Geometry;
using slickq::Layout;
using slickq::Pop;
using slickq::PopResult;
using slickq::Queue;
using slickq::SharedConsumer;
using test_support::Payload;
using test_support::ShmDir;
using test_support::spawn;

namespace {

constexpr std::uint32_t kMaxProducers = 2;
constexpr std::uint32_t kConsumers = 2;
constexpr std::size_t kMostIndexes = 1u << 18;  // enough for every run below; checked

// What the processes tell each other; anonymous shared memory that fork() hands on.
struct Board {
  std::array<std::atomic<std::uint64_t>, kConsumers> cursor;
  std::array<std::atomic<std::uint64_t>, kMaxProducers> received;  // items, over all consumers
  // By index: how often a consumer with the shared cursor was handed the item that begins there.
  std::array<std::atomic<std::uint8_t>, kMostIndexes> handed_out;
  std::atomic<std::uint32_t> consumers_ready;
  std::atomic<std::uint32_t> producers_done;
  std::atomic<std::uint64_t> bad;  // payload or order
  std::atomic<std::uint64_t> lost;
};

using SharedBoard = test_support::Shared<Board>;

struct Run {
  Geometry geometry;
  std::uint64_t items;  // per producer
  bool shared_cursor;
  bool lossless;  // producers wait for the slowest consumer
  // Without waiting only one: a producer that is preempted in the middle of an element for a whole lap of a small ring
  // overwrites a newer item, which the originals' protocol cannot prevent.
  std::uint32_t producers = kMaxProducers;
  bool published_before = false;  // consumers begin when all is there, and have only each other to wait for
};

// To the larger value: a consumer that was preempted must not put an old position over a newer one.
void raise(std::atomic<std::uint64_t>& at, std::uint64_t value) {
  std::uint64_t seen = at.load();
  while (seen < value && !at.compare_exchange_weak(seen, value)) {
  }
}

// Room for one item per producer beyond what the slowest consumer has taken: nobody can overwrite unread items.
void wait_for_room(const Queue& q, const Run& run, const SharedBoard& board, std::uint64_t largest_item) {
  const std::uint64_t margin = 2 * run.producers * largest_item;
  for (;;) {
    std::uint64_t slowest = ~std::uint64_t{0};
    for (std::uint32_t c = 0; c < (run.shared_cursor ? 1 : kConsumers); ++c) {
      slowest = std::min(slowest, board->cursor[c].load());
    }
    if (q.ring().reserved_index() + margin <= slowest + run.geometry.capacity()) return;
    sched_yield();
  }
}

void produce(const Run& run, const ShmDir& dir, const SharedBoard& board, std::uint32_t id) {
  Queue q = Queue::open("q", dir.path());
  slickq::Producer producer(q);
  const std::uint32_t element = run.geometry.element_size();
  const std::uint32_t most = run.geometry.capacity() >= 64 ? 3 : 1;
  std::vector<std::byte> block;
  for (std::uint64_t sequence = 0; sequence < run.items; ++sequence) {
    const std::uint32_t count = 1 + static_cast<std::uint32_t>(sequence % most);
    block.resize(std::size_t{count} * element);
    for (std::uint32_t k = 0; k < count; ++k)
      Payload(id, sequence).write({block.data() + std::size_t{k} * element, element});
    if (run.lossless) wait_for_room(q, run, board, run.geometry.footprint(most));
    if (producer.push_block(block) != slickq::Push::pushed) board->bad.fetch_add(1);
  }
  board->producers_done.fetch_add(1);
}

// Checks one item and its place in its producer's order.
void account(const Run& run, const SharedBoard& board, std::span<const std::byte> bytes, const PopResult& result,
             std::array<std::uint64_t, kMaxProducers>& next) {
  const std::uint32_t element = run.geometry.element_size();
  const auto first = Payload::read(bytes.first(element), run.producers);
  bool good = first.producer() < run.producers;
  for (std::uint32_t k = 0; k < result.count && good; ++k)
    good = first.matches(bytes.subspan(std::size_t{k} * element, element));
  if (good) {
    // With an own cursor and no loss every number comes; otherwise numbers only grow.
    auto& expected = next[first.producer()];
    const std::uint64_t step = first.distance_from(expected, element);
    good = run.lossless && !run.shared_cursor ? step == 0 : true;
    expected += step + 1;
    board->received[first.producer()].fetch_add(1);
    // Sums could hide one item that came twice behind another that never came.
    if (run.shared_cursor) good = result.index < kMostIndexes && board->handed_out[result.index].fetch_add(1) == 0;
  }
  if (!good) board->bad.fetch_add(1);
}

template <class AnyConsumer>
void consume(const Run& run, const SharedBoard& board, AnyConsumer& consumer, const std::function<void()>& report) {
  std::vector<std::byte> buffer(std::size_t{run.geometry.capacity()} * run.geometry.element_size());
  std::array<std::uint64_t, kMaxProducers> next{};
  // Together: the first could have taken everything before the next is there.
  board->consumers_ready.fetch_add(1);
  while (board->consumers_ready.load() < kConsumers) sched_yield();
  for (;;) {
    const bool done = board->producers_done.load() == run.producers;
    const PopResult result = consumer.pop_into(buffer);
    if (result.what == Pop::item) {
      account(run, board, buffer, result, next);
      report();
    } else if (done) {
      break;
    } else {
      sched_yield();
    }
  }
  board->lost.fetch_add(consumer.lost_elements());
}

void consume_in_child(const Run& run, const ShmDir& dir, const SharedBoard& board, std::uint32_t id) {
  Queue q = Queue::open("q", dir.path());
  if (run.shared_cursor) {
    auto named = slickq::NamedCursor::open("q@shared", dir.path());
    SharedConsumer consumer(q, named.cursor());
    consume(run, board, consumer, [&] { raise(board->cursor[0], named.cursor().load()); });
  } else {
    // From the first index on: a child that comes late has lost what it did not see, and must say so.
    Consumer consumer(q, {slickq::Start::At::index, 0});
    consume(run, board, consumer, [&] { board->cursor[id].store(consumer.cursor()); });
  }
}

void check(const Run& run) {
  CAPTURE(run.geometry.describe());
  CAPTURE(run.shared_cursor);
  ShmDir dir;
  slickq::CreateOptions options;
  options.shm_dir = dir.path();
  Queue q = Queue::create("q", run.geometry, options);
  auto cursor = slickq::NamedCursor::create("q@shared", 0, options);
  SharedBoard board;
  std::vector<pid_t> children;
  const auto start_producers = [&] {
    for (std::uint32_t p = 0; p < run.producers; ++p) {
      children.push_back(spawn([&, p] { produce(run, dir, board, p); }));
    }
  };
  if (run.published_before) {
    start_producers();
    test_support::join(children);
    children.clear();
  }
  for (std::uint32_t c = 0; c < kConsumers; ++c) {
    children.push_back(spawn([&, c] { consume_in_child(run, dir, board, c); }));
  }
  if (!run.published_before) start_producers();
  test_support::join(children);
  CHECK(board->bad.load() == 0);
  const std::uint64_t copies = run.shared_cursor ? 1 : kConsumers;
  if (run.lossless) {
    CHECK(board->lost.load() == 0);
    for (std::uint32_t p = 0; p < run.producers; ++p) CHECK(board->received[p].load() == copies * run.items);
  } else {
    // One element an item: what was not received was reported as lost.
    const std::uint64_t received = board->received[0].load() + board->received[1].load();
    CHECK(received + board->lost.load() == copies * run.producers * run.items);
  }
}

}  // namespace

TEST_CASE("every layout, own cursors and a shared one, many laps: every item arrives, in order, whole") {
  for (const Layout layout : {Layout::wide, Layout::packed, Layout::slq0, Layout::slq1}) {
    for (const bool shared : {false, true}) check({Geometry::make(layout, 256, 32), 4000, shared, true});
  }
}

TEST_CASE("several elements per slot, many laps") {
  for (const Layout layout : {Layout::slq2, Layout::slq3}) {
    for (const bool shared : {false, true}) check({Geometry::make(layout, 512, 8, 8), 4000, shared, true});
  }
}

TEST_CASE("elements of 1, 3, 8 and 4096 bytes") {
  for (const std::uint64_t element : {1u, 3u, 8u, 4096u}) {
    for (const bool shared : {false, true}) check({Geometry::make(Layout::slq1, 128, element), 2000, shared, true});
  }
}

TEST_CASE("a ring large enough keeps all items without anybody waiting") {
  check({Geometry::make(Layout::slq1, 65536, 64), 10000, false, false});
}

TEST_CASE("a shared cursor gives each item to one consumer when nothing but the others slows it down") {
  for (const Layout layout : {Layout::wide, Layout::packed, Layout::slq0, Layout::slq1}) {
    check({Geometry::make(layout, 65536, 8), 15000, true, true, kMaxProducers, true});
  }
}

TEST_CASE("capacity 1: what is not received is reported lost") {
  for (const Layout layout : {Layout::wide, Layout::packed, Layout::slq0, Layout::slq1}) {
    for (const bool shared : {false, true}) check({Geometry::make(layout, 1, 16), 6000, shared, false, 1});
  }
}

TEST_CASE("a small ring at full speed: what is not received is reported lost") {
  for (const bool shared : {false, true}) check({Geometry::make(Layout::slq1, 32, 512), 40000, shared, false, 1});
}
