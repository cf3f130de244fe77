#include "values.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "slickq/error.hpp"

namespace slickq::cli {
namespace {

[[noreturn]] void bad_value(std::string_view flag, std::string_view text, std::string_view what) {
  throw Error(Errc::invalid_argument, std::string(flag), fmt::format("'{}' is not {}", text, what));
}

template <class T>
std::optional<T> whole(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Unit {
  std::string_view name;
  double nanoseconds;
};
constexpr std::array kUnits{Unit{"us", 1e3}, Unit{"ms", 1e6},   Unit{"s", 1e9},
                            Unit{"m", 60e9}, Unit{"h", 3600e9}, Unit{"", 1e9}};

std::optional<double> decimal(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

std::uint64_t parse_number(std::string_view flag, std::string_view text) {
  const auto value = whole<std::uint64_t>(text);
  if (!value) bad_value(flag, text, "a whole number");
  return *value;
}

std::uint64_t parse_size(std::string_view flag, std::string_view text) {
  constexpr std::string_view kWhat = "a size such as 1024, 64K, 1M or 2G";
  constexpr std::string_view kSuffixes = "KkMmGg";
  unsigned shift = 0;
  std::string_view digits = text;
  if (!text.empty()) {
    const std::size_t suffix = kSuffixes.find(text.back());
    if (suffix != std::string_view::npos) {
      shift = 10 * (static_cast<unsigned>(suffix) / 2 + 1);
      digits.remove_suffix(1);
    }
  }
  const auto value = whole<std::uint64_t>(digits);
  if (!value || *value > std::numeric_limits<std::uint64_t>::max() >> shift) bad_value(flag, text, kWhat);
  return *value << shift;
}

std::chrono::nanoseconds parse_duration(std::string_view flag, std::string_view text) {
  constexpr double kYear = 365.0 * 24 * 3600e9;
  const std::size_t unit_at = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto value = decimal(text.substr(0, unit_at));
  for (const Unit& unit : kUnits) {
    if (!value || unit.name != text.substr(unit_at)) continue;
    const double nanoseconds = *value * unit.nanoseconds;
    if (nanoseconds < 1 || nanoseconds > kYear) break;
    return std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds));
  }
  bad_value(flag, text, "a duration such as 500ms, 2s or 1m");
}

std::chrono::nanoseconds parse_interval(std::string_view flag, std::string_view text) {
  const auto interval = parse_duration(flag, text);
  if (interval < std::chrono::milliseconds(10)) bad_value(flag, text, "an interval: 10ms is the shortest");
  return interval;
}

double parse_rate(std::string_view flag, std::string_view text) {
  const auto value = decimal(text);
  if (!value || *value <= 0) bad_value(flag, text, "a rate (a number above zero, so many a second)");
  return *value;
}

mode_t parse_mode(std::string_view flag, std::string_view text) {
  const auto value = whole<std::uint32_t>(text, 8);
  if (!value || *value > 0777) bad_value(flag, text, "a mode such as 0660 (octal, at most 0777)");
  return *value;
}

uid_t parse_user(std::string_view flag, std::string_view text) {
  if (const auto number = whole<uid_t>(text)) return *number;
  const passwd* entry = getpwnam(std::string(text).c_str());
  if (entry == nullptr) bad_value(flag, text, "a user of this machine");
  return entry->pw_uid;
}

gid_t parse_group(std::string_view flag, std::string_view text) {
  if (const auto number = whole<gid_t>(text)) return *number;
  const group* entry = getgrnam(std::string(text).c_str());
  if (entry == nullptr) bad_value(flag, text, "a group of this machine");
  return entry->gr_gid;
}

Position parse_position(std::string_view flag, std::string_view text) {
  if (text == "begin") return {Position::At::begin, 0};
  if (text == "end") return {Position::At::end, 0};
  const bool back = text.starts_with('-');
  const auto value = whole<std::uint64_t>(back ? text.substr(1) : text);
  if (!value) bad_value(flag, text, "a position: begin, end, -N (N items before the end) or an index");
  return {back ? Position::At::back : Position::At::index, *value};
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::string_view kSuffixes = "KMGTPE";
  if (bytes < 1024) return std::to_string(bytes);
  double value = static_cast<double>(bytes);
  std::size_t suffix = 0;
  for (value /= 1024; value >= 1024 && suffix + 1 < kSuffixes.size(); value /= 1024) ++suffix;
  return fmt::format("{:.1f}{}", value, kSuffixes[suffix]);
}

std::string human_age(std::chrono::nanoseconds age) {
  using std::chrono::seconds;
  struct Unit {
    seconds length;
    std::string_view letter;
  };
  constexpr Unit kUnits[] = {{seconds(86400), "d"}, {seconds(3600), "h"}, {seconds(60), "m"}, {seconds(1), "s"}};
  for (const Unit& unit : kUnits) {
    if (age >= unit.length) return fmt::format("{}{}", age / unit.length, unit.letter);
  }
  return fmt::format("{}ms", age / std::chrono::milliseconds(1));
}

std::string count_of(std::uint64_t count, std::string_view noun) {
  if (count == 1) return fmt::format("1 {}", noun);
  return noun.ends_with("ss") ? fmt::format("{} {}es", count, noun) : fmt::format("{} {}s", count, noun);
}

}  // namespace slickq::cli
