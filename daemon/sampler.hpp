// One queue, looked at once per round: its numbers, and what happened since the last look.
//
// Thread safety: none. Everything is read by pread; nothing is written, mapped or locked.
// Invariants: 1. between two rounds no descriptor of the queue is open: an open one would make the daemon a
// holder, for which nobody could remove the queue. The segment of the last round is known again by its inode
// instead.
// 2. the cost of a round does not grow with the ring: the scan goes on where the last one ended, with a
// budget.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "clock.hpp"
#include "config.hpp"
#include "holder_pass.hpp"
#include "hole_watch.hpp"
#include "rate.hpp"
#include "slickq/view.hpp"
#include "snapshot.hpp"

namespace slickqd {

/// Slots a round reads of one queue at most: 32 MiB, some milliseconds. Twice what 1 M items/s need at one
/// round a second, so that the scan keeps up.
inline constexpr std::uint64_t kSlotBudget = std::uint64_t{1} << 21;

struct Look {
  Sight sight = Sight::absent;
  std::string problem;                  ///< differs: what is there instead
  std::optional<QueueNumbers> numbers;  ///< whenever it is a queue, also one of another geometry
};

class Sampler {
 public:
  explicit Sampler(std::uint64_t slot_budget = kSlotBudget) : slot_budget_(slot_budget) {}

  /// Never throws slickq::Error: what cannot be read is a Sight. Nothing when that is for the moment only (is_for_now):
  /// look again in the next round.
  /// `shortest`: see RateMeter.
  std::optional<Look> look(const QueueConfig& queue, const std::string& shm_dir, HolderPass& holders, Monotonic now,
                           std::chrono::milliseconds shortest = {});
  /// Why the last look() that found nothing did.
  const std::string& why_blind() const noexcept { return why_blind_; }
  HoleWatch& holes() noexcept { return holes_; }

 private:
  struct Last {
    std::uint64_t reserved = 0;
    std::uint64_t published = 0;
  };

  Look look_at(const slickq::View& view, const QueueConfig& queue, HolderPass& holders, Monotonic now);
  void measure(const slickq::View& view, QueueNumbers& numbers, Monotonic now);
  void measure_speed(QueueNumbers& numbers, Monotonic now);
  std::uint64_t choose_frontier(std::uint64_t reserved, std::uint64_t capacity);
  void forget() noexcept;

  std::uint64_t slot_budget_;
  std::string why_blind_;
  std::optional<std::uint64_t> inode_;  // the segment of the last look
  std::optional<Last> last_;            // its numbers then
  std::uint64_t published_most_ = 0;    // see QueueNumbers
  bool behind_ = true;                  // a part of the ring before the frontier was never looked at
  HoleWatch holes_;
  RateMeter reserved_speed_;
  RateMeter published_speed_;
  std::chrono::milliseconds shortest_{};
};

}  // namespace slickqd
