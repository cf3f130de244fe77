// How far is the ring published, and where are the holes? A walk over the slots of a View.
//
// Thread safety: pure reading. C and the slots move while they are read: see Scan::consistent.
//
// A hole is [h, next): h < C, C - h <= capacity, s(h) holds neither h nor a valid marker, next is the first
// index behind it that is published or a marker, or C. The walk knows item boundaries exactly from a boundary
// on: a frontier of an earlier scan, index 0, and every multiple of the capacity (no item straddles the end).
// Before the first certain boundary of a lapped ring the oldest item may be half overwritten, and its inner
// indexes look like a hole. Such a leading run [C - capacity, e) is reported as a hole only when every item
// in the ring is one slot long, as far as the items and what is left in the run's slots tell, and not when it
// ends at the end of the ring before an unpublished reservation that would not have fitted there (it was
// skipped then).
#pragma once

#include <cstdint>
#include <vector>

#include "slickq/view.hpp"

namespace slickq {

struct Hole {
  std::uint64_t index = 0;  ///< first index of the hole
  std::uint64_t next = 0;   ///< where publishing goes on
  friend bool operator==(const Hole&, const Hole&) = default;
};

struct Scan {
  std::uint64_t reserved = 0;  ///< C when the scan was made
  /// End of the contiguous published prefix: what an up-to-date reader waits for.
  std::uint64_t published = 0;
  /// Oldest item still there, > published when a hole is older; == published when there is none.
  std::uint64_t oldest = 0;
  std::uint64_t unpublished = 0;  ///< elements reserved and not published: the sum over the holes
  std::vector<Hole> holes;        ///< ascending
  std::uint64_t scanned_to = 0;   ///< < reserved when the budget ran out: nothing is known beyond
  bool consistent = true;         ///< false: C lapped the walk on all tries; the numbers are a blur
};

struct ScanOptions {
  /// published of an earlier scan of the same segment; kNoIndex: none. Ignored when it is not in the ring.
  std::uint64_t frontier = kNoIndex;
  std::uint64_t slot_budget = ~std::uint64_t{0};
  std::size_t hole_limit = 4096;  ///< stop listing (not counting) holes after this many
};

Scan scan(const View& view, const ScanOptions& options = {});

}  // namespace slickq
