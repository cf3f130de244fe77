// Which reservations of later laps were given up, in slots that somebody still holds of an earlier one.
//
// Whoever gives up a reservation puts markers into its slots. Who holds one of these slots of an earlier lap, and
// publishes by a plain store (a run, writer.hpp), may put his late item over such a marker. So he is told before, in
// his journal line: which slots, and of which lap. He looks behind his last store, and puts the marker of exactly that
// reservation back. Nobody else will ever publish there, so that it is right at any time.
//
// One 64-bit word: bits 0-15 the slots of the latest lap that was told, 16-31 those of the one before, 32-63 how many
// laps the latest is ahead of what is held, modulo 2^32. Earlier laps are out of the ring. 0: nothing was told.
//
// Thread safety: values. How they are shared: journal.hpp.
#pragma once

#include <cstdint>

#include "slickq/geometry.hpp"
#include "slickq/layout.hpp"

namespace slickq {

/// Slots of a run, from the first one held.
inline constexpr std::uint32_t kMostRunSlots = 16;

namespace detail {

inline constexpr std::uint64_t kRunBits = (std::uint64_t{1} << kMostRunSlots) - 1;

}  // namespace detail

/// Add slots (bit k: the k-th one held) that were given up `lap` laps later (>= 1).
constexpr std::uint64_t with_passed(std::uint64_t word, std::uint64_t slots, std::uint64_t lap) noexcept {
  const auto latest = static_cast<std::uint32_t>(word >> 32);
  const auto ahead = static_cast<std::int32_t>(static_cast<std::uint32_t>(lap) - latest);
  std::uint64_t now = word & detail::kRunBits;
  std::uint64_t before = word >> kMostRunSlots & detail::kRunBits;
  const bool is_first = (now | before) == 0;
  if (!is_first && ahead < -1) return word;
  if (!is_first && ahead == -1) return word | slots << kMostRunSlots;
  if (!is_first && ahead == 0) return word | slots;
  before = !is_first && ahead == 1 ? now : 0;
  return slots | before << kMostRunSlots | (lap & 0xFFFFFFFF) << 32;
}

/// Is `index` what was given up last in the slot of `held`, the `slot`-th one held?
inline bool is_passed(std::uint64_t word, const Geometry& geometry, std::uint64_t held, std::uint32_t slot,
                      std::uint64_t index) noexcept {
  const auto latest = static_cast<std::uint32_t>(word >> 32);
  const auto lap = static_cast<std::uint32_t>((index - held) / geometry.capacity());
  if (index <= held) return false;
  if ((word >> slot & 1) != 0) return lap == latest;
  return (word >> (kMostRunSlots + slot) & 1) != 0 && lap + 1 == latest;
}

/// What was given up last in the slot of `held`, the `slot`-th one held, when C is `reserved`; kNoIndex: nothing that
/// is still in the ring.
inline std::uint64_t passed_index(std::uint64_t word, const Geometry& geometry, std::uint64_t held, std::uint32_t slot,
                                  std::uint64_t reserved) noexcept {
  const std::uint64_t ring = geometry.capacity();
  if (reserved <= held) return kNoIndex;
  const std::uint64_t newest = held + (reserved - 1 - held) / ring * ring;  // of that slot; and no other is in the ring
  return newest != held && is_passed(word, geometry, held, slot, newest) ? newest : kNoIndex;
}

/// The same, without what is not hidden: it lies under the item of who holds the slots, if that is there, or under the
/// marker of a lap between, which came over the item. `held_by_slot(index)`: what is in the slot of that index.
template <class HeldBySlot>
std::uint64_t passed_and_hidden(std::uint64_t word, const Geometry& geometry, std::uint64_t index,
                                HeldBySlot held_by_slot) {
  if (word == 0) return 0;
  const auto latest = static_cast<std::uint32_t>(word >> 32);
  for (std::uint32_t slot = 0; slot < kMostRunSlots; ++slot, index += geometry.items_per_slot()) {
    const std::uint64_t now = std::uint64_t{1} << slot;
    const std::uint64_t before = now << kMostRunSlots;
    if ((word & (now | before)) == 0) continue;
    const std::uint64_t there = held_by_slot(index);
    // A marker leads less than a ring away: its target tells the lap it is of. Of this lap it says that no item came.
    const bool covers = there != kNoIndex && (there == index || there >= index + geometry.capacity());
    const auto ahead =
        static_cast<std::int32_t>(latest - static_cast<std::uint32_t>((there - index) / geometry.capacity()));
    if (!covers || ahead <= 0) word &= ~now;
    if (!covers || ahead <= 1) word &= ~before;
  }
  return (word & 0xFFFFFFFF) == 0 ? 0 : word;
}

/// Tell who holds [begin, end) that [from, to), reserved later, is given up.
inline std::uint64_t with_passed_range(std::uint64_t word, const Geometry& geometry, std::uint64_t begin,
                                       std::uint64_t end, std::uint64_t from, std::uint64_t to) noexcept {
  std::uint64_t held = begin;
  for (std::uint32_t slot = 0; slot < kMostRunSlots && held < end; ++slot, held += geometry.items_per_slot()) {
    const std::uint64_t same_slot = from + ((held - from) & geometry.mask());
    if (same_slot >= to || same_slot < held + geometry.capacity()) continue;
    word = with_passed(word, std::uint64_t{1} << slot, (same_slot - held) / geometry.capacity());
  }
  return word;
}

}  // namespace slickq
