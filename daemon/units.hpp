// Text of the config and of the status: durations, percentages, modes, times.
//
// Thread safety: pure functions.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "clock.hpp"

namespace slickqd {

/// "500ms", "2s", "10m", "1h": a whole number and a unit, nothing else.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "50%": a number of 0..100 with a percent sign; "12.5%" is good too.
std::optional<double> parse_percent(std::string_view text);
/// "0660": three or four octal digits, permission bits only.
std::optional<mode_t> parse_mode(std::string_view text);

/// "0660"
std::string format_mode(mode_t mode);
/// "2026-01-31T12:00:00.123Z"
std::string format_time(WallTime time);
/// "5.0 MiB"
std::string format_bytes(std::uint64_t bytes);
/// "1 queue", "2 queues"
std::string count_of_queues(std::size_t count);
/// No longer than `most` bytes: what is longer is cut between two characters (UTF-8), and ends with "...".
std::string shortened(std::string_view text, std::size_t most);
/// Whole milliseconds.
std::int64_t in_ms(std::chrono::steady_clock::duration duration);

}  // namespace slickqd
