// Putting items into a queue.
//
// Thread safety: a Producer belongs to one thread of one process (after fork() the child opens the queue and
// makes its own); any number of
// Producers share a queue.
// Invariants: 1. what a reader gets was written whole, and by one producer (writer.hpp). 2. the items of a producer are
// visible in the order in which it pushed them. 3. an item is pushed once or not at all, and the result says which.
// Crash: a process that dies between reserve and publish leaves a hole. Its journal line proves whose it was, and
// recovery.hpp, `slickq repair` or slickqd turn it into a jump marker. The dead hold up no other producer, repaired or
// not. Somebody who is only stopped may hold up items that have nowhere else to go (obstructed): on a ring of one
// element each, and items of several slots while he stands in the middle of reserving, as nobody knows where he will
// write.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "slickq/cursor.hpp"
#include "slickq/producers_lock.hpp"
#include "slickq/queue.hpp"
#include "slickq/seat.hpp"
#include "slickq/sole_writer.hpp"
#include "slickq/wait.hpp"
#include "slickq/writer.hpp"

namespace slickq {

enum class Push : std::uint8_t {
  pushed,      ///< visible to every reader
  too_large,   ///< more bytes than an element, or more elements than the ring: nothing was done
  exhausted,   ///< the 2^47 index limit is reached: nothing was done
  timed_out,   ///< a respected cursor did not move in time: nothing was pushed
  obstructed,  ///< wherever the item could go another producer is at work and stands still: nothing was pushed
  late,        ///< only of a Reservation: nobody sees the item. The ring went round before it was published, or it was
               ///< abandoned, or moved away
  busy         ///< a Reservation or a Burst of this producer is still open: nothing was done
};

enum class ProducerMode : std::uint8_t {
  multi,  ///< any number of producers, originals among them
  single  ///< the only producer there is: no locked instruction. Another producer of slickq is refused; keeping
          ///< originals away is up to the caller
};

struct ProducerOptions {
  ProducerMode mode = ProducerMode::multi;
  /// Backpressure: wait, before reserving, for what the slowest of these cursors has not passed. Among programs that do
  /// the same; originals and producers without this option overwrite as ever. The cursors outlive the producer, and
  /// move forward only, but for a reset of the queue.
  std::vector<AtomicCursor> respect{};
  Wait wait = Wait::backoff();  ///< how to wait for them
  std::chrono::nanoseconds patience = std::chrono::hours(24 * 365);
  /// How long to try when another producer is at work wherever the item could go. On a ring of one element that is any
  /// other producer; one that died there is found out about, one that is stopped is not. And how long respected
  /// cursors may stand before what was given up in a ring of one slot, until a push goes over it.
  std::chrono::nanoseconds obstruction_patience = std::chrono::seconds(1);
};

class Producer;

/// Elements that are this producer's to write, until they are published or abandoned. The destructor abandons.
class Reservation {
 public:
  Reservation(Reservation&& other) noexcept;
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation();

  /// pushed (reserved, and later published), late, too_large, exhausted, timed_out, obstructed or busy.
  Push what() const noexcept { return what_; }
  explicit operator bool() const noexcept { return index_ != kNoIndex; }
  /// The elements, in the ring; they still hold what was there a lap ago.
  std::span<std::byte> data() const noexcept;
  std::uint64_t index() const noexcept { return index_; }

  /// Make the first `count` elements visible as one item; 0 means all. What is left over is jumped over. late: see
  /// Push.
  Push publish(std::uint32_t count = 0) noexcept;
  void abandon() noexcept;

 private:
  friend class Producer;
  Reservation(Producer& producer, Push what, std::uint64_t index, std::uint32_t count) noexcept
      : producer_(&producer), what_(what), index_(index), count_(count) {}

  Producer* producer_;
  Push what_;
  std::uint64_t index_;
  std::uint32_t count_;
};

/// Items that are reserved together and published one by one: the speed of a batch, and nothing is held back. What of a
/// run is not used when the scope ends is jumped over; a run that is used up is followed by the next. As long as one is
/// open, readers wait at its next item, also for what others pushed behind it, and an item that came late by a lap may
/// keep them elsewhere: keep it short. One at a time, and
/// nothing else of this producer meanwhile: busy. Belongs to the producer's thread, and ends before the producer does.
/// What of a run is used up needs no end: its last push finishes it.
class Burst {
 public:
  Burst(const Burst&) = delete;
  Burst& operator=(const Burst&) = delete;
  ~Burst();

  /// As Producer::push().
  Push push(std::span<const std::byte> bytes) noexcept;
  /// What the destructor does. The next push() begins a new run.
  void end() noexcept;

 private:
  friend class Producer;
  Burst(Producer& producer, std::uint32_t k) noexcept : producer_(producer), k_(k) {}
  template <class AnyWriter>
  Push push_by(AnyWriter& writer, std::span<const std::byte> bytes) noexcept;
  bool begin_run() noexcept;

