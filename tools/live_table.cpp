#include "live_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

namespace slickq::cli {
namespace {

constexpr const char* kNoValue = "-";
constexpr std::size_t kGapBetween = 2;
constexpr std::size_t kLeastTrend = 8;
constexpr std::size_t kMostTrend = 40;
constexpr unsigned kMattersMost = 4;
constexpr unsigned kTrendImportance = 5;
constexpr std::size_t kReadable = 16;

using Sample = QueueSample;

std::string count_cell(double count, Units units) {
  return units == Units::human ? human_count(count) : fmt::format("{:.0f}", count);
}
std::string index_cell(std::uint64_t index, Units units) {
  return units == Units::human ? human_count(static_cast<double>(index)) : std::to_string(index);
}
std::string percent_cell(double percent, Units units) {
  return units == Units::human && percent >= 1000 ? human_count(percent) : fmt::format("{:.1f}", percent);
}
std::string rate_cell(std::optional<double> rate, Units units) {
  return rate ? count_cell(*rate, units) : std::string(kNoValue);
}
// Of a queue without numbers nothing stands in the cells but its name and why.
template <class Get>
std::string when_there(const Sample& sample, Get get) {
  return sample.is_there() ? get() : std::string(kNoValue);
}
template <class Get>
std::string of_worst(const Sample& sample, Get get) {
  const CursorSample* worst = sample.worst_cursor();
  return sample.is_there() && worst != nullptr ? get(*worst) : std::string(kNoValue);
}
double number_of(const Sample& sample, std::uint64_t number) {
  return sample.is_there() ? static_cast<double>(number) : kUnknownValue;
}
double worst_lag(const Sample& sample, double (*get)(const CursorSample&)) {
  const CursorSample* worst = sample.worst_cursor();
  return sample.is_there() && worst != nullptr ? get(*worst) : kUnknownValue;
}

constexpr std::array kLiveColumns{
    LiveColumn{"name", false, 0, 8, 'n', [](const Sample& s, Units) { return s.name; }, nullptr},
    LiveColumn{"rate", true, 1, 6, 'r', [](const Sample& s, Units u) { return rate_cell(s.published_per_s, u); },
               [](const Sample& s) { return s.published_per_s.value_or(kUnknownValue); }},
    LiveColumn{"reserved", true, 8, 8, 'v',
               [](const Sample& s, Units u) { return when_there(s, [&] { return index_cell(s.scan.reserved, u); }); },
               [](const Sample& s) { return number_of(s, s.scan.reserved); }},
    LiveColumn{"published", true, 9, 9, 'p',
               [](const Sample& s, Units u) { return when_there(s, [&] { return index_cell(s.scan.published, u); }); },
               [](const Sample& s) { return number_of(s, s.scan.published); }},
    LiveColumn{"gap", true, 2, 5, 'g',
               [](const Sample& s, Units u) { return when_there(s, [&] { return index_cell(s.gap(), u); }); },
               [](const Sample& s) { return number_of(s, s.gap()); }},
    LiveColumn{
        "unpublished", true, 12, 11, 'u',
        [](const Sample& s, Units u) { return when_there(s, [&] { return index_cell(s.scan.unpublished, u); }); },
        [](const Sample& s) { return number_of(s, s.scan.unpublished); }},
    LiveColumn{
        "holes", true, 10, 5, 'o',
        [](const Sample& s, Units u) { return when_there(s, [&] { return index_cell(s.scan.holes.size(), u); }); },
        [](const Sample& s) { return number_of(s, s.scan.holes.size()); }},
    LiveColumn{"cursor", false, 11, 6, 'c',
               [](const Sample& s, Units) { return of_worst(s, [](const CursorSample& c) { return c.cursor; }); },
               nullptr},
    LiveColumn{
        "lag", true, 6, 5, 'l',
        [](const Sample& s, Units u) {
          return of_worst(s, [&](const CursorSample& c) { return index_cell(c.lag, u); });
        },
        [](const Sample& s) { return worst_lag(s, [](const CursorSample& c) { return static_cast<double>(c.lag); }); }},
    LiveColumn{"lag%", true, 3, 5, '%',
               [](const Sample& s, Units u) {
                 return of_worst(s, [&](const CursorSample& c) { return percent_cell(c.lag_percent, u); });
               },
               [](const Sample& s) { return worst_lag(s, [](const CursorSample& c) { return c.lag_percent; }); }},
    LiveColumn{"lost", true, 7, 5, 't', [](const Sample& s, Units u) { return index_cell(s.lost, u); },
               [](const Sample& s) { return static_cast<double>(s.lost); }},
    LiveColumn{"lost/s", true, 10, 6, 'x', [](const Sample& s, Units u) { return rate_cell(s.lost_per_s, u); },
               [](const Sample& s) { return s.lost_per_s.value_or(kUnknownValue); }},
    LiveColumn{"state", false, 4, 7, 's', [](const Sample& s, Units) { return state_of_sample(s); }, nullptr},
};

// One of the columns, while it is decided which fit.
struct ColumnCandidate {
  std::size_t column;
  unsigned importance;
  std::size_t least;
  std::size_t natural;
  bool text;
  std::size_t width = 0;  // 0: not shown
};

std::vector<ColumnCandidate> candidates_for(std::span<const std::size_t> natural, bool trend) {
  std::vector<ColumnCandidate> all;
  for (std::size_t k = 0; k < kLiveColumns.size(); ++k) {
    const LiveColumn& column = kLiveColumns[k];
    // Half a number is none: it takes all it needs, or is not there.
    const std::size_t least = column.number ? std::max(column.least, natural[k]) : column.least;
    all.push_back({k, column.importance, least, std::max(natural[k], column.least), !column.number});
    if (k == 0 && trend) all.push_back({kLiveColumns.size(), kTrendImportance, kLeastTrend, kMostTrend, true});
  }
  return all;
}

// U+2581 to U+2588 are three bytes each and follow one another.
std::string bar(std::size_t level, Charset charset) {
  constexpr std::string_view kAscii = "_.:-=+*#";
  if (charset == Charset::ascii) return std::string(1, kAscii[level]);
  return std::string("\xE2\x96") + static_cast<char>(0x81 + level);
}

}  // namespace

std::span<const LiveColumn> live_columns() noexcept { return kLiveColumns; }

std::vector<PlacedColumn> place_columns(std::span<const std::size_t> natural, std::size_t width, bool trend) {
  std::vector<ColumnCandidate> all = candidates_for(natural, trend);
  std::vector<ColumnCandidate*> by_importance;
  for (ColumnCandidate& candidate : all) by_importance.push_back(&candidate);
  std::ranges::stable_sort(by_importance, {}, &ColumnCandidate::importance);

  by_importance.front()->width = std::min(by_importance.front()->least, width);
  std::size_t left = width - by_importance.front()->width;
  const auto place_those_up_to = [&](unsigned importance) {
    for (ColumnCandidate* candidate : by_importance) {
      if (candidate->width != 0 || candidate->importance > importance) continue;
      if (candidate->least + kGapBetween > left) continue;
      candidate->width = candidate->least;
      left -= candidate->least + kGapBetween;
    }
  };
  const auto widen_texts = [&](std::size_t most) {
    for (ColumnCandidate* candidate : by_importance) {
      const std::size_t wished = std::min(candidate->natural, most);
      if (candidate->width == 0 || wished <= candidate->width) continue;
      const std::size_t more = std::min(left, wished - candidate->width);
      candidate->width += more;
      left -= more;
    }
  };
  // A name that can be read is worth more than another number.
  place_those_up_to(kMattersMost);
  widen_texts(kReadable);
  place_those_up_to(std::numeric_limits<unsigned>::max());
  widen_texts(std::numeric_limits<std::size_t>::max());

  std::vector<PlacedColumn> placed;
  for (const ColumnCandidate& candidate : all) {
    if (candidate.width != 0) placed.push_back({candidate.column, candidate.width});
  }
  return placed;
}

std::vector<std::size_t> natural_widths(const std::vector<QueueSample>& samples, Units units) {
  std::vector<std::size_t> widths;
  for (const LiveColumn& column : kLiveColumns) {
    std::size_t width = std::max(column.title.size(), column.least);
    for (const QueueSample& sample : samples) width = std::max(width, text_width(live_cell(column, sample, units)));
    widths.push_back(width);
  }
  return widths;
}

std::string live_cell(const LiveColumn& column, const QueueSample& sample, Units units, Charset charset) {
  return clean_text(column.cell(sample, units), charset);
}

std::string sparkline(std::span<const double> rates, std::size_t width, Charset charset) {
  constexpr double kLevels = 7;  // above the one for nothing at all
  if (rates.size() > width) rates = rates.last(width);
  const double most = rates.empty() ? 0 : std::ranges::max(rates);
  std::string line;
  for (const double rate : rates) {
    const double level = most > 0 && rate > 0 ? std::max(1.0, std::ceil(rate / most * kLevels)) : 0.0;
    line += rate < 0 ? std::string(" ") : bar(static_cast<std::size_t>(level), charset);
  }
  return line;
}

}  // namespace slickq::cli
