// How long has each hole been there? Ages are measured by the daemon's own rounds: shared memory tells no
// time.
//
// Thread safety: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "clock.hpp"
#include "slickq/repair.hpp"
#include "slickq/scan.hpp"

namespace slickqd {

struct AgedHole {
  std::uint64_t index = 0;
  std::uint64_t next = 0;
  Monotonic since{};         ///< first round that saw it: it is at least so old
  std::uint64_t old_to = 0;  ///< how far it reached when it was first seen: what it grew by at its end is younger
  Monotonic not_before{};    ///< the round before that one: it is at most so old; `since` when there was none
  bool announced = false;    ///< its stall event is out
  slickq::HoleOwner owner{};
};

class HoleWatch {
 public:
  /// What this round's scan found, and whose each hole is. One that shrank from its front (a part was published) keeps
  /// its age.
  void update(const std::vector<slickq::Hole>& seen, const std::vector<slickq::HoleOwner>& owners, Monotonic now);
  void clear() noexcept {
    holes_.clear();
    last_update_.reset();
  }

  /// Is any hole at least that old?
  bool has_older_than(std::chrono::milliseconds age, Monotonic now) const;
  /// Those at least that old that were not asked for before.
  std::vector<AgedHole> take_unannounced(std::chrono::milliseconds age, Monotonic now);

  const std::vector<AgedHole>& holes() const noexcept { return holes_; }

 private:
  std::vector<AgedHole> holes_;  // ascending, disjoint
  std::optional<Monotonic> last_update_;
};

}  // namespace slickqd
