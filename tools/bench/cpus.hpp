// Which CPUs the workers run on.
//
// Thread safety: any thread.
#pragma once

#include <string_view>
#include <vector>

namespace slickq::bench {

/// CPUs this process may use: first one of each core, then the other hardware threads of those.
std::vector<int> usable_cpus();

/// "2,3"; throws Error(invalid_argument) for what is no list of CPUs, or names one that may not be used.
std::vector<int> parse_cpus(std::string_view flag, std::string_view text);

/// The calling thread runs on `cpu` from here on. Throws Error(system).
void pin_to(int cpu);

}  // namespace slickq::bench
