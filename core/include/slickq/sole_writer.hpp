// The protocol's writing side for a producer that was declared to be the only one: plain loads and stores.
//
//   reserve(n):  C = C + n, by a store. 2. write the elements. publish(i): size, then data_index, by stores.
//
// What writer.hpp does against others falls away with them: nobody of an earlier lap can be writing, nobody can lap us.
// C is looked at each time, so that a reset is noticed. The declaration is guarded among
// slickq producers (producers_lock.hpp); an original at work beside it would be overwritten and would overwrite.
//
// Thread safety: one thread; the only writer on the ring.
// Crash: our journal line says `reserving` all the time, with a bound below which everything is published: what is
// missing from there on is ours. It is written four times a lap, not with each item.
#pragma once

#include <cstdint>

#include "slickq/journal.hpp"
#include "slickq/markers.hpp"
#include "slickq/ring.hpp"

namespace slickq {

template <class Memory = HardwareMemory>
class BasicSoleWriter {
 public:
  BasicSoleWriter(BasicRing<Memory>& ring, BasicJournal<Memory> journal, std::uint32_t line) noexcept
      : ring_(&ring), journal_(journal), line_(line) {}

  /// Say that from here on every reservation is ours. Everybody else is gone, or never comes near (see above).
  void begin() noexcept { say(ring_->reserved_index()); }

  /// `n` elements (1..capacity) as one item. kNoIndex: C would pass `limit`, or the end of all indexes.
  std::uint64_t reserve(std::uint32_t n, std::uint64_t limit = kMaxIndex) noexcept {
    Jump jump;
    const std::uint64_t index = ring_->reserve_alone(n, limit, &jump);
    if (jump.to != jump.from) mark_dead(jump.from, jump.to);
    return index == kNoIndex ? kNoIndex : began(index, index + ring_->geometry().footprint(n));
  }

  /// One slot, as reserve(1) in the usual case. kNoIndex: reserve() will do it, or say why not.
  std::uint64_t reserve_one(std::uint64_t limit = kMaxIndex) noexcept {
    const std::uint64_t index = ring_->reserve_one_alone(next_, limit);
    return index == kNoIndex ? kNoIndex : began(index, index + step());
  }

  /// What the next reservation will be, if nobody resets the queue.
  std::uint64_t expected() const noexcept { return next_; }

  /// Up to `k` items of one slot each (at most as many as there are slots); fewer when C would pass `limit`.
  Singles reserve_singles(std::uint32_t k, std::uint64_t limit = kMaxIndex) noexcept {
    const Singles run = ring_->reserve_singles_alone(k, limit);
    if (run.count != 0) began(run.index, run.index + run.count * step());
    return run;
  }

  /// Make `n` elements of the reservation [index, end) visible as one item; what is left of it is jumped over.
  void publish(std::uint64_t index, std::uint64_t end, std::uint32_t n) noexcept {
    const std::uint64_t used = index + ring_->geometry().footprint(n);
    if (used < end) mark_dead(used, end);
    ring_->fill_slot(index, n);
    ring_->raise_last_published_alone(index);
  }

  /// The same for a reservation of one slot.
  bool publish_one(std::uint64_t index) noexcept {
    ring_->fill_slot(index, 1);
    ring_->raise_last_published_alone(index);
    return true;
  }

  // As BasicWriter's; nobody is ever in the way, and nothing is ever late.
  bool is_clear_one(std::uint64_t) const noexcept { return true; }
  void count_detour() noexcept {}
  bool put_up_one(std::uint64_t index) noexcept {
    ring_->fill_slot(index, 1);
    return true;
  }

  /// Make the single items from `from` to before `to` of a run visible.
  void put_up(std::uint64_t from, std::uint64_t to) noexcept {
    for (std::uint64_t at = from; at != to; at += step()) ring_->fill_slot(at, 1);
  }

  /// A run is over: [begin, used) was put up, [used, end) is given up. last_published is raised here, once.
  void finish(std::uint64_t begin, std::uint64_t used, std::uint64_t end) noexcept {
    if (used != begin) ring_->raise_last_published_alone(used - step());
    if (used != end) mark_dead(used, end);
  }

  /// Give [index, end) up: readers jump over it.
  [[gnu::noinline]] void mark_dead(std::uint64_t index, std::uint64_t end) noexcept { put_markers(*ring_, index, end); }

 private:
  std::uint64_t step() const noexcept { return ring_->geometry().items_per_slot(); }

  std::uint64_t began(std::uint64_t index, std::uint64_t end) noexcept {
    next_ = end;
    // Unsigned: after a reset the bound is ahead of the index, and far away, too.
    if (index - bound_ >= ring_->geometry().capacity() / 4) say(index);
    return index;
  }

  void say(std::uint64_t bound) noexcept {
    bound_ = bound;
    journal_.reserving(line_, bound);
  }

  BasicRing<Memory>* ring_;
  BasicJournal<Memory> journal_;
  std::uint32_t line_;
  std::uint64_t bound_ = 0;
  std::uint64_t next_ = 0;  // where C is, if nobody reset the queue
};

using SoleWriter = BasicSoleWriter<>;

}  // namespace slickq