  Producer& producer_;
  std::uint32_t k_;
  std::uint64_t begin_ = 0;
  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
};

class Producer {
 public:
  /// The queue outlives the producer. Throws Error(permission) when it is mapped read-only; Error(busy) when it is to
  /// be the only producer and is not, or another one was declared to be the only one.
  explicit Producer(Queue& queue, ProducerOptions options = {});
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// One element; shorter than the element size is padded with zeros. An item that came too late (the ring went round
  /// meanwhile) is pushed again: late_pushes() counts it.
  Push push(std::span<const std::byte> bytes) noexcept;
  /// n elements as ONE item; `elements.size()` is a multiple of the element size, rounded up and zero-padded if not.
  Push push_block(std::span<const std::byte> elements) noexcept;
  /// Many elements, each an item of its own, up to 16 of them reserved in one atomic step: `elements.size()` as in
  /// push_block(). On timed_out, obstructed or exhausted as many of the first are in as pushed_items() rose by; on busy
  /// none.
  Push push_batch(std::span<const std::byte> elements) noexcept;

  /// `k`: items reserved in one step, up to 16; fewer where the ring or the respected cursors leave no room.
  Burst burst(std::uint32_t k) noexcept;

  /// `count` elements to write in place. One at a time: the journal has one line a producer. As long as it is open,
  /// everything else that would reserve is refused: busy.
  Reservation reserve(std::uint32_t count = 1) noexcept;

  /// Index of the last item pushed, kNoIndex before the first.
  std::uint64_t last_index() const noexcept { return last_index_; }
  std::uint64_t pushed_items() const noexcept { return pushed_items_; }
  /// Items that were late and pushed again, or, of a Reservation, dropped.
  std::uint64_t late_pushes() const noexcept { return late_; }
  /// Reservations given up because another producer might still have been writing there; see writer.hpp.
  std::uint64_t detours() const noexcept { return writer_.detours(); }
  /// Has it a journal line, so that its death could be proven?
  bool is_registered() const noexcept { return static_cast<bool>(seat_); }

 private:
  friend class Burst;
  friend class Reservation;

  template <class AnyWriter>
  Push push_one(AnyWriter& writer, std::span<const std::byte> bytes) noexcept;
  [[gnu::noinline]] Push put(std::span<const std::byte> bytes, std::uint32_t count) noexcept;
  Push put_first(std::span<const std::byte>& left) noexcept;
  Push put_run(std::span<const std::byte>& left) noexcept;
  Push reserve_index(std::uint32_t count, std::uint64_t& index) noexcept;
  Push try_reserve(std::uint32_t count, std::uint64_t& index) noexcept;
  Push wait_to_reserve(Push why, std::uint32_t count, std::uint64_t& index) noexcept;
  template <class AnyWriter>
  bool put_in_run(AnyWriter& writer, std::uint64_t index, std::span<const std::byte> bytes) noexcept;
  Singles reserve_run(std::uint32_t k) noexcept;
  bool is_clear(std::uint64_t index) noexcept;
  std::uint64_t put_up(std::uint64_t from, std::uint64_t to) noexcept;
  void fill_run(std::uint64_t from, std::uint64_t to, std::span<const std::byte> bytes) noexcept;
  void finish_run(std::uint64_t begin, std::uint64_t used, std::uint64_t end) noexcept;
  bool publish(std::uint64_t index, std::uint32_t reserved, std::uint32_t count) noexcept;
  void abandon(std::uint64_t index, std::uint32_t reserved) noexcept;
  void wake_if_moved(std::uint64_t& seen) noexcept;
  bool raise_limit() noexcept;
  void doubt_limit(std::uint64_t index, std::uint64_t end) noexcept;
  void make_visible() const noexcept;
  bool may_go_over(std::uint64_t hole) noexcept;
  [[gnu::always_inline]] void fill(std::uint64_t index, std::span<const std::byte> bytes, std::uint32_t count) noexcept;
  void prefetch_now(std::uint64_t expected) const noexcept;
  void prefetch_ahead(std::uint64_t index, std::uint64_t by) const noexcept;
  void count_pushed(std::uint64_t last, std::uint64_t items) noexcept;

  pid_t pid_;  // who made it
  const Queue* queue_;
  Ring* ring_;
  Annex* annex_;
  bool alone_;
  bool limited_;
  bool expects_barriers_ = false;  // has asked for them, wait.hpp
  bool has_barriers_ = true;
  std::uint32_t prefetched_bytes_;  // of an element, and how far ahead of what is written
  std::uint64_t ahead_;
  std::uint64_t ahead_in_run_;  // 0: not at all
  std::uint64_t limit_;         // C may go so far, as of the last look at the respected cursors; kMaxIndex without any
  std::uint64_t reserved_end_ = 0;  // of our last reservation
  std::uint64_t last_index_ = kNoIndex;
  std::uint64_t pushed_items_ = 0;
  std::uint64_t late_ = 0;
  bool engaged_ = false;  // a Reservation, or a run of a Burst, is open
  ProducersLock lock_;
  Seat seat_;
  Writer writer_;
  SoleWriter sole_;
  ProducerOptions options_;
  std::uint64_t hole_ = kNoIndex;                       // before which a respected cursor stands, in a ring of one slot
  std::chrono::steady_clock::time_point hole_since_{};  // we saw it
};

}  // namespace slickq
