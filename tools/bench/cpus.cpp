#include "cpus.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>

#include "../values.hpp"
#include "slickq/error.hpp"

namespace slickq::bench {
namespace {

std::vector<int> allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) throw system_failure("CPUs", "sched_getaffinity", errno);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) cpus.push_back(cpu);
  }
  return cpus;
}

// Package and core; CPUs of whom the kernel tells nothing are cores of their own.
std::string core_of(int cpu) {
  const std::string folder = fmt::format("/sys/devices/system/cpu/cpu{}/topology/", cpu);
  std::ifstream package(folder + "physical_package_id");
  std::ifstream core(folder + "core_id");
  std::string package_id, core_id;
  if (!(package >> package_id) || !(core >> core_id)) return fmt::format("cpu {}", cpu);
  return package_id + ":" + core_id;
}

}  // namespace

std::vector<int> usable_cpus() {
  const std::vector<int> allowed = allowed_cpus();
  std::vector<int> first;
  std::vector<int> siblings;
  std::vector<std::string> cores;
  for (const int cpu : allowed) {
    std::string core = core_of(cpu);
    const bool known = std::ranges::find(cores, core) != cores.end();
    (known ? siblings : first).push_back(cpu);
    if (!known) cores.push_back(std::move(core));
  }
  first.insert(first.end(), siblings.begin(), siblings.end());
  return first;
}

std::vector<int> parse_cpus(std::string_view flag, std::string_view text) {
  const std::vector<int> allowed = allowed_cpus();
  std::vector<int> cpus;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::uint64_t cpu = cli::parse_number(flag, text.substr(from, comma - from));
    const bool usable = std::ranges::any_of(allowed, [&](int a) { return static_cast<std::uint64_t>(a) == cpu; });
    if (!usable) {
      throw Error(Errc::invalid_argument, std::string(flag), fmt::format("there is no CPU {} for this process", cpu),
                  fmt::format("it may use {}", fmt::join(allowed, ",")));
    }
    cpus.push_back(static_cast<int>(cpu));
    from = comma + 1;
  }
  return cpus;
}

void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) {
    throw system_failure(fmt::format("CPU {}", cpu), "sched_setaffinity", errno);
  }
}

}  // namespace slickq::bench
