// What `--instructions` runs under callgrind: one thread pushes a number of messages and pops them.
//
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "plan.hpp"

namespace slickq::bench {

inline constexpr std::uint32_t kProbeMessages = 9600;  // a whole number of batches
inline constexpr std::string_view kPushFunction = "slickq_bench_push";
inline constexpr std::string_view kPopFunction = "slickq_bench_pop";

/// "multi", "single", "batch16"; those that this library has.
std::vector<std::string_view> probe_kinds();

/// Throws Error(invalid_argument) for an unknown kind; CheckFailed.
void run_probe(std::string_view kind, const Plan& plan);

}  // namespace slickq::bench
