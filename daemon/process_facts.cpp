#include "process_facts.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

namespace slickqd {
namespace {

// Fields of proc(5)'s stat, counted from 1 as there; the first three are the pid, the command and the state.
constexpr std::size_t kUserTicks = 14;
constexpr std::size_t kSystemTicks = 15;
constexpr std::size_t kThreads = 20;
constexpr std::size_t kVirtualBytes = 23;
constexpr std::size_t kResidentPages = 24;
constexpr std::size_t kFirst = 4;  // of those that are numbers
using Fields = std::array<std::int64_t, kResidentPages - kFirst + 1>;

std::optional<Fields> stat_fields(const std::string& file) {
  std::ifstream stream(file);
  std::string text((std::istreambuf_iterator<char>(stream)), {});
  const auto command_end = text.rfind(") ");  // the command may hold blanks and parentheses
  if (command_end == std::string::npos || command_end + 3 > text.size()) return std::nullopt;
  std::istringstream numbers(text.substr(command_end + 3));
  Fields fields{};
  for (auto& field : fields) {
    if (!(numbers >> field)) return std::nullopt;
  }
  return fields;
}

std::uint64_t entries_in(const std::string& dir) {
  std::error_code ignored;
  const std::filesystem::directory_iterator entries(dir, ignored);
  return static_cast<std::uint64_t>(std::distance(begin(entries), end(entries)));
}

}  // namespace

std::optional<ProcessFacts> process_facts(const std::string& dir) {
  const auto fields = stat_fields(dir + "/stat");
  if (!fields) return std::nullopt;
  const auto at = [&](std::size_t number) { return static_cast<std::uint64_t>((*fields)[number - kFirst]); };
  ProcessFacts facts;
  facts.cpu_seconds =
      static_cast<double>(at(kUserTicks) + at(kSystemTicks)) / static_cast<double>(sysconf(_SC_CLK_TCK));
  facts.threads = at(kThreads);
  facts.virtual_bytes = at(kVirtualBytes);
  facts.resident_bytes = at(kResidentPages) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::uint64_t listed = entries_in(dir + "/fd");
  facts.open_fds = listed - std::min<std::uint64_t>(listed, 1);  // without the one that read the directory
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.max_fds = limit.rlim_cur;
  return facts;
}

}  // namespace slickqd
