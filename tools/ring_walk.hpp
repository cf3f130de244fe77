// Walking over everything that is in the ring, also what stands behind a hole, and finding item boundaries.
//
// Thread safety: one thread; reads by pread only.
// Contract: a hole is told once and walked over. An index in the middle of an item is no boundary: the walk
// goes on at the next item. On a queue in use, what is overwritten under the walk is counted as lost.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "slickq/scan.hpp"
#include "slickq/view.hpp"
#include "values.hpp"

namespace slickq::cli {

/// The first index in (after, end) where a reader finds an item or a jump marker; `end` when there is none.
std::uint64_t next_boundary(const View& view, std::uint64_t after, std::uint64_t end);

/// The hole among those listed that `index` is in; null when it is in none.
const Hole* hole_at(const Scan& seen, std::uint64_t index) noexcept;
/// What no use of a queue brings about, in words; empty: nothing of the kind.
std::string_view damage_in(const Scan& seen) noexcept;
/// The hole that `cursor` stands in, if it does.
std::optional<Hole> hole_around(const View& view, std::uint64_t cursor);

/// The cursor that `position` means in this ring now. An index inside an item is moved to the next item; `-N`
/// counts items, not elements.
std::uint64_t cursor_at(const View& view, Position position);

class RingWalk {
 public:
  /// Told of every hole on the way. True: walk over it. False: look at it again.
  using OnHole = std::function<bool(const Hole&)>;

  /// From `cursor` to `end`, the reserved index to stop at.
  RingWalk(const View& view, std::uint64_t cursor, std::uint64_t end, OnHole on_hole);

  /// The next item; Pop::empty at the end. Never Pop::too_small.
  PopResult next(std::vector<std::byte>& out);

  /// Where a reader would go on: behind the last item, or at a hole that nothing stands behind.
  std::uint64_t cursor() const noexcept { return cursor_; }

 private:
  bool pass_obstacle();

  const View* view_;
  std::uint64_t end_;
  OnHole on_hole_;
  ViewReader reader_;
  std::uint64_t cursor_;
  std::uint64_t stuck_at_ = kNoIndex;
};

}  // namespace slickq::cli
