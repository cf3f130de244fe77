// What the calls for C cost: as push.cpp and pop.cpp measure them, through libslickq.so.
#include <array>

#include "micro.hpp"
#include "slickq/slickq.h"

namespace slickq::micro {
namespace {

// A queue in shared memory, as the others are, with one of each.
class InC {
 public:
  explicit InC(benchmark::State& state) : bytes_(static_cast<std::size_t>(state.range(0))) {
    slickq_queue_options options{};
    options.struct_size = sizeof options;
    options.capacity = kSize;
    options.element_size = bytes_;
    options.flags = SLICKQ_PREFAULT;  // as the others
    require(state,
            slickq_queue_create(named_.name().c_str(), &options, &queue_) == SLICKQ_OK &&
                slickq_producer_open(queue_, nullptr, &producer_) == SLICKQ_OK &&
                slickq_consumer_open(queue_, nullptr, &consumer_) == SLICKQ_OK,
            "no queue");
  }
  InC(const InC&) = delete;
  InC& operator=(const InC&) = delete;
  ~InC() {
    slickq_consumer_close(consumer_);
    slickq_producer_close(producer_);
    slickq_queue_close(queue_);
  }

  std::size_t bytes() const noexcept { return bytes_; }
  slickq_producer* producer() noexcept { return producer_; }
  slickq_consumer* consumer() noexcept { return consumer_; }

  void fill(benchmark::State& state) {
    const std::vector<std::byte> message = message_of(bytes_);
    for (std::uint64_t k = 0; k < kSize; ++k) {
      if (!require(state, slickq_push(producer_, message.data(), bytes_) == SLICKQ_OK, "not pushed")) return;
    }
  }
  /// Before each operation that takes up to `count` items of a full ring.
  void prepare(std::uint32_t count) noexcept {
    if (left_ < count) {
      slickq_seek(consumer_, 0);
      left_ = kSize;
    }
    left_ -= count;
  }

 private:
  Named named_;
  std::size_t bytes_;
  std::uint64_t left_ = kSize;
  slickq_queue* queue_ = nullptr;
  slickq_producer* producer_ = nullptr;
  slickq_consumer* consumer_ = nullptr;
};

void c_push(benchmark::State& state) {
  InC c(state);
  const std::vector<std::byte> message = message_of(c.bytes());
  for (auto _ : state) {
    if (!require(state, slickq_push(c.producer(), message.data(), c.bytes()) == SLICKQ_OK, "not pushed")) break;
  }
  state.SetItemsProcessed(state.iterations());
}

void c_push_batch16(benchmark::State& state) {
  InC c(state);
  const std::vector<std::byte> messages = message_of(kBatch * c.bytes());
  for (auto _ : state) {
    const auto status = slickq_push_batch(c.producer(), messages.data(), messages.size(), nullptr);
    if (!require(state, status == SLICKQ_OK, "not pushed")) break;
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void c_reserve_and_publish(benchmark::State& state) {
  InC c(state);
  const std::vector<std::byte> message = message_of(c.bytes());
  for (auto _ : state) {
    void* data = nullptr;
    std::uint64_t index = 0;
    if (!require(state, slickq_reserve(c.producer(), 1, &data, &index) == SLICKQ_OK, "not reserved")) break;
    std::memcpy(data, message.data(), c.bytes());
    if (!require(state, slickq_publish(c.producer(), 0) == SLICKQ_OK, "not published")) break;
  }
  state.SetItemsProcessed(state.iterations());
}

void c_pop(benchmark::State& state) {
  InC c(state);
  c.fill(state);
  std::vector<std::byte> buffer(c.bytes());
  for (auto _ : state) {
    c.prepare(1);
    slickq_item item;
    if (!require(state, slickq_pop(c.consumer(), buffer.data(), buffer.size(), &item) == SLICKQ_OK, "no item")) break;
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

void c_pop_batch16(benchmark::State& state) {
  InC c(state);
  c.fill(state);
  std::vector<std::byte> buffer(kBatch * c.bytes());
  std::array<slickq_batch_item, kBatch> items;
  for (auto _ : state) {
    c.prepare(kBatch);
    std::size_t taken = 0;
    slickq_item first;
    slickq_pop_batch(c.consumer(), buffer.data(), buffer.size(), items.data(), kBatch, &taken, &first);
    if (!require(state, taken == kBatch, "fewer than there are")) break;
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void c_peek_and_commit(benchmark::State& state) {
  InC c(state);
  c.fill(state);
  for (auto _ : state) {
    c.prepare(1);
    const void* data = nullptr;
    slickq_item item;
    if (!require(state, slickq_peek(c.consumer(), &data, &item) == SLICKQ_OK, "no item")) break;
    benchmark::DoNotOptimize(data);
    if (!require(state, slickq_still_valid(c.consumer(), &item) == SLICKQ_OK, "overwritten")) break;
    slickq_commit(c.consumer(), &item);
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(c_push)->Apply(sizes);
BENCHMARK(c_push_batch16)->Apply(sizes);
BENCHMARK(c_reserve_and_publish)->Apply(sizes);
BENCHMARK(c_pop)->Apply(sizes);
BENCHMARK(c_pop_batch16)->Apply(sizes);
BENCHMARK(c_peek_and_commit)->Apply(sizes);

}  // namespace
}  // namespace slickq::micro
