// How fast an index grows.
//
// Thread safety: none.
// A look that comes sooner than `shortest` after the last measurement (a round that was made early) changes nothing:
// over a moment's time a speed is noise.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "clock.hpp"

namespace slickqd {

class RateMeter {
 public:
  /// Per second, since the last measurement; 0 at the first one and when the index went back.
  double update(std::uint64_t index, Monotonic now, std::chrono::milliseconds shortest) {
    if (base_ && now - base_->at < shortest && index >= base_->index) return per_second_;
    per_second_ = 0;
    const double seconds = base_ ? std::chrono::duration<double>(now - base_->at).count() : 0.0;
    if (seconds > 0 && index > base_->index) per_second_ = static_cast<double>(index - base_->index) / seconds;
    base_ = Point{index, now};
    return per_second_;
  }
  void forget() noexcept {
    base_.reset();
    per_second_ = 0;
  }

 private:
  struct Point {
    std::uint64_t index = 0;
    Monotonic at{};
  };
  std::optional<Point> base_;
  double per_second_ = 0;
};

}  // namespace slickqd
