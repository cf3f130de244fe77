// Where a measurement was made: a number without it says nothing.
//
// Thread safety: any thread.
#pragma once

#include <string>
#include <vector>

#include "../json.hpp"

namespace slickq::bench {

struct Machine {
  std::string cpu;                ///< model name, "unknown" when the kernel does not tell
  std::vector<int> cpus_allowed;  ///< those this process may use
  std::string kernel;             ///< release and architecture
  std::string compiler;
  std::string governor;     ///< empty where frequencies are not governed
  bool hypervisor = false;  ///< the CPU says that it is a virtual one
  long page_bytes = 0;
  std::string huge_pages;  ///< of shared memory: "never", "advise", ...; empty: unknown
};

Machine this_machine();
cli::Json machine_json(const Machine& machine, const std::vector<int>& pinned_to);
/// In one line.
std::string describe(const Machine& machine);

}  // namespace slickq::bench
