// The picture of `slickq bench --plot`: what is delivered over sizes and batches, and how long messages take.
//
// Thread safety: one thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "result.hpp"

namespace slickq::bench {

/// How much of everything the sweep measures: little, so that all of it takes less than a minute.
struct SweepLength {
  std::optional<std::uint64_t> msgs{};
  std::chrono::nanoseconds duration = std::chrono::milliseconds(100);
  std::uint64_t reps = 3;
};

/// One producer and one consumer on the CPUs of `like`: sizes by batches, the reference path, two rates.
void add_sweep(std::vector<Series>& series, const Plan& like, const SweepLength& length);

/// Throws Error when nothing could be written there: before a minute was spent on it.
void require_writable(const std::string& path);
/// Of result.sweep. Throws Error when it cannot be written.
void write_picture(const std::string& path, const Result& result);

}  // namespace slickq::bench
