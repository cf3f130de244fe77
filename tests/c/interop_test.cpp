// The C calls and the C++ core on one queue: in two processes, on each layout, each side as producer and as consumer,
// and both on one cursor. Two copies of the core are then at work, the library's and the program's.
#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <vector>

#include "core/child_process.hpp"
#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"
#include "slickq/slickq.h"
#include "support/payload.hpp"
#include "support/processes.hpp"
#include "support/shm_env.hpp"

using slickq::AtomicCursor;
using slickq::Geometry;
using slickq::Layout;
using slickq::Queue;
using test_support::Payload;

namespace {

constexpr std::uint64_t kItems = 20'000;
constexpr std::uint64_t kCapacity = 64;  // so that the ring goes round some hundred times
constexpr std::size_t kElement = 48;
constexpr std::uint64_t kMinute = 60'000'000'000;

struct Case {
  std::uint32_t number;
  Layout layout;
  std::uint64_t items_per_slot;
};
const std::vector<Case> kLayouts{{SLICKQ_LAYOUT_WIDE, Layout::wide, 1}, {SLICKQ_LAYOUT_PACKED, Layout::packed, 1},
                                 {SLICKQ_LAYOUT_SLQ0, Layout::slq0, 1}, {SLICKQ_LAYOUT_SLQ1, Layout::slq1, 1},
                                 {SLICKQ_LAYOUT_SLQ2, Layout::slq2, 4}, {SLICKQ_LAYOUT_SLQ3, Layout::slq3, 4}};

// What C gives back when it is over; a test's or a child's end otherwise.
void must(slickq_status status, const char* what) {
  if (status != SLICKQ_OK)
    throw std::runtime_error(std::string(what) + ": " + slickq_status_name(status) + ": " + slickq_error_message());
}
#define MUST(call) must((call), #call)

struct InC {
  slickq_queue* queue = nullptr;
  slickq_cursor* cursor = nullptr;
  slickq_producer* producer = nullptr;
  slickq_consumer* consumer = nullptr;
  ~InC() {
    slickq_consumer_close(consumer);
    slickq_producer_close(producer);
    slickq_cursor_close(cursor);
    slickq_queue_close(queue);
  }
  void open() {
    MUST(slickq_queue_open("q", nullptr, &queue));
    MUST(slickq_cursor_open("q@read", nullptr, &cursor));
  }
};

void create_in_c(const Case& layout) {
  InC c;
  slickq_queue_options options{};
  options.struct_size = sizeof options;
  options.capacity = kCapacity;
  options.element_size = kElement;
  options.layout = layout.number;
  options.items_per_slot = layout.items_per_slot;
  MUST(slickq_queue_create("q", &options, &c.queue));
  MUST(slickq_cursor_create("q@read", 0, nullptr, &c.cursor));
}

void create_in_cpp(const Case& layout) {
  const auto queue = Queue::create("q", Geometry::make(layout.layout, kCapacity, kElement, layout.items_per_slot));
  const auto cursor = slickq::NamedCursor::create("q@read", 0);
}

std::array<std::byte, kElement> element_of(std::uint64_t number) {
  std::array<std::byte, kElement> element;
  Payload(0, number).write(element);
  return element;
}

void produce_in_c() {
  InC c;
  c.open();
  slickq_producer_options options{};
  options.struct_size = sizeof options;
  options.respect = &c.cursor;
  options.respect_count = 1;
  options.patience_ns = kMinute;
  MUST(slickq_producer_open(c.queue, &options, &c.producer));
  for (std::uint64_t number = 0; number < kItems; ++number) {
    MUST(slickq_push(c.producer, element_of(number).data(), kElement));
  }
}

void produce_in_cpp() {
  auto queue = Queue::open("q");
  auto cursor = slickq::NamedCursor::open("q@read");
  slickq::ProducerOptions options;
  options.respect = {cursor.cursor()};
  options.patience = std::chrono::nanoseconds(kMinute);
  slickq::Producer producer(queue, options);
  for (std::uint64_t number = 0; number < kItems; ++number) {
    if (producer.push(element_of(number)) != slickq::Push::pushed) throw std::runtime_error("not pushed");
  }
}

void expect(std::uint64_t number, std::span<const std::byte> element) {
  if (!Payload(0, number).matches(element)) throw std::runtime_error("item " + std::to_string(number) + " is another");
}

// All of them, in order; tells the producer, who respects the cursor, how far it is.
void consume_in_c() {
  InC c;
  c.open();
  MUST(slickq_consumer_open(c.queue, nullptr, &c.consumer));
  std::array<std::byte, kElement> element;
  for (std::uint64_t number = 0; number < kItems; ++number) {
    slickq_item item;
    MUST(slickq_pop_wait(c.consumer, element.data(), element.size(), kMinute, &item));
    expect(number, element);
    slickq_consumer_info info{};
    info.struct_size = sizeof info;
    MUST(slickq_consumer_get_info(c.consumer, &info));
    MUST(slickq_cursor_store(c.cursor, info.cursor));
  }
}

void consume_in_cpp() {
  const auto queue = Queue::open("q");
  auto cursor = slickq::NamedCursor::open("q@read");
  slickq::Consumer consumer(queue);
  std::array<std::byte, kElement> element;
  for (std::uint64_t number = 0; number < kItems; ++number) {
    const auto popped = consumer.pop_wait(element, std::chrono::nanoseconds(kMinute));
    if (popped.what != slickq::Pop::item) throw std::runtime_error("no item");
    expect(number, element);
    cursor.cursor().store(consumer.cursor());
  }
}

// Of the shared cursor: how often each number came, over both.
using Board = std::array<std::atomic<std::uint8_t>, kItems>;

void note(Board& board, std::span<const std::byte> element) {
  const std::uint64_t number = Payload::read(element, 1).distance_from(0, kElement);
  if (number >= kItems) throw std::runtime_error("an item that nobody pushed");
  expect(number, element);
  ++board[number];
}

void share_in_c(Board& board) {
  InC c;
  c.open();
  slickq_consumer_options options{};
  options.struct_size = sizeof options;
  options.cursor = c.cursor;
  MUST(slickq_consumer_open(c.queue, &options, &c.consumer));
  std::array<std::byte, kElement> element;
  slickq_item item;
  while (slickq_pop_wait(c.consumer, element.data(), element.size(), 1'000'000'000, &item) == SLICKQ_OK) {
    note(board, element);
  }
}

void share_in_cpp(Board& board) {
  const auto queue = Queue::open("q");
  auto cursor = slickq::NamedCursor::open("q@read");
  slickq::SharedConsumer consumer(queue, cursor.cursor());
  std::array<std::byte, kElement> element;
  while (consumer.pop_wait(element, std::chrono::seconds(1)).what == slickq::Pop::item) note(board, element);
}

void remove_both() {
  MUST(slickq_unlink("q@read", nullptr));
  MUST(slickq_unlink("q", nullptr));
}

template <class Body>
test_support::Child child_of(Body body) {
  return test_support::Child([body](test_support::ChildSide&) {
    body();
    return 0;
  });
}

}  // namespace

TEST_CASE("what C pushes C++ pops, and the other way round, on each layout") {
  const test_support::ShmEnv env;
  for (const Case& layout : kLayouts) {
    CAPTURE(slickq::to_string(layout.layout));
    for (const bool c_produces : {true, false}) {
      c_produces ? create_in_cpp(layout) : create_in_c(layout);
      auto producer = child_of(c_produces ? produce_in_c : produce_in_cpp);
      auto consumer = child_of(c_produces ? consume_in_cpp : consume_in_c);
      CHECK(producer.join() == 0);
      CHECK(consumer.join() == 0);
      remove_both();
    }
  }
}

TEST_CASE("a C and a C++ program share the work over one cursor, on each layout") {
  const test_support::ShmEnv env;
  for (const Case& layout : kLayouts) {
    CAPTURE(slickq::to_string(layout.layout));
    create_in_cpp(layout);
    const test_support::Shared<Board> board;
    auto in_c = child_of([&] { share_in_c(*board); });
    auto in_cpp = child_of([&] { share_in_cpp(*board); });
    auto producer = child_of(produce_in_c);
    CHECK(producer.join() == 0);
    CHECK(in_c.join() == 0);
    CHECK(in_cpp.join() == 0);
    std::uint64_t wrong = 0;
    for (const auto& times : *board) wrong += times != 1;
    CHECK(wrong == 0);
    remove_both();
  }
}
