// The values people type: sizes, durations, modes, users, positions in a ring.
//
// Thread safety: pure functions but parse_user() and parse_group(), which ask the user database.
// Contract: `flag` is what the value was given to and becomes the object of the Error(invalid_argument) a bad
// value throws.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace slickq::cli {

/// A plain number, no unit.
std::uint64_t parse_number(std::string_view flag, std::string_view text);
/// 1024, 64K, 1M, 2G (powers of 1024; small letters too).
std::uint64_t parse_size(std::string_view flag, std::string_view text);
/// 500us, 500ms, 2s, 1.5m, 1h; a number without a unit is seconds. More than zero.
std::chrono::nanoseconds parse_duration(std::string_view flag, std::string_view text);
/// The same, and no less than 10 ms: time between two rounds of something that is looked at.
std::chrono::nanoseconds parse_interval(std::string_view flag, std::string_view text);
/// A number above zero, fractions allowed: so many a second.
double parse_rate(std::string_view flag, std::string_view text);
/// Octal permission bits, 0660 or 660.
mode_t parse_mode(std::string_view flag, std::string_view text);
/// A name from the user database, or a number.
uid_t parse_user(std::string_view flag, std::string_view text);
gid_t parse_group(std::string_view flag, std::string_view text);

/// Where to begin in a ring: begin, end, -N (N items before the end) or an index.
struct Position {
  enum class At : std::uint8_t { begin, end, back, index } at = At::begin;
  std::uint64_t value = 0;
};
Position parse_position(std::string_view flag, std::string_view text);

/// "272.1K": for people; scripts get the number.
std::string human_bytes(std::uint64_t bytes);
/// "350ms", "12m", "3d": whole units, rounded down.
std::string human_age(std::chrono::nanoseconds age);
/// "1 element", "12 elements".
std::string count_of(std::uint64_t count, std::string_view noun);

}  // namespace slickq::cli
