// Taking items out of a queue: copies that are validated, loss that is counted.
//
// Thread safety: a Consumer or SharedConsumer belongs to one thread; any number of them share a queue, and any number
// of SharedConsumers a cursor.
// Invariants: 1. an item that is handed out was whole: no byte of it is another item's (the C check, ring.hpp).
// 2. the cursor never moves backwards, except to 0 after a reset. 3. every index that is skipped because its item was
// overwritten (or never published before the ring lapped it) is counted once in `lost`. Once overwritten, indexes that
// held an item cannot be told from those a producer jumped over at the end of the ring: for items of one element
// received + lost == published holds exactly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "slickq/cursor.hpp"
#include "slickq/queue.hpp"

namespace slickq {

enum class Pop : std::uint8_t {
  item,       ///< an item was copied out
  empty,      ///< nothing published at the cursor (lost may still be > 0)
  too_small,  ///< the buffer is smaller than the item; count tells its elements; nothing was taken
  reset       ///< the queue was reset under the cursor, which is now 0
};

struct PopResult {
  Pop what = Pop::empty;
  std::uint32_t count = 0;       ///< elements copied
  std::uint64_t index = 0;       ///< index of the item
  std::uint64_t lost = 0;        ///< indexes skipped before this result because they were overwritten
  std::uint64_t first_lost = 0;  ///< valid when lost > 0
  std::uint64_t last_lost = 0;
};

/// Where a new consumer starts.
struct Start {
  enum class At : std::uint8_t { oldest, newest, back, index } at = At::oldest;
  std::uint64_t value = 0;  ///< back: this many elements before the end; index: the index
};

/// The cursor that `start` means on this ring now.
std::uint64_t starting_cursor(const Ring& ring, Start start) noexcept;

/// Own cursor: sees every item (broadcast).
class Consumer {
 public:
  explicit Consumer(const Queue& queue, Start start = {}) noexcept;

  /// Copy the next item into `buffer` (at least element_size bytes).
  PopResult pop_into(std::span<std::byte> buffer) noexcept;

  std::uint64_t cursor() const noexcept { return cursor_; }
  void seek(std::uint64_t cursor) noexcept { cursor_ = cursor; }
  std::uint64_t lost_elements() const noexcept { return lost_; }

 private:
  const Ring* ring_;
  std::uint64_t cursor_;
  std::uint64_t lost_ = 0;
};

/// Shared cursor: each item goes to exactly one of the consumers. Copy, validate, then claim: a claim that fails
/// discards the copy, so no item is dropped by a consumer that was overtaken. A consumer that dies after its claim
/// takes that one item with it.
class SharedConsumer {
 public:
  /// Queue and cursor memory outlive the consumer.
  SharedConsumer(const Queue& queue, AtomicCursor cursor) noexcept;

  PopResult pop_into(std::span<std::byte> buffer) noexcept;

  std::uint64_t lost_elements() const noexcept { return lost_; }

 private:
  const Ring* ring_;
  AtomicCursor cursor_;
  std::uint64_t lost_ = 0;
};

}  // namespace slickq
