// What taking an item costs a consumer who is behind: lap after lap over the same full ring, validation included. And
// what a look costs that finds nothing.
#include "micro.hpp"

namespace slickq::micro {
namespace {

// A full ring, and a consumer that goes back to its beginning when it has read all of it.
class Lap {
 public:
  Lap(benchmark::State& state, Polling polling)
      : bytes_(static_cast<std::size_t>(state.range(0))),
        nameless_(bytes_),
        producer_(nameless_.queue()),
        consumer_(nameless_.queue(), {}, polling),
        buffer_(bytes_) {
    require(state, fill(producer_, kSize, bytes_), "the ring could not be filled");
  }

  Consumer& consumer() noexcept { return consumer_; }
  std::span<std::byte> buffer() noexcept { return buffer_; }
  std::size_t bytes() const noexcept { return bytes_; }
  /// Before each operation that takes up to `count` items.
  void prepare(std::uint32_t count) noexcept {
    if (left_ < count) {
      consumer_.seek(0);
      left_ = kSize;
    }
    left_ -= count;
  }

 private:
  std::size_t bytes_;
  Nameless nameless_;
  Producer producer_;
  Consumer consumer_;
  std::vector<std::byte> buffer_;
  std::uint64_t left_ = kSize;
};

void pop_into_buffer(benchmark::State& state) {
  Lap lap(state, Polling::latency);
  for (auto _ : state) {
    lap.prepare(1);
    if (!require(state, lap.consumer().pop_into(lap.buffer()).what == Pop::item, "no item")) break;
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

void pop_staged(benchmark::State& state) {
  Lap lap(state, Polling::throughput);
  for (auto _ : state) {
    lap.prepare(1);
    std::span<const std::byte> bytes;
    if (!require(state, lap.consumer().pop(bytes).what == Pop::item, "no item")) break;
    benchmark::DoNotOptimize(bytes.data());
  }
  state.SetItemsProcessed(state.iterations());
}

// The times are of all 16, items_per_second is of one.
void pop_batch16(benchmark::State& state) {
  Lap lap(state, Polling::throughput);
  std::vector<std::byte> buffer(kBatch * lap.bytes());
  std::vector<BatchItem> items(kBatch);
  for (auto _ : state) {
    lap.prepare(kBatch);
    std::span<BatchItem> taken;
    if (!require(state, lap.consumer().pop_batch(buffer, items, taken).what == Pop::item, "no item")) break;
    if (!require(state, taken.size() == kBatch, "fewer than there are")) break;
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void peek_and_advance(benchmark::State& state) {
  Lap lap(state, Polling::latency);
  for (auto _ : state) {
    lap.prepare(1);
    std::span<const std::byte> elements;
    const PopResult peeked = lap.consumer().peek(elements);
    if (!require(state, peeked.what == Pop::item, "no item")) break;
    benchmark::DoNotOptimize(elements.data());
    if (!require(state, lap.consumer().still_valid(peeked), "overwritten, and nobody writes")) break;
    lap.consumer().commit(peeked);
  }
  state.SetItemsProcessed(state.iterations());
}

void poll_empty(benchmark::State& state) {
  Nameless nameless(64);
  Consumer consumer(nameless.queue());
  std::vector<std::byte> buffer(64);
  for (auto _ : state) {
    if (!require(state, consumer.pop_into(buffer).what == Pop::empty, "an item from nowhere")) break;
  }
}

BENCHMARK(pop_into_buffer)->Apply(sizes);
BENCHMARK(pop_staged)->Apply(sizes);
BENCHMARK(pop_batch16)->Apply(sizes);
BENCHMARK(peek_and_advance)->Apply(sizes);
BENCHMARK(poll_empty);

}  // namespace
}  // namespace slickq::micro
