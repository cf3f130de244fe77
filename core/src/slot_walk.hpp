// What copied slots say, index by index. Internal: the ground scan, verify and ViewReader stand on.
//
// Thread safety: one thread. Hostile input: any slot bytes give an answer; following `next` always goes
// forward and never beyond C, so every walk ends.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "slickq/ring.hpp"
#include "slickq/view.hpp"

namespace slickq {

/// First index that a ring with this C can still hold, a multiple of items_per_slot.
inline std::uint64_t ring_floor(const Geometry& geometry, std::uint64_t reserved) noexcept {
  const std::uint64_t ring = geometry.capacity();
  return reserved > ring ? geometry.footprint(reserved - ring) : 0;
}

/// A jump marker for index `i` that a reader may follow.
inline bool is_marker_of(const Geometry& geometry, std::uint64_t held, std::uint64_t i,
                         std::uint64_t reserved) noexcept {
  return held != kNoIndex && held > i && held <= reserved && held - i <= geometry.capacity() &&
         geometry.slot_of(held) != geometry.slot_of(i);
}

/// What `slot` says about index `i`: item, jump or nothing. `reserved`: C, which no `next` passes.
inline Sight sight_of(const Geometry& geometry, const Slot& slot, std::uint64_t i, std::uint64_t reserved) noexcept {
  if (i >= reserved) return {};
  if (slot.data_index == i && i != kNoIndex) {
    const std::uint64_t room = std::min(geometry.capacity() - (i & geometry.mask()), reserved - i);
    const auto count = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(slot.size, 1, room));
    const std::uint64_t taken = std::min(geometry.footprint(count), reserved - i);
    return {Look::item, i, i + taken, count};
  }
  if (is_marker_of(geometry, slot.data_index, i, reserved)) return {Look::jump, slot.data_index, slot.data_index, 0};
  return {};
}

/// Reads the slots of ascending indexes in growing chunks, and C again behind each chunk: an index at least C
/// - N by THAT C cannot have been overwritten before its slot was copied.
class SlotWalk {
 public:
  /// Indexes below `end` only.
  SlotWalk(const View& view, std::uint64_t end) : view_(view), geometry_(view.geometry()), end_(end) {}

  /// item, jump, nothing; or overrun with next = the first index that may still be there.
  Sight look(std::uint64_t i) {
    if (i < begin_ || i >= chunk_end_) load(i);
    if (i < floor_) return {Look::overrun, 0, floor_, 0};
    return sight_of(geometry_, slot(i), i, reserved_);
  }

  /// Past the items of one slot each that stand from `i` on, where a look() found an item to end; as far as they were
  /// copied, and within `limit`. A ring holds hardly anything else, and to look() at each took 15 ns.
  std::uint64_t end_of_singles(std::uint64_t i, std::uint64_t limit) const noexcept {
    const std::uint64_t step = geometry_.items_per_slot();
    limit = std::min(limit, chunk_end_);
    if (i >= limit) return i;
    for (const Slot* at = &slot(i); i + step <= limit; ++at, i += step) {
      if (at->data_index != i || at->size > step) break;
    }
    return i;
  }

  /// The slot behind the last look().
  const Slot& slot(std::uint64_t i) const noexcept { return slots_[(i - begin_) / geometry_.items_per_slot()]; }
  /// C behind the last chunk.
  std::uint64_t reserved() const noexcept { return reserved_; }

 private:
  static constexpr std::uint64_t kFirstChunk = 64;
  static constexpr std::uint64_t kLargestChunk = 4096;

  void load(std::uint64_t i) {
    const std::uint64_t step = geometry_.items_per_slot();
    const std::uint64_t first = geometry_.slot_of(i);
    const std::uint64_t wanted = (end_ - i + step - 1) / step;
    const std::uint64_t count = std::min({chunk_, wanted, geometry_.slot_count() - first});
    chunk_ = std::min(chunk_ * 2, kLargestChunk);
    slots_.resize(count);
    view_.read_slots(static_cast<std::uint32_t>(first), slots_);
    // acquire fence: pairs with the release fence in BasicRing::reserve(), as in reserved_index_after_copy():
    // a slot that showed a later lap is followed by a C that knows of it.
    std::atomic_thread_fence(std::memory_order_acquire);
    reserved_ = view_.reserved_index();
    floor_ = ring_floor(geometry_, reserved_);
    begin_ = i;
    chunk_end_ = i + count * step;
  }

  const View& view_;
  const Geometry& geometry_;
  std::uint64_t end_;
  std::uint64_t chunk_ = kFirstChunk;
  std::uint64_t begin_ = 0;
  std::uint64_t chunk_end_ = 0;
  std::uint64_t floor_ = 0;
  std::uint64_t reserved_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace slickq
