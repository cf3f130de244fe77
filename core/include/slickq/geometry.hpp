// From (layout, capacity, element size, items per slot) to offsets and sizes, in checked arithmetic.
//
// Thread safety: an immutable value.
// Invariants: 1. a Geometry that exists is valid: powers of two where the format wants them, no product overflows,
// segment_bytes fits off_t. 2. offsets never come from shared memory again after it was made.
#pragma once

#include <cstdint>
#include <string>

#include "slickq/layout.hpp"

namespace slickq {

class Geometry {
 public:
  /// capacity: elements, power of two, 1..2^31. element_size: bytes, 1..2^32-1. items_per_slot: power of two, at most
  /// capacity; other than 1 turns slq0/slq1 into slq2/slq3 and is refused for packed and wide.
  /// Throws Error(invalid_argument) with the value and the nearest good one.
  static Geometry make(Layout layout, std::uint64_t capacity, std::uint64_t element_size,
                       std::uint64_t items_per_slot = 1);

  Layout layout() const noexcept { return layout_; }
  std::uint32_t capacity() const noexcept { return capacity_; }
  std::uint32_t element_size() const noexcept { return element_size_; }
  std::uint32_t items_per_slot() const noexcept { return items_per_slot_; }

  std::uint32_t mask() const noexcept { return capacity_ - 1; }
  std::uint32_t slot_shift() const noexcept { return slot_shift_; }
  std::uint32_t slot_count() const noexcept { return capacity_ >> slot_shift_; }
  /// Slot number (0-based) that index i lives in.
  std::uint32_t slot_of(std::uint64_t i) const noexcept {
    return static_cast<std::uint32_t>(i & mask()) >> slot_shift_;
  }
  /// The first index from i on that lives at the start of the ring: some item begins there, as none straddles the end.
  std::uint64_t next_ring_start(std::uint64_t i) const noexcept { return (i + mask()) & ~std::uint64_t{mask()}; }
  /// `count` elements rounded up to whole slots: what a reservation takes from the ring.
  std::uint64_t footprint(std::uint64_t count) const noexcept {
    const std::uint64_t low = items_per_slot_ - 1u;
    return (count + low) & ~low;
  }

  std::uint64_t data_offset() const noexcept { return data_offset_; }
  /// Bytes the format needs, header to last element.
  std::uint64_t segment_bytes() const noexcept { return segment_bytes_; }

  /// "slq1, 1024 elements of 256 bytes" (and ", 8 per slot").
  std::string describe() const;

  friend bool operator==(const Geometry&, const Geometry&) = default;

 private:
  Geometry() = default;

  Layout layout_{};
  std::uint32_t capacity_{};
  std::uint32_t element_size_{};
  std::uint32_t items_per_slot_{};
  std::uint32_t slot_shift_{};
  std::uint64_t data_offset_{};
  std::uint64_t segment_bytes_{};
};

}  // namespace slickq
