#include "together.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <string_view>
#include <thread>

#include "bench/cpus.hpp"

namespace slickq::peers {
namespace {

// The process is the worker that the parent waits for, and its words are in the consumer's report.
[[noreturn]] void give_up(const Post& consumer, std::string_view words) noexcept {
  auto& failure = consumer.report->failure;
  std::memcpy(failure.data(), words.data(), std::min(words.size(), failure.size() - 1));
  _exit(1);
}

}  // namespace

void produce_and_consume(Link& link, const Post& producer, int producer_cpu, const Post& consumer, int consumer_cpu) {
  std::thread other([&] {
    try {
      bench::pin_to(producer_cpu);
      link.produce(producer);
    } catch (const std::exception& error) {
      give_up(consumer, error.what());
    }
  });
  try {
    bench::pin_to(consumer_cpu);
    link.consume(consumer);
  } catch (const std::exception& error) {
    give_up(consumer, error.what());  // the producer may wait for a queue that nobody empties any more
  }
  other.join();
}

}  // namespace slickq::peers
