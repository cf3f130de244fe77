// A ticker: pushes prices into an existing queue at a steady rate until it is told to stop.
//
//   demo_producer QUEUE RATE [SYMBOL]     RATE: ticks a second
#include <unistd.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <slickq/slickq.hpp>
#include <thread>

#include "demo_tick.hpp"

namespace {

using Clock = std::chrono::steady_clock;

const char* why(slickq::Push result) {
  switch (result) {
    case slickq::Push::too_large: return "a tick (64 bytes) does not fit into an element of this queue";
    case slickq::Push::obstructed: return "another producer stands still in the only place a tick could go";
    default: return "the queue's index is used up; reset or recreate it";
  }
}

// Ticks are due at start + k / rate: one that was sent late does not delay the ones behind it.
int run(slickq::Queue& queue, double rate, const char* symbol) {
  slickq::Producer producer(queue);
  std::mt19937 random{std::random_device{}()};
  std::normal_distribution<double> step(0.0, 0.02);
  demo::Tick tick{0, 0, 100.0, 1, static_cast<std::uint32_t>(getpid()), {}};
  std::snprintf(tick.symbol, sizeof tick.symbol, "%s", symbol);

  const auto start = Clock::now();
  auto pushed = slickq::Push::pushed;
  while (demo::stopping == 0 && pushed == slickq::Push::pushed) {
    const std::chrono::duration<double> due(static_cast<double>(tick.sequence) / rate);
    std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(due));
    ++tick.sequence;
    tick.price += step(random);
    tick.sent_ns = std::chrono::nanoseconds(Clock::now().time_since_epoch()).count();
    pushed = producer.push(std::as_bytes(std::span(&tick, 1)));
  }
  std::printf("demo_producer: %s: pushed %llu ticks\n", queue.name().c_str(),
              static_cast<unsigned long long>(producer.pushed_items()));
  if (pushed == slickq::Push::pushed) return 0;
  std::fprintf(stderr, "demo_producer: %s: %s\n", queue.name().c_str(), why(pushed));
  return 1;
}

}  // namespace

int main(int argc, char** argv) try {
  const double rate = argc >= 3 ? std::strtod(argv[2], nullptr) : 0;
  if (argc < 3 || argc > 4 || !(rate > 0)) {
    std::fprintf(stderr, "usage: demo_producer QUEUE RATE [SYMBOL]   (RATE: ticks a second, more than 0)\n");
    return 2;
  }
  demo::stop_on_signals();
  auto queue = slickq::Queue::open(argv[1]);
  return run(queue, rate, argc == 4 ? argv[3] : "ACME");
} catch (const slickq::Error& error) {
  std::fprintf(stderr, "demo_producer: %s\n", error.what());
  return 1;
}
