// One repetition: fresh queues, fresh processes, and a sample that was checked.
//
// Thread safety: one thread.
// Crash: the queues lose their names as soon as every worker has opened them, so even a killed benchmark leaves
// nothing; before that they are removed by the destructor, on Ctrl-C as well.
#pragma once

#include <cstdint>

#include "histogram.hpp"
#include "plan.hpp"
#include "tally.hpp"

namespace slickq::bench {

/// The tally is summed over the consumers.
struct Sample : Tally {
  std::uint64_t sent = 0;  ///< messages
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
