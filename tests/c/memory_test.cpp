// No exception leaves the library: whichever allocation fails within a call, and whatever a callback throws, comes out
// as a status. The library takes its memory from this program's operator new.
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>

#include "slickq/slickq.h"
#include "support/shm_env.hpp"

namespace {

// The allocation that fails: 1 is the next. Negative: none.
thread_local long fails_in = -1;

void* allocated(std::size_t bytes, std::size_t alignment) {
  if (fails_in > 0 && --fails_in == 0) {
    fails_in = 1;  // and all behind it, as when memory is exhausted
    return nullptr;
  }
  // aligned_alloc wants a multiple.
  return std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
}

void* allocated_or_thrown(std::size_t bytes, std::size_t alignment) {
  void* const memory = allocated(bytes, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return allocated_or_thrown(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new[](std::size_t bytes) { return allocated_or_thrown(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocated_or_thrown(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocated(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocated(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace {

constexpr long kMostAllocations = 10'000;

// Calls it with the first allocation failing, then the second, until it needs no more. Returns how many failed.
template <class Call>
long fail_each_allocation(slickq_status expected, Call call) {
  for (long k = 1; k < kMostAllocations; ++k) {
    fails_in = k;
    const slickq_status status = call();
    const bool failed = fails_in == 1;
    fails_in = -1;
    if (status == expected) return k - 1;
    if (!failed || status != SLICKQ_NO_MEMORY) {
      MESSAGE("allocation ", k, ": ", std::string(slickq_status_name(status)), ": ",
              std::string(slickq_error_message()));
      return -1;
    }
  }
  return -1;
}

slickq_queue_options small() {
  slickq_queue_options options{};
  options.struct_size = sizeof options;
  options.capacity = 16;
  options.element_size = 32;
  return options;
}

int visit(const char*, int, void*) { return 0; }
int throw_a_number(const char*, int, void*) { throw 42; }

}  // namespace

TEST_CASE("whichever allocation of a call fails, the answer is no_memory and nothing is left behind") {
  const test_support::ShmEnv env;
  const auto options = small();
  slickq_queue* queue = nullptr;
  slickq_cursor* cursor = nullptr;
  slickq_producer* producer = nullptr;
  slickq_consumer* consumer = nullptr;

  CHECK(fail_each_allocation(SLICKQ_OK, [&] { return slickq_queue_local(&options, &queue); }) > 0);
  slickq_queue_close(queue);
  // Had a failed creation left its name, the next would answer that it exists.
  CHECK(fail_each_allocation(SLICKQ_OK, [&] { return slickq_queue_create("q", &options, &queue); }) > 0);
  slickq_queue_close(queue);
  CHECK(fail_each_allocation(SLICKQ_OK, [&] { return slickq_queue_open("q", nullptr, &queue); }) > 0);
  slickq_queue_close(queue);
  CHECK(fail_each_allocation(SLICKQ_OK, [&] { return slickq_queue_open_or_create("q", &options, &queue); }) > 0);
  slickq_queue_close(queue);
  CHECK(fail_each_allocation(SLICKQ_NOT_FOUND, [&] { return slickq_queue_open("absent", nullptr, &queue); }) > 0);
  CHECK(queue == nullptr);
  REQUIRE(slickq_queue_open("q", nullptr, &queue) == SLICKQ_OK);
  CHECK(fail_each_allocation(SLICKQ_OK, [&] { return slickq_cursor_create("q@c", 0, nullptr, &cursor); }) > 0);
  CHECK(fail_each_allocation(SLICKQ_OK, [&] { return slickq_producer_open(queue, nullptr, &producer); }) > 0);
  CHECK(fail_each_allocation(SLICKQ_OK, [&] { return slickq_consumer_open(queue, nullptr, &consumer); }) > 0);
  CHECK(fail_each_allocation(SLICKQ_OK, [&] { return slickq_queue_reset(queue, 0); }) >= 0);

  slickq_inspection seen{};
  seen.struct_size = sizeof seen;
  CHECK(fail_each_allocation(SLICKQ_OK, [&] { return slickq_inspect("q", nullptr, &seen); }) > 0);
  CHECK(fail_each_allocation(SLICKQ_OK, [&] { return slickq_list(nullptr, visit, nullptr); }) > 0);

  REQUIRE(slickq_push(producer, "x", 1) == SLICKQ_OK);
  std::array<std::byte, 64> buffer;
  std::array<slickq_batch_item, 2> items;
  std::size_t taken = 0;
  slickq_item item;
  const void* data = nullptr;
  CHECK(fail_each_allocation(SLICKQ_OK, [&] { return slickq_pop_staged(consumer, &data, &item); }) > 0);
  REQUIRE(slickq_push(producer, "x", 1) == SLICKQ_OK);
  CHECK(fail_each_allocation(SLICKQ_OK, [&] {
          return slickq_pop_batch(consumer, buffer.data(), buffer.size(), items.data(), 2, &taken, &item);
        }) > 0);

  slickq_consumer_close(consumer);
  slickq_producer_close(producer);
  slickq_cursor_close(cursor);
  slickq_queue_close(queue);
  CHECK(fail_each_allocation(SLICKQ_OK, [&] { return slickq_unlink("q@c", nullptr); }) > 0);
  CHECK(slickq_unlink("q", nullptr) == SLICKQ_OK);
}

TEST_CASE("what a callback throws ends the call, not the program") {
  const test_support::ShmEnv env;
  const auto options = small();
  slickq_queue* queue = nullptr;
  REQUIRE(slickq_queue_create("q", &options, &queue) == SLICKQ_OK);
  CHECK(slickq_list(nullptr, throw_a_number, nullptr) == SLICKQ_INTERNAL);
  CHECK(std::string(slickq_error_message()).find("unknown type") != std::string::npos);
  slickq_queue_close(queue);
}
