// What this process, and what it starts, may use.
#include <fmt/format.h>
#include <sys/resource.h>

#include <charconv>

#include "../values.hpp"
#include "finding.hpp"

namespace slickq::cli {
namespace {

struct LimitRow {
  const char* check;
  int resource;
  rlim_t enough;
  const char* what;  // {} is the limit
  const char* remedy;
};

constexpr rlim_t kMany = 4096;

constexpr LimitRow kLimits[] = {
    {"limits.memlock", RLIMIT_MEMLOCK, rlim_t{64} << 20, "{} may be locked into memory: --mlock takes no more",
     "LimitMEMLOCK= in the unit, or memlock in /etc/security/limits.conf"},
    {"limits.nofile", RLIMIT_NOFILE, kMany, "{} files may be open at once: each queue that is held takes one or two",
     "LimitNOFILE= in the unit, or nofile in /etc/security/limits.conf"},
    {"limits.fsize", RLIMIT_FSIZE, RLIM_INFINITY, "a file may have {}: no queue is larger", "ulimit -f unlimited"},
};

std::string text_of(const LimitRow& row, rlim_t value) {
  if (value == RLIM_INFINITY) return "no limit";
  return row.resource == RLIMIT_NOFILE ? std::to_string(value) : human_bytes(value);
}

// tmpfs pages count against the memory of the control group that first touched them.
void check_memory(const Machine& machine, Findings& findings) {
  const std::string group = machine.first_line("/proc/self/cgroup");
  const std::size_t path = group.rfind(':');
  if (path == std::string::npos) return;
  const std::string below = group.substr(path + 1) == "/" ? "" : group.substr(path + 1);
  const std::string limit = machine.first_line(fmt::format("/sys/fs/cgroup{}/memory.max", below));
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(limit.data(), limit.data() + limit.size(), bytes);
  if (error != std::errc() || limit.empty()) return;  // "max", or no control group of the second version
  findings.push_back(
      {"limits.memory", Health::note,
       fmt::format("this control group may use {}, the queues it touches first among it", human_bytes(bytes)),
       "beyond it processes are killed; MemoryMax= in the unit, --memory of the container"});
}

void check_swap(const Machine& machine, Findings& findings) {
  const std::string swaps = machine.content("/proc/swaps");
  const bool any = swaps.find('\n') != std::string::npos && swaps.find('\n') + 1 < swaps.size();
  if (!any) return;
  findings.push_back({"limits.swap", Health::note, "there is swap space: pages of a queue may be written to it",
                      "slickq create --mlock keeps them in memory as long as its holder lives"});
}

}  // namespace

void check_limits(const Machine& machine, Findings& findings) {
  for (const LimitRow& row : kLimits) {
    rlimit limit{};
    if (getrlimit(static_cast<__rlimit_resource>(row.resource), &limit) != 0) continue;
    const bool enough = limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= row.enough;
    const std::string evidence = fmt::format(fmt::runtime(row.what), text_of(row, limit.rlim_cur));
    if (!enough) findings.push_back({row.check, Health::note, evidence, row.remedy});
  }
  check_memory(machine, findings);
  check_swap(machine, findings);
}

}  // namespace slickq::cli
