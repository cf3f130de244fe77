// The last 15 minutes of one queue in steps of 5 seconds, for charts.
//
// Thread safety: none.
// Memory: kPoints * 16 bytes, whatever happens. Of the rounds within one step the rate is the mean, gap and lag are the
// largest: a peak must not vanish between two points.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "clock.hpp"
#include "snapshot.hpp"

namespace slickqd {

class History {
 public:
  static constexpr std::chrono::seconds kStep{5};
  static constexpr std::size_t kPoints = 180;

  void add(const QueueStatus& queue, Monotonic now);
  /// The object of GET /v1/history/NAME. `now` and `wall` are the same moment.
  nlohmann::ordered_json to_json(const std::string& name, Monotonic now, WallTime wall) const;

 private:
  static constexpr float kUnknown = -1;
  struct Point {
    float published_per_s = kUnknown;
    float gap = kUnknown;
    float lag = kUnknown;
    float holders = kUnknown;
  };
  Point& point_at(std::int64_t step);

  std::array<Point, kPoints> points_{};  // of step s: at s % kPoints
  std::int64_t first_ = 0;               // steps since the clock's beginning; [first_, last_] is known
  std::int64_t last_ = -1;
  std::uint32_t rounds_ = 0;  // that gave a rate, within the last step
};

}  // namespace slickqd
