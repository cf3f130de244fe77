#include "history.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "units.hpp"

namespace slickqd {
namespace {

using nlohmann::ordered_json;

std::int64_t step_of(Monotonic at) { return at.time_since_epoch() / History::kStep; }

// The cursor that is worst off; nothing when there is none.
std::optional<std::uint64_t> largest_lag(const QueueStatus& queue) {
  std::optional<std::uint64_t> largest;
  for (const CursorStatus& cursor : queue.cursors) {
    if (cursor.value) largest = std::max(largest.value_or(0), cursor.lag);
  }
  return largest;
}

// With one digit where a whole number would hide a slow flow.
ordered_json rate_or_null(float value) {
  return value < 0 ? ordered_json() : ordered_json(std::round(static_cast<double>(value) * 10) / 10);
}
ordered_json count_or_null(float value) {
  return value < 0 ? ordered_json() : ordered_json(std::llround(static_cast<double>(value)));
}

}  // namespace

void History::add(const QueueStatus& queue, Monotonic now) {
  Point& point = point_at(step_of(now));
  if (!queue.numbers) return;
  const QueueNumbers& numbers = *queue.numbers;
  const auto rate = static_cast<float>(numbers.published_per_s);
  const auto before = static_cast<float>(rounds_++);
  point.published_per_s = before == 0 ? rate : (point.published_per_s * before + rate) / (before + 1);
  if (numbers.complete) point.gap = std::max(point.gap, static_cast<float>(numbers.reserved - numbers.published));
  if (const auto lag = largest_lag(queue)) point.lag = std::max(point.lag, static_cast<float>(*lag));
  point.holders = static_cast<float>(numbers.holders.count());
}

History::Point& History::point_at(std::int64_t step) {
  if (last_ < first_) {
    first_ = step;
    last_ = step - 1;
  }
  constexpr auto kKept = static_cast<std::int64_t>(kPoints);
  if (step > last_) rounds_ = 0;
  // Steps without a round are unknown; of those that are over anyway none is touched.
  for (std::int64_t s = std::max(last_ + 1, step - kKept + 1); s <= step; ++s) {
    points_[static_cast<std::size_t>(s) % kPoints] = Point{};
  }
  last_ = std::max(last_, step);
  first_ = std::max(first_, last_ - kKept + 1);
  return points_[static_cast<std::size_t>(last_) % kPoints];
}

ordered_json History::to_json(const std::string& name, Monotonic now, WallTime wall) const {
  // When the newest step is over; that may be in some seconds.
  const auto end = wall + std::chrono::duration_cast<WallTime::duration>(Monotonic((last_ + 1) * kStep) - now);
  ordered_json object{{"schema", "slickqd.history/1"},
                      {"name", name},
                      {"step_s", kStep.count()},
                      {"end", format_time(last_ < first_ ? wall : end)}};
  const auto list = [&](const char* key, float Point::*member, ordered_json (*printed)(float)) {
    ordered_json values = ordered_json::array();
    for (std::int64_t s = first_; s <= last_; ++s) {
      values.push_back(printed(points_[static_cast<std::size_t>(s) % kPoints].*member));
    }
    object[key] = std::move(values);
  };
  list("published_per_s", &Point::published_per_s, rate_or_null);
  list("gap", &Point::gap, count_or_null);
  list("lag", &Point::lag, count_or_null);
  list("holders", &Point::holders, count_or_null);
  return object;
}

}  // namespace slickqd
