// Taking items out of a queue: copies that are validated, loss that is counted.
//
// Thread safety: a Consumer or SharedConsumer belongs to one thread; any number of them share a queue, and any number
// of SharedConsumers a cursor.
// Invariants: those of reader.hpp. In particular received + lost + skipped elements == how far the cursor moved. Once
// overwritten, indexes that held an item cannot be told from those a marker jumped over: both are lost.
// Crash: a consumer that dies disturbs nobody. A SharedConsumer that dies after its claim takes that one item with it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "slickq/cursor.hpp"
#include "slickq/queue.hpp"
#include "slickq/reader.hpp"
#include "slickq/wait.hpp"

namespace slickq {

/// Where a new consumer starts.
struct Start {
  enum class At : std::uint8_t { oldest, newest, back, index } at = At::oldest;
  std::uint64_t value = 0;  ///< back: this many elements before the end; index: the index
};

/// The cursor that `start` means on this ring now.
std::uint64_t starting_cursor(const Ring& ring, Start start) noexcept;

/// What both kinds of consumer know and count.
class ConsumerBase {
 public:
  /// Elements that were overwritten before this consumer read them.
  std::uint64_t lost_elements() const noexcept { return lost_; }
  /// Elements that markers jumped over: the end of the ring, abandoned and repaired reservations.
  std::uint64_t skipped_elements() const noexcept { return skipped_; }
  /// Does the queue's name lead to another segment by now, or nowhere? Then nothing new will come. One system call.
  bool is_detached() const noexcept { return queue_->is_detached(); }

 protected:
  explicit ConsumerBase(const Queue& queue) noexcept : queue_(&queue), ring_(&queue.ring()) {}

  PopResult counted(const PopResult& result) noexcept {
    lost_ += result.lost;
    skipped_ += result.skipped;
    return result;
  }

  /// Calls `pop` until it finds something, or nothing for as long as `patience`; loss is summed up.
  template <class TryPop>
  PopResult wait_for(std::chrono::nanoseconds patience, Wait wait, TryPop pop) noexcept {
    PopResult result = pop();
    if (result.what != Pop::empty || result.lost != 0) return result;
    Waiter waiter(wait, queue_->annex(), queue_->writable());
    waiter.until(Waiter::deadline_after(patience), [&] {
      const std::uint64_t skipped = result.skipped;
      result = pop();
      result.skipped += skipped;
      return result.what != Pop::empty || result.lost != 0;
    });
    return result;
  }

  const Queue* queue_;
  const Ring* ring_;

 private:
  std::uint64_t lost_ = 0;
  std::uint64_t skipped_ = 0;
};

enum class Polling : std::uint8_t {
  latency,    ///< an item is handed out as soon as it is seen
  throughput  ///< rest for up to some 10 us (in small rings less) between looks that found nothing, and behind the
              ///< first item of a batch: the fewer looks at the header and the newest slots, the faster the producers
};

/// Own cursor: sees every item (broadcast).
class Consumer : public ConsumerBase {
 public:
  /// The queue outlives the consumer.
  explicit Consumer(const Queue& queue, Start start = {}, Polling polling = Polling::latency) noexcept;

  /// The next item, out of a stage of up to 64 that are copied and validated together: the fastest way to take items
  /// one by one. `bytes` are the item's, until the next call. An item in the stage counts as taken from the ring: it is
  /// handed out although the ring may have gone round, or been reset, meanwhile. too_small: no memory for the stage.
  PopResult pop(std::span<const std::byte>& bytes) noexcept {
    if (next_ != staged_) return hand_out(bytes);
    if (!is_still_empty()) return restage(bytes);
    bytes = {};
    return {};
  }

  /// Copy the next item into `buffer` (at least element_size bytes; a larger item answers too_small).
  PopResult pop_into(std::span<std::byte> buffer) noexcept;
  /// The same, waiting for one. empty: `patience` is over.
  PopResult pop_wait(std::span<std::byte> buffer, std::chrono::nanoseconds patience,
                     Wait wait = Wait::block()) noexcept;
  /// Copy as many items as are there, fit into `buffer` and into `items`: one validation for all. `taken`: the part of
  /// `items` that was filled.
  PopResult pop_batch(std::span<std::byte> buffer, std::span<BatchItem> items, std::span<BatchItem>& taken) noexcept;

