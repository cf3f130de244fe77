// What slickq needs of the processor, and what costs speed or makes it uneven.
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string_view>

#include "finding.hpp"
#include "slickq/platform.hpp"

namespace slickq::cli {
namespace {

// Of the first CPU: for each of the others the kernel would have to find out how fast it is.
bool has_flag(const Machine& machine, std::string_view flag) {
  std::ifstream lines(machine.root + "/proc/cpuinfo");
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      if (word == flag) return true;
    }
    return false;
  }
  return false;
}

void check_count(Findings& findings) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  const int count = CPU_COUNT(&allowed);
  findings.push_back({"cpu.count", count > 1 ? Health::ok : Health::warning,
                      fmt::format("{} of {} CPUs may be used", count, sysconf(_SC_NPROCESSORS_ONLN)),
                      count > 1 ? "" : "producer and consumer take turns on one CPU: let them wait by --wait block"});
}

void check_clock(const Machine& machine, Findings& findings) {
  const std::string source = machine.first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  if (source.empty()) return;
  const bool fast = source == "tsc" || source == "kvm-clock" || source.starts_with("hyperv_clocksource_tsc");
  findings.push_back(
      {"cpu.clock", fast ? Health::ok : Health::warning, fmt::format("the clock source is {}", source),
       fast ? "" : "asking for the time is a system call with it; try the kernel option clocksource=tsc"});
}

void check_governor(const Machine& machine, Findings& findings) {
  const std::string governor = machine.first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  if (governor.empty()) return;  // a virtual machine, mostly
  const bool steady = governor == "performance";
  findings.push_back({"cpu.governor", steady ? Health::ok : Health::note,
                      fmt::format("the frequency governor is {}", governor),
                      steady ? "" : "latencies are uneven with it: cpupower frequency-set -g performance"});
}

void check_hypervisor(const Machine& machine, Findings& findings) {
  if (!has_flag(machine, "hypervisor")) return;
  findings.push_back(
      {"cpu.virtual", Health::note, "this is a virtual machine",
       "its CPUs may be taken away for milliseconds: look at the slow end of slickq bench --mode pingpong"});
}

void check_huge_pages(const Machine& machine, Findings& findings) {
  const std::string shmem = machine.first_line("/sys/kernel/mm/transparent_hugepage/shmem_enabled");
  if (shmem.empty()) return;
  const std::size_t begin = shmem.find('[');
  const std::size_t end = shmem.find(']');
  if (begin == std::string::npos || end == std::string::npos) return;
  const std::string chosen = shmem.substr(begin + 1, end - begin - 1);
  const bool denied = chosen == "deny";
  findings.push_back(
      {"cpu.huge-pages", denied ? Health::note : Health::ok, fmt::format("huge pages for shared memory: {}", chosen),
       denied ? "--huge has no effect; echo never > /sys/kernel/mm/transparent_hugepage/shmem_enabled" : ""});
}

}  // namespace

void check_cpu(const Machine& machine, Findings& findings) {
  const PlatformSupport platform = check_platform_support();
  findings.push_back({"cpu.support", platform.supported ? Health::ok : Health::broken, platform.message,
                      platform.supported ? "" : "slickq needs another machine"});
  check_count(findings);
  check_clock(machine, findings);
  check_governor(machine, findings);
  check_huge_pages(machine, findings);
  check_hypervisor(machine, findings);
}

}  // namespace slickq::cli
