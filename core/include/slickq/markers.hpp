// Markers over a whole reservation that nobody will publish.
//
// Thread safety: as BasicRing::mark().
// Crash: whoever dies half-way leaves the front of it a hole, for a repair; no reader has gone on yet.
#pragma once

#include <cstdint>

#include "slickq/ring.hpp"

namespace slickq {

/// Markers over all of [index, end), from the last slot down: a reader at its start goes on at its end, and nobody who
/// begins to look in the middle, once its start is overwritten, takes the rest for a hole. A slot that holds something
/// newer keeps it. A marker must not point to its own slot's position: a whole ring takes two hops, and a ring of one
/// slot none (the next reservation laps it anyhow).
template <class Memory>
void put_markers(BasicRing<Memory>& ring, std::uint64_t index, std::uint64_t end) noexcept {
  const Geometry& geometry = ring.geometry();
  if (geometry.slot_count() == 1) return;
  const std::uint64_t step = geometry.items_per_slot();
  const bool whole_ring = end - index == geometry.capacity();
  const std::uint64_t first = whole_ring ? index + step : index;
  for (std::uint64_t at = end; at > first; at -= step) ring.mark(at - step, end, 1);
  if (whole_ring) ring.mark(index, first, 1);
}

}  // namespace slickq
