// One named cursor, looked at once per round: how far it is behind, whether it will be overrun, what it lost.
//
// Thread safety: none.
// Losses are counted from what rounds see: an element counts when it was overwritten while the cursor still stood
// before it. A cursor that was overrun and went on between two rounds lost more than is counted, never less.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "clock.hpp"
#include "config.hpp"
#include "overrun_alarm.hpp"
#include "rate.hpp"
#include "snapshot.hpp"

namespace slickqd {

class CursorWatch {
 public:
  explicit CursorWatch(std::string name) { status_.name = std::move(name); }

  /// What is to be told of a round.
  struct News {
    std::optional<LagLevel> risen_to;
    bool overrun_soon = false;
    bool vanished = false;   ///< it was there in the last look
    std::uint64_t lost = 0;  ///< when the cursor was overrun: so many by now; told once for each time
  };

  /// `value`: nothing when there is no such cursor; `queue`: null when there is no queue to compare it with.
  /// `interval`: between two rounds, when none is made early.
  News look(std::optional<std::uint64_t> value, const QueueNumbers* queue, const LagPolicy& policy,
            std::chrono::milliseconds interval, Monotonic now);
  const CursorStatus& status() const noexcept { return status_; }

 private:
  void notice_another_ring(const QueueNumbers& queue) noexcept;
  void count_losses(std::uint64_t value, std::uint64_t oldest);

  CursorStatus status_;
  bool there_ = false;
  RateMeter speed_;
  std::uint64_t inode_ = 0;  // of the queue in the last look, and its reserved index then
  std::uint64_t reserved_ = 0;
  OverrunAlarm soon_;
  Episode overrun_;
  std::optional<std::uint64_t> settled_;  // below it every element was taken or is counted as lost
};

}  // namespace slickqd