  /// Find the next item without copying or taking it; `elements` gets its bytes, in the ring. They may be overwritten
  /// at any moment: what was made of them counts only if still_valid(result) says so afterwards. Then commit(result).
  /// Several may be peeked at and committed one by one before still_valid() is asked: the oldest speaks for all.
  PopResult peek(std::span<const std::byte>& elements) noexcept;
  /// Were the bytes those of the item all the time up to now? If not, nothing that was peeked at from there on is sure,
  /// neither its size nor where the next item begins: seek() to its index, and the next look tells what was lost.
  bool still_valid(const PopResult& peeked) const noexcept { return ring_->is_intact(peeked.index); }
  /// Go on behind the item; nothing when the result was none.
  void commit(const PopResult& peeked) noexcept {
    if (peeked.what == Pop::item) go_to(peeked.index + ring_->geometry().footprint(peeked.count));
  }

  /// The next index that will be handed out.
  std::uint64_t cursor() const noexcept { return next_ == staged_ ? cursor_ : stage_items_[next_].index; }
  void seek(std::uint64_t cursor) noexcept {
    go_to(cursor);
    peeked_ = cursor;  // perhaps for the second time: the next peek looks whether it is still there
  }

 private:
  void go_to(std::uint64_t cursor) noexcept {
    next_ = staged_ = 0;
    cursor_ = cursor;
  }
  PopResult hand_out(std::span<const std::byte>& bytes) noexcept {
    const BatchItem& item = stage_items_[next_++];
    bytes = item.bytes;
    PopResult result;
    result.what = Pop::item;
    result.count = item.count;
    result.index = item.index;
    return result;
  }
  /// One more look that finds nothing, behind another and nothing special about it: in line, as what a reader in
  /// a hurry waits for is the next look. False: look properly.
  bool is_still_empty() noexcept {
    if (polling_ != Polling::latency || is_worth_a_look_at_c()) return false;
    if (!ring_->is_nothing_at(cursor_) || is_lapped()) return false;
    ++empties_;
    return true;
  }
  /// The first look that finds nothing, then each so many, and each before a sleep.
  bool is_worth_a_look_at_c() const noexcept {
    const std::uint32_t first = polling_ == Polling::throughput ? kEmptiesACheck - 1 : 0;
    return empties_ % kEmptiesACheck == first || empties_ >= sleeps_from_;
  }
  /// The last item is gone: the queue went round, or was reset.
  bool is_lapped() const noexcept { return last_ != kNoIndex && ring_->held_by_slot(last_) != last_; }
  PopResult restage(std::span<const std::byte>& bytes) noexcept;
  PopResult stage_one(std::span<const std::byte>& bytes) noexcept;
  bool make_stage(std::uint64_t bytes) noexcept;
  PopResult pop_staged(std::span<std::byte> buffer) noexcept;
  ReadStyle style() const noexcept;
  void rest() const noexcept;
  PopResult seen(const PopResult& result) noexcept;

  // An idle reader looks at C at once, and then with each so many looks.
  static constexpr std::uint32_t kEmptiesACheck = 256;

  std::uint64_t cursor_;    // of the ring: behind what is in the stage
  std::size_t next_ = 0;    // in the stage: to be handed out
  std::size_t staged_ = 0;  // one past the last
  std::unique_ptr<BatchItem[]> stage_items_;
  std::unique_ptr<std::byte[]> stage_bytes_;
  std::uint64_t stage_size_ = 0;
  Polling polling_;
  std::uint32_t rest_;                             // pauses between a look that found nothing and the next
  std::uint32_t empties_ = 0;                      // looks in a row that found nothing
  std::uint32_t sleeps_from_ = ~std::uint32_t{0};  // so many of them, and whoever waits goes to sleep
  std::uint64_t peeked_ = kNoIndex;
  std::uint64_t last_ = kNoIndex;  // the last item taken from the ring: its slot shows a reset, and a lap
};

/// Shared cursor: each item goes to exactly one of the consumers. Copy, validate, then claim: a claim that fails
/// discards the copy, so no item is dropped by a consumer that was overtaken.
class SharedConsumer : public ConsumerBase {
 public:
  /// Queue and cursor memory outlive the consumer.
  SharedConsumer(const Queue& queue, AtomicCursor cursor) noexcept;

  PopResult pop_into(std::span<std::byte> buffer) noexcept;
  PopResult pop_wait(std::span<std::byte> buffer, std::chrono::nanoseconds patience,
                     Wait wait = Wait::block()) noexcept;
  /// All of a batch goes to this consumer, or nothing of it.
  PopResult pop_batch(std::span<std::byte> buffer, std::span<BatchItem> items, std::span<BatchItem>& taken) noexcept;

 private:
  AtomicCursor cursor_;
};

}  // namespace slickq
