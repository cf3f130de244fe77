// What the original's algorithm does for each message, on the same `slq1` bytes and by nothing but the format: the
// measure for everything else. Not for use: no journal, no check for late producers, no validated copies.
//
//   send: one locked reservation on the header's word (a compare-exchange loop), the copy, the slot's size and index,
//         a compare-exchange maximum on last_published.
//   read: one load of the header (was the queue reset?), the slot's index, its size, the copy, the cursor.
//
// Thread safety: one thread an object; any number of senders and readers on a queue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "slickq/geometry.hpp"
#include "slickq/layout.hpp"

namespace slickq::bench {

/// The parts of a mapped slq1 segment.
struct RawRing {
  RawRing(std::byte* base, const Geometry& geometry) noexcept;

  Header* header;
  Slot* slots;
  std::byte* elements;
  std::uint64_t mask;
  std::size_t element_bytes;
};

class ReferenceWriter {
 public:
  explicit ReferenceWriter(const RawRing& ring) noexcept : ring_(ring) {}
  void push(std::span<const std::byte> element) noexcept;
  std::uint64_t last_index() const noexcept { return last_index_; }

 private:
  RawRing ring_;
  std::uint64_t last_index_ = kNoIndex;
};

class ReferenceReader {
 public:
  explicit ReferenceReader(const RawRing& ring) noexcept : ring_(ring) {}
  /// False when there is nothing at the cursor.
  bool pop(std::byte* into) noexcept;
  std::uint64_t cursor() const noexcept { return cursor_; }

 private:
  RawRing ring_;
  std::uint64_t cursor_ = 0;
};

}  // namespace slickq::bench
