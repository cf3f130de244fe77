// A queue between threads of one process. No name, no file: the memory is the program's own.
//
// Two threads push, one takes. Each producer's items arrive in the order it pushed them; the two are
// interleaved.
#include <array>
#include <cstdio>
#include <cstring>
#include <slickq/slickq.hpp>
#include <thread>

namespace {

struct Reading {
  std::uint32_t sensor;
  std::uint32_t number;
};

constexpr std::uint32_t kReadings = 1000;

// A Producer belongs to one thread; each thread makes its own on the shared queue.
void measure(slickq::Queue& queue, std::uint32_t sensor) {
  slickq::Producer producer(queue);
  for (std::uint32_t number = 0; number < kReadings; ++number) {
    const Reading reading{sensor, number};
    producer.push(std::as_bytes(std::span(&reading, 1)));
  }
}

}  // namespace

int main() {
  // There is no backpressure: a producer overwrites what is one lap behind. 4096 elements hold all 2000
  // readings, so nothing can be lost here however late the consumer is.
  auto queue = slickq::Queue::local(slickq::Geometry::make(slickq::Layout::slq1, 4096, sizeof(Reading)));
  slickq::Consumer consumer(queue);

  std::thread first(measure, std::ref(queue), 0u);
  std::thread second(measure, std::ref(queue), 1u);

  std::array<std::uint32_t, 2> expected{};
  bool in_order = true;
  while (expected[0] + expected[1] < 2 * kReadings) {
    Reading reading{};
    const auto result = consumer.pop_into(std::as_writable_bytes(std::span(&reading, 1)));
    if (result.what != slickq::Pop::item) {
      std::this_thread::yield();  // empty: nothing to take yet
      continue;
    }
    in_order = in_order && reading.number == expected[reading.sensor];
    ++expected[reading.sensor];
  }
  first.join();
  second.join();

  std::printf("received %u readings, lost %llu, each sensor in order: %s\n", expected[0] + expected[1],
              static_cast<unsigned long long>(consumer.lost_elements()), in_order ? "yes" : "no");
  return in_order && consumer.lost_elements() == 0 ? 0 : 1;
}
