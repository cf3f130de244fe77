// One repetition: fresh queues, fresh processes, and a sample that was checked.
//
// Thread safety: one thread.
// Crash: the queues lose their names as soon as every worker has opened them, so even a killed benchmark leaves
// nothing; before that they are removed by the destructor, on Ctrl-C as well.
#pragma once

#include <cstdint>

#include "histogram.hpp"
#include "plan.hpp"

namespace slickq::bench {

struct Sample {
  std::uint64_t sent = 0;      ///< messages
  std::uint64_t received = 0;  ///< messages; this and all below summed over the consumers
  std::uint64_t missing = 0;   ///< messages: received + missing == sent, for each consumer
  std::uint64_t torn = 0;
  std::uint64_t lost = 0;      ///< elements
  std::uint64_t skipped = 0;   ///< elements
  std::uint64_t distance = 0;  ///< elements: received + lost + skipped
  double seconds = 0;
  double delivered_per_s = 0;  ///< messages, the mean of the consumers
  double cpu_s = 0;            ///< of all workers
  Histogram latency;           ///< nanoseconds one way; empty where it is not measured
};

/// Throws Error when a worker fails or a check does not hold; Interrupted.
Sample run_once(const Plan& plan);

struct Report;
/// Throws Error(system) with what is wrong when a consumer's account does not add up. `sent`: messages for it.
void require_sound(const Plan& plan, std::uint32_t consumer, const Report& report, std::uint64_t sent);

}  // namespace slickq::bench
