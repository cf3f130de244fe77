#include <fstream>
#include <iterator>

#include "finding.hpp"

namespace slickq::cli {
namespace {

constexpr const char* kBlanks = " \t\r\n";

}  // namespace

std::string_view to_string(Health health) noexcept {
  constexpr std::string_view kWords[] = {"ok", "note", "warning", "broken"};
  return kWords[static_cast<std::size_t>(health)];
}

std::string Machine::content(const std::string& path) const {
  std::ifstream file(root + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Machine::first_line(const std::string& path) const {
  const std::string text = content(path);
  const std::string line = text.substr(0, text.find('\n'));
  const std::size_t begin = line.find_first_not_of(kBlanks);
  return begin == std::string::npos ? "" : line.substr(begin, line.find_last_not_of(kBlanks) - begin + 1);
}

Findings examine(const Machine& machine) {
  Findings findings;
  for (const auto group : {check_shm, check_kernel, check_limits, check_cpu}) group(machine, findings);
  return findings;
}

}  // namespace slickq::cli
