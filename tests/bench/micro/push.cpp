// What a push costs a producer whom nobody reads and nobody hinders: lap after lap over a ring that holds earlier ones.
#include "micro.hpp"

namespace slickq::micro {
namespace {

void push_with(benchmark::State& state, ProducerMode mode) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  Nameless nameless(bytes);
  ProducerOptions options;
  options.mode = mode;
  Producer producer(nameless.queue(), options);
  const std::vector<std::byte> message = message_of(bytes);
  for (auto _ : state) {
    if (!require(state, producer.push(message) == Push::pushed, "not pushed")) break;
  }
  state.SetItemsProcessed(state.iterations());
}

void push(benchmark::State& state) { push_with(state, ProducerMode::multi); }
void push_single(benchmark::State& state) { push_with(state, ProducerMode::single); }

// The times are of all 16, items_per_second is of one.
void push_batch16(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  Nameless nameless(bytes);
  Producer producer(nameless.queue());
  const std::vector<std::byte> messages = message_of(kBatch * bytes);
  for (auto _ : state) {
    if (!require(state, producer.push_batch(messages) == Push::pushed, "not pushed")) break;
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void burst16(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  Nameless nameless(bytes);
  Producer producer(nameless.queue());
  const std::vector<std::byte> message = message_of(bytes);
  for (auto _ : state) {
    bool pushed = true;
    Burst burst = producer.burst(kBatch);
    for (std::uint32_t k = 0; k < kBatch; ++k) pushed = burst.push(message) == Push::pushed && pushed;
    burst.end();
    if (!require(state, pushed, "not pushed")) break;
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void reserve_and_publish(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  Nameless nameless(bytes);
  Producer producer(nameless.queue());
  const std::vector<std::byte> message = message_of(bytes);
  for (auto _ : state) {
    Reservation reservation = producer.reserve();
    if (!require(state, static_cast<bool>(reservation), "not reserved")) break;
    std::memcpy(reservation.data().data(), message.data(), bytes);
    if (!require(state, reservation.publish() == Push::pushed, "not published")) break;
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(push)->Apply(sizes);
BENCHMARK(push_single)->Apply(sizes);
BENCHMARK(push_batch16)->Apply(sizes);
BENCHMARK(burst16)->Apply(sizes);
BENCHMARK(reserve_and_publish)->Apply(sizes);

}  // namespace
}  // namespace slickq::micro
