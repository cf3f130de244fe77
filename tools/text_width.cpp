#include "text_width.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace slickq::cli {
namespace {

struct WideRange {
  char32_t first;
  char32_t last;
  std::uint8_t width;
};
// The blocks that matter, ascending; not the whole of Unicode's tables.
constexpr std::array kWidthRanges{
    WideRange{0x0300, 0x036F, 0},   WideRange{0x0483, 0x0489, 0},   WideRange{0x0591, 0x05BD, 0},
    WideRange{0x064B, 0x065F, 0},   WideRange{0x1100, 0x115F, 2},   WideRange{0x1AB0, 0x1AFF, 0},
    WideRange{0x1DC0, 0x1DFF, 0},   WideRange{0x200B, 0x200F, 0},   WideRange{0x20D0, 0x20FF, 0},
    WideRange{0x2E80, 0x303E, 2},   WideRange{0x3041, 0xA4CF, 2},   WideRange{0xAC00, 0xD7A3, 2},
    WideRange{0xF900, 0xFAFF, 2},   WideRange{0xFE00, 0xFE0F, 0},   WideRange{0xFE20, 0xFE2F, 0},
    WideRange{0xFE30, 0xFE6F, 2},   WideRange{0xFF00, 0xFF60, 2},   WideRange{0xFFE0, 0xFFE6, 2},
    WideRange{0x1F300, 0x1F64F, 2}, WideRange{0x1F680, 0x1F6FF, 2}, WideRange{0x1F900, 0x1F9FF, 2},
    WideRange{0x20000, 0x3FFFD, 2}, WideRange{0xE0100, 0xE01EF, 0},
};

std::size_t width_of(char32_t point) {
  const auto range = std::ranges::lower_bound(kWidthRanges, point, {}, &WideRange::last);
  return range != kWidthRanges.end() && point >= range->first ? range->width : 1;
}

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

// The first of `text`, which is not empty. Overlong forms, surrogates and what is cut short are not valid.
CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  if (byte(0) < 0x80) return {byte(0), 1, true};
  const std::size_t bytes = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < bytes) return {};
  char32_t value = byte(0) & (0xFFU >> (bytes + 1));
  for (std::size_t k = 1; k < bytes; ++k) {
    if ((byte(k) & 0xC0U) != 0x80) return {};
    value = value << 6 | (byte(k) & 0x3FU);
  }
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kSmallest[bytes] || value > 0x10FFFF || surrogate) return {};
  return {value, bytes, true};
}

bool is_control_point(char32_t point) { return point < 0x20 || (point >= 0x7F && point < 0xA0); }

// Those that turn the direction of a line, or end it.
bool rearranges_line(char32_t point) {
  return point == 0x2028 || point == 0x2029 || (point >= 0x202A && point <= 0x202E) ||
         (point >= 0x2066 && point <= 0x2069);
}

}  // namespace

std::string clean_text(std::string_view text, Charset charset) {
  std::string clean;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const bool fine = point.valid && !is_control_point(point.value) && !rearranges_line(point.value) &&
                      (charset == Charset::utf8 || point.value < 0x80);
    if (fine) clean += text.substr(0, point.bytes);
    if (!fine) clean += '?';
    text.remove_prefix(point.bytes);
  }
  return clean;
}

std::size_t text_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    width += width_of(point.value);
    text.remove_prefix(point.bytes);
  }
  return width;
}

std::string clip_text(std::string_view text, std::size_t width) {
  if (text_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t kept = 0;
  for (std::size_t used = 0; kept < text.size();) {
    const CodePoint point = first_code_point(text.substr(kept));
    used += width_of(point.value);
    if (used > width - 1) break;
    kept += point.bytes;
  }
  return std::string(text.substr(0, kept)) + '~';
}

std::string fit_text(std::string_view text, std::size_t width, bool to_the_right) {
  const std::string clipped = clip_text(text, width);
  const std::string space(width - text_width(clipped), ' ');
  return to_the_right ? space + clipped : clipped + space;
}

std::string human_count(double count) {
  constexpr std::string_view kSuffixes = "KMGTPE";
  if (count < 10 && count != std::floor(count)) return fmt::format("{:.1f}", count);
  if (count < 999.5) return fmt::format("{:.0f}", count);
  std::size_t suffix = 0;
  for (count /= 1000; count >= 999.5 && suffix + 1 < kSuffixes.size(); count /= 1000) ++suffix;
  const int decimals = count < 9.995 ? 2 : count < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}{}", count, decimals, kSuffixes[suffix]);
}

}  // namespace slickq::cli
