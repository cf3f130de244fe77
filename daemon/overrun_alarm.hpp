// When to say that a cursor will be overrun soon.
//
// Thread safety: none.
// Soon: within kSoon at the present speeds, or within kRounds rounds when these take longer. Ten seconds leave time to
// do something, and at the usual round of a second some rounds in which the forecast may still prove wrong. A forecast
// counts when the cursor is behind by kLeastPercent of the ring already (consumers work in bursts: with less, the ring
// is there to take it) and when the next measured speeds say the same. It is over when for kRounds rounds on end the
// forecast was twice as far away, or there was none.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "clock.hpp"
#include "episode.hpp"
#include "snapshot.hpp"

namespace slickqd {

class OverrunAlarm {
 public:
  static constexpr std::chrono::seconds kSoon{10};
  static constexpr int kRounds = 5;
  static constexpr double kLeastPercent = 25;

  /// True: announce it now. `interval`: between two rounds.
  bool update(const CursorStatus& cursor, std::chrono::milliseconds interval, Monotonic now) {
    const double soon =
        std::max(std::chrono::duration<double>(kSoon), kRounds * std::chrono::duration<double>(interval)).count();
    const bool behind = cursor.overrun_in_s && cursor.lag_percent >= kLeastPercent && cursor.lag_percent < 100;
    const bool near = behind && *cursor.overrun_in_s <= soon;
    const bool far = !cursor.overrun_in_s || *cursor.overrun_in_s > 2 * soon;
    note(near_since_, near, now);
    note(far_since_, far, now);
    return episode_.update(near_since_ && now - *near_since_ >= interval / 2,
                           far_since_ && now - *far_since_ >= kRounds * interval);
  }

 private:
  static void note(std::optional<Monotonic>& since, bool is, Monotonic now) {
    if (!is) since.reset();
    if (is && !since) since = now;
  }

  Episode episode_;
  std::optional<Monotonic> near_since_;
  std::optional<Monotonic> far_since_;
};

}  // namespace slickqd
