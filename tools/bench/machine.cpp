#include "machine.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "../values.hpp"
#include "cpus.hpp"
#include "slickq/version.hpp"

namespace slickq::bench {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The value of the first line "key : value" of /proc/cpuinfo, or nothing.
std::string cpuinfo(std::string_view key) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || !line.starts_with(key)) continue;
    const std::size_t value = line.find_first_not_of(' ', colon + 1);
    return value == std::string::npos ? std::string() : line.substr(value);
  }
  return {};
}

// Of "always [madvise] never" the word in brackets.
std::string chosen(const std::string& line) {
  const std::size_t open = line.find('[');
  const std::size_t close = line.find(']');
  return open < close && close != std::string::npos ? line.substr(open + 1, close - open - 1) : std::string();
}

}  // namespace

Machine this_machine() {
  utsname name{};
  uname(&name);
  Machine machine;
  machine.cpu = cpuinfo("model name");
  if (machine.cpu.empty()) machine.cpu = "unknown";
  machine.cpus_allowed = usable_cpus();
  std::ranges::sort(machine.cpus_allowed);
  machine.kernel = fmt::format("{} {} {}", name.sysname, name.release, name.machine);
#if defined(__clang__)
  machine.compiler = "clang " __clang_version__;
#else
  machine.compiler = "g++ " __VERSION__;
#endif
  machine.governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  machine.hypervisor = cpuinfo("flags").find("hypervisor") != std::string::npos;  // no other flag has it in it
  machine.page_bytes = sysconf(_SC_PAGESIZE);
  machine.huge_pages = chosen(first_line("/sys/kernel/mm/transparent_hugepage/shmem_enabled"));
  return machine;
}

cli::Json machine_json(const Machine& machine, const std::vector<int>& pinned_to) {
  const auto or_null = [](const std::string& text) { return text.empty() ? cli::Json(nullptr) : cli::Json(text); };
  cli::Json object;
  object["cpu"] = machine.cpu;
  object["cpus_allowed"] = machine.cpus_allowed;
  object["pinned_to"] = pinned_to;
  object["kernel"] = machine.kernel;
  object["compiler"] = machine.compiler;
  object["governor"] = or_null(machine.governor);
  object["hypervisor"] = machine.hypervisor;
  object["page_bytes"] = machine.page_bytes;
  object["huge_pages"] = or_null(machine.huge_pages);
  object["slickq"] = SLICKQ_VERSION;
  return object;
}

std::string describe(const Machine& machine) {
  std::string text = fmt::format("{}, {} usable, {}, {}", machine.cpu,
                                 cli::count_of(machine.cpus_allowed.size(), "CPU"), machine.kernel, machine.compiler);
  if (machine.hypervisor) text += ", virtual machine";
  if (!machine.governor.empty()) text += ", governor " + machine.governor;
  if (!machine.huge_pages.empty()) text += ", huge pages in shm: " + machine.huge_pages;
  return text;
}

}  // namespace slickq::bench
