// What a worker knows of the run it belongs to, and the steps that all workers have in common.
//
// Thread safety: each process has its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control.hpp"
#include "payload.hpp"
#include "plan.hpp"

namespace slickq::bench {

struct Post {
  const Plan* plan;
  Control* control;
  std::vector<std::string> queues;  ///< pingpong: there and back
  std::uint32_t number;             ///< among the producers, or the consumers
  Report* report;

  Form form() const noexcept;
  /// I have opened what I need; returns when all have.
  void take_place() const noexcept;
  /// I have warmed up; returns when all have.
  void be_warm() const noexcept;
};

/// Sends two laps of the ring before anything counts: every page is mapped, every slot was used.
inline constexpr std::uint64_t kWarmUpLaps = 2;

/// How much of a part a producer sends: so many messages, or as many as until a time.
struct Quota {
  static constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 46;
  std::uint64_t messages = kUnlimited;
  std::uint64_t until_ns = ~std::uint64_t{0};
};
Quota warm_up_quota(const Plan& plan) noexcept;
/// Begins now. Of a ping-pong: round trips, half of the messages.
Quota measured_quota(const Plan& plan, std::uint32_t producer) noexcept;

/// CPU seconds of this process so far.
double cpu_seconds() noexcept;

/// From its birth to stop(): start, end and CPU time of the measured part into the report.
class Stopwatch {
 public:
  explicit Stopwatch(Report& report) noexcept;
  void stop(std::uint64_t ended = now_ns()) noexcept;

 private:
  Report* report_;
  double cpu_at_start_;
};

}  // namespace slickq::bench
