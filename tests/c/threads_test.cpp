// What the header says of threads: an error belongs to the thread that made it, a queue and a cursor to all of them.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "slickq/slickq.h"

namespace {

constexpr std::uint64_t kItems = 20'000;
constexpr std::uint32_t kThreads = 2;  // of each kind

slickq_queue* large_local_queue() {
  slickq_queue_options options{};
  options.struct_size = sizeof options;
  options.capacity = 65536;
  options.element_size = sizeof(std::uint64_t);
  slickq_queue* queue = nullptr;
  REQUIRE(slickq_queue_local(&options, &queue) == SLICKQ_OK);
  return queue;
}

}  // namespace

TEST_CASE("an error's message is the thread's own") {
  CHECK(slickq_queue_open(nullptr, nullptr, nullptr) == SLICKQ_INVALID_ARGUMENT);
  std::string others = "not asked";
  std::thread([&] { others = slickq_error_message(); }).join();
  CHECK(others == "");
  CHECK(std::string(slickq_error_message()).find("slickq_queue_open") == 0);
}

TEST_CASE("threads share a queue and a cursor, each with a producer or consumer of its own") {
  slickq_queue* queue = large_local_queue();
  std::uint64_t position = 0;
  slickq_cursor* cursor = nullptr;
  REQUIRE(slickq_cursor_at(&position, &cursor) == SLICKQ_OK);
  std::atomic<std::uint64_t> errors{0};
  std::vector<std::atomic<std::uint8_t>> times(kThreads * kItems);
  std::atomic<std::uint64_t> received{0};

  const auto produce = [&](std::uint64_t first) {
    slickq_producer* producer = nullptr;
    if (slickq_producer_open(queue, nullptr, &producer) != SLICKQ_OK) ++errors;
    for (std::uint64_t number = first; number < first + kItems; ++number) {
      if (slickq_push(producer, &number, sizeof number) != SLICKQ_OK) ++errors;
    }
    slickq_producer_close(producer);
  };
  const auto consume = [&] {
    slickq_consumer_options options{};
    options.struct_size = sizeof options;
    options.cursor = cursor;
    slickq_consumer* consumer = nullptr;
    if (slickq_consumer_open(queue, &options, &consumer) != SLICKQ_OK) ++errors;
    while (received < kThreads * kItems && errors == 0) {
      std::uint64_t number = 0;
      slickq_item item;
      const slickq_status status = slickq_pop_wait(consumer, &number, sizeof number, 1'000'000, &item);
      if (status < 0 || item.lost != 0) ++errors;
      if (status != SLICKQ_OK) continue;
      ++times[number];
      ++received;
    }
    slickq_consumer_close(consumer);
  };

  std::vector<std::thread> threads;
  for (std::uint32_t k = 0; k < kThreads; ++k) {
    threads.emplace_back(produce, k * kItems);
    threads.emplace_back(consume);
  }
  for (auto& thread : threads) thread.join();
  CHECK(errors == 0);
  std::uint64_t wrong = 0;
  for (const auto& count : times) wrong += count != 1;
  CHECK(wrong == 0);
  slickq_cursor_close(cursor);
  slickq_queue_close(queue);
}
