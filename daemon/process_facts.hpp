// What slickqd itself uses, as the kernel says: the numbers behind the process_* metrics.
//
// Thread safety: pure reading.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace slickqd {

struct ProcessFacts {
  double cpu_seconds = 0;  ///< user and system
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;  ///< the soft limit
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t threads = 0;
};

/// `dir`: /proc/PID of the calling process. Nothing when it cannot be read.
std::optional<ProcessFacts> process_facts(const std::string& dir = "/proc/self");

}  // namespace slickqd
