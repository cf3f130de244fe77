// Takes ticks from a queue until it is told to stop, then prints what it saw.
//
//   demo_consumer QUEUE             with a cursor of its own: sees every tick from now on
//   demo_consumer QUEUE CURSOR      with the existing named cursor QUEUE@CURSOR: shares the ticks with
//   everyone on it
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <slickq/slickq.hpp>
#include <string>
#include <vector>

#include "demo_tick.hpp"

namespace {

struct Totals {
  std::uint64_t received = 0;
  std::uint64_t lost = 0;
  std::uint64_t disordered = 0;
  std::int64_t slowest_ns = 0;
};

template <class AnyConsumer>
Totals consume(AnyConsumer& consumer, std::uint32_t element_size) {
  Totals totals;
  demo::Tick tick{};
  std::vector<std::byte> element(element_size);  // the queue may have larger elements than a tick
  std::uint32_t producer = 0;
  std::uint64_t last_sequence = 0;
  while (demo::stopping == 0) {
    // Sleeps until a producer wakes it; looks up now and then, to see whether it shall stop.
    const auto result = consumer.pop_wait(element, std::chrono::milliseconds(100));
    totals.lost += result.lost;
    if (result.what != slickq::Pop::item) continue;
    std::copy_n(element.data(), sizeof tick, reinterpret_cast<std::byte*>(&tick));
    const std::int64_t now = std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
    ++totals.received;
    totals.slowest_ns = std::max(totals.slowest_ns, now - tick.sent_ns);
    // Order is promised per producer; with several of them only a step back of the same one counts.
    if (tick.producer == producer && tick.sequence <= last_sequence) ++totals.disordered;
    producer = tick.producer;
    last_sequence = tick.sequence;
  }
  return totals;
}

void print(const char* queue, const Totals& totals) {
  std::printf("demo_consumer: %s: received %llu ticks, lost %llu, out of order %llu, slowest %.1f ms\n", queue,
              static_cast<unsigned long long>(totals.received), static_cast<unsigned long long>(totals.lost),
              static_cast<unsigned long long>(totals.disordered), static_cast<double>(totals.slowest_ns) / 1e6);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: demo_consumer QUEUE [CURSOR]\n");
    return 2;
  }
  demo::stop_on_signals();
  const auto queue = slickq::Queue::open(argv[1]);
  const std::uint32_t element_size = queue.geometry().element_size();
  if (element_size < sizeof(demo::Tick)) {
    std::fprintf(stderr, "demo_consumer: %s: its elements of %u bytes hold no ticks (64 bytes)\n", argv[1],
                 element_size);
    return 1;
  }
  if (argc == 2) {
    slickq::Consumer consumer(queue, {slickq::Start::At::newest});
    print(argv[1], consume(consumer, element_size));
  } else {
    auto cursor = slickq::NamedCursor::open(slickq::cursor_segment_name(argv[1], argv[2]));
    slickq::SharedConsumer consumer(queue, cursor.cursor());
    print(argv[1], consume(consumer, element_size));
  }
  return 0;
} catch (const slickq::Error& error) {
  std::fprintf(stderr, "demo_consumer: %s\n", error.what());
  return 1;
}
