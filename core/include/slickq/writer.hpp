// One producer's side of the protocol: reserve, journal, look before writing, publish or abandon.
//
//   reserve(n):  1. journal: reserving   2. C += n   3. journal: held   4. is anybody of an earlier lap still writing
//                there? Then a DETOUR: abandon the reservation by a jump marker and begin again.
//   publish(i):  5. late by a lap? nothing is published   6. exchange the slot, never over something newer   7. idle
//
// Why the detour: the C check of a reader proves that no producer RESERVED over an item, not that none of an earlier
// lap still WRITES to it. A producer that sleeps between 2 and 6 for a whole lap would write into a newer item, and no
// check of its own can prevent that, since it may fall asleep after any check. So the others keep away from where it
// sleeps. The usual case costs one load: when the slot shows the item of exactly one lap before, its producer is done.
// Who sleeps between 1 and 3 may have reserved anything.
//
// A run is several items of one slot each in one reservation, published by plain stores: a locked instruction an item
// is what pushing one by one mostly costs. What an exchange would have refused, a late item over something newer, can
// then happen in one way only: the newer thing is the marker of one who went round us. He tells our line before he puts
// it (passed.hpp), and we put it back: also over the marker of a lap between, which our late item let in.
//
// Thread safety: one thread; any number of writers on a ring.
// Invariants, among journaled writers: 1. no element is written by two at once. 2. a slot never moves backwards, but
// for a late item of a run, until the run is finished; it hides no item, and no marker for longer. 3. what is published
// was written whole. Writers without a journal line (no annex, no free line, originals) publish by exchange only and
// keep 2, and 1 only against those that keep away from them: nobody.
// Crash: the journal line says what was in work; recovery.hpp repairs it, and the marker under a dead one's late item.
#pragma once

#include <cstdint>

#include "slickq/journal.hpp"
#include "slickq/markers.hpp"
#include "slickq/ring.hpp"

namespace slickq {

template <class Memory = HardwareMemory>
class BasicWriter {
 public:
  BasicWriter(BasicRing<Memory>& ring, BasicJournal<Memory> journal, std::uint32_t line) noexcept
      : ring_(&ring), journal_(journal), line_(line), bound_(ring.reserved_index()) {}

  /// `n` elements (1..capacity) as one item. kNoIndex: C would pass `limit`, or the end of all indexes, or
  /// is_obstructed().
  std::uint64_t reserve(std::uint32_t n, std::uint64_t limit = kMaxIndex) noexcept {
    const std::uint64_t footprint = ring_->geometry().footprint(n);
    obstructed_ = false;
    while (!obstructed_) {
      journal_.reserving(line_, bound_);
      const bool freely = limit == kMaxIndex && !is_near_the_end();
      Jump jump;
      const std::uint64_t index =
          freely ? ring_->reserve(n, &jump) : ring_->reserve_below(n, limit == kMaxIndex ? kNoIndex : limit, &jump);
      if (index == kNoIndex) {
        pass_over(jump);
        journal_.idle(line_, bound_);
        return kNoIndex;
      }
      pass_over(jump);  // as `reserving`: when we die in it, what is jumped over is ours, too
      if (hold(index, footprint)) return index;
      obstructed_ = in_a_row_ >= kMostDetours;
    }
    return kNoIndex;
  }

  /// One slot, as reserve(1) in the usual case: one try. kNoIndex: reserve() will do it, or say why not.
  std::uint64_t reserve_one(std::uint64_t limit = kMaxIndex) noexcept {
    if (is_near_the_end()) [[unlikely]]
      return kNoIndex;
    journal_.reserving(line_, bound_);
    const std::uint64_t index = ring_->reserve_one(limit);
    if (index == kNoIndex) [[unlikely]] {
      journal_.idle(line_, bound_);
      return kNoIndex;
    }
    return hold(index, step()) ? index : kNoIndex;
  }

  /// What the next reservation will probably be; kNoIndex when others push, too.
  std::uint64_t expected() const noexcept { return expected_; }

  /// Up to `k` items of one slot each in one atomic step (at most kMostRunSlots, and as many as there are slots); fewer
  /// when C would pass `limit`, none at the end of all indexes. They are a run: ask is_clear() for each before writing
  /// it, make it visible by put_up(), and finish() the run.
  Singles reserve_singles(std::uint32_t k, std::uint64_t limit = kMaxIndex) noexcept {
    journal_.reserving(line_, bound_);
    const Singles run =
        ring_->reserve_singles(std::min(k, kMostRunSlots), limit == kMaxIndex && is_near_the_end() ? kNoIndex : limit);
    if (run.count == 0) {
      journal_.idle(line_, bound_);
    } else {
      bound_ = run.index + run.count * step();
      journal_.held_firmly(line_, run.index, bound_);
    }
    return run;
  }

  /// May the elements of [index, index + footprint), ours, be written now? False: late by a lap, or somebody else of an
  /// earlier lap may still be writing there.
  bool is_clear(std::uint64_t index, std::uint64_t footprint) const noexcept {
    const Geometry& geometry = ring_->geometry();
    const std::uint64_t held = ring_->held_by_slot(index);
    if ((held != kNoIndex && held >= index) || is_lapped(index)) return false;
    // One lap behind: its producer is done, and whoever comes a lap later finds our journal line in his way.
    if (footprint == step() && held == index - geometry.capacity()) return true;
    return is_left_alone(index, footprint);
  }

  /// The same of one slot.
  bool is_clear_one(std::uint64_t index) const noexcept {
    const std::uint64_t held = ring_->held_by_slot(index);
    // As below: one lap behind.
    return held == index - ring_->geometry().capacity() ? !is_lapped(index) : is_clear(index, step());
  }

  /// Make single items of a run visible, from `from` to before `to`. Returns up to where they are: `from` when late.
  /// By plain stores. May we fall asleep before them, for a lap? Then they land on markers that others put there who
  /// went round us, as we hold the slots. They told our line before: finish() puts the markers back.
  std::uint64_t put_up(std::uint64_t from, std::uint64_t to) noexcept {
    if (is_lapped(from)) return from;
    std::uint64_t at = from;
    if (line_ != kNoLine) {
      for (; at != to; at += step()) ring_->fill_slot(at, 1);
    } else {
      while (at != to && ring_->try_publish(at, 1)) at += step();  // nobody can tell us anything
    }
    return at;
  }

  /// One of them. False: late.
  bool put_up_one(std::uint64_t index) noexcept {
    if (is_lapped(index)) [[unlikely]]
      return false;
    if (line_ == kNoLine) [[unlikely]]
      return ring_->try_publish(index, 1);
    ring_->fill_slot(index, 1);
    return true;
  }

  /// A run is over: [begin, used) was put up, [used, end) is given up. last_published is raised here, once.
  void finish(std::uint64_t begin, std::uint64_t used, std::uint64_t end) noexcept {
    if (used != begin) ring_->raise_last_published(used - step());
    if (const std::uint64_t passed = used == begin ? 0 : journal_.passed(line_, begin); passed != 0) {
      put_markers_back(passed, begin, used);
    }
    if (used != end) mark_dead(used, end);
    done();
  }

  /// Make `n` elements of the reservation [index, end) visible as one item; what is left of it is jumped over.
  /// False: late, nothing is visible. Call done() behind the last publish of a reservation.
  bool publish(std::uint64_t index, std::uint64_t end, std::uint32_t n) noexcept {
    if (is_lapped(index)) return false;
    const std::uint64_t used = index + ring_->geometry().footprint(n);
    // The marker first: a reader behind the item must never stand before an empty slot that nobody will fill.
    if (used < end) mark_dead(used, end);
    return ring_->try_publish(index, n);
  }

  /// The same for a reservation of one slot, with its done().
  bool publish_one(std::uint64_t index) noexcept {
    const bool visible = !is_lapped(index) && ring_->try_publish(index, 1);
    done();
    return visible;
  }

  /// Give the reservation [index, end) up: readers jump over it.
  void abandon(std::uint64_t index, std::uint64_t end) noexcept {
    mark_dead(index, end);
    done();
  }

  /// Nothing is in work any more.
  void done() noexcept { journal_.idle(line_, bound_); }

  /// Close to the last index C is moved by exchange only: an addition that is refused afterwards has moved C all the
  /// same, over items that nobody has read. Known from our own last reservation, so that the header is not asked.
  bool is_near_the_end() const noexcept { return bound_ > kMaxIndex - (std::uint64_t{1} << 40); }

  /// Is somebody `reserving`, and for all we know so long that he is late by a lap? As long as he is, and is not
  /// buried, every index is suspect: for items of several slots going elsewhere does not help. (One slot gets through
  /// wherever the lap before was ordinary.)
  bool is_undecided(std::uint32_t n) const noexcept {
    const std::uint64_t footprint = ring_->geometry().footprint(n);
    if (footprint == ring_->geometry().items_per_slot()) return false;
    const std::uint32_t lines = journal_.top();
    for (std::uint32_t line = 0; line < lines; ++line) {
      if (line == line_) continue;
      const Claim seen = journal_.claim(line);
      if (seen.state == JournalState::reserving &&
          journal_.is_in_the_way(line, seen, ring_->reserved_index(), footprint)) {
        return true;
      }
    }
    return false;
  }

  /// Would a reservation of `n` elements made now end in a detour?
  bool would_detour(std::uint32_t n) const noexcept {
    return !is_left_alone(ring_->next_start(n), ring_->geometry().footprint(n));
  }

  /// Does a reader at `cursor` stand before the only reservation there is, in a ring of one slot? No marker takes him
  /// over it when it is given up: only the next reservation does, which must not wait for him.
  bool is_awaited_in_one_slot(std::uint64_t cursor) const noexcept {
    const Geometry& geometry = ring_->geometry();
    return geometry.slot_count() == 1 && ring_->reserved_index() - cursor == geometry.capacity() &&
           ring_->held_by_slot(cursor) != cursor;
  }

  /// The same, and nobody alive is at work there, as far as the journal tells.
  bool is_given_up_in_one_slot(std::uint64_t cursor) const noexcept {
    if (!journal_ || !is_awaited_in_one_slot(cursor)) return false;
    Memory::fence(std::memory_order_acquire);  // the load of C is before the look at the journal, as in plan_repair()
    const std::uint64_t capacity = ring_->geometry().capacity();
    if (journal_.is_written_by_another(cursor + capacity, capacity, line_)) return false;
    // Again, behind the journal: who was at work at the first look, and is not any more, may have published.
    return is_awaited_in_one_slot(cursor);
  }

  /// Did the last reserve() find somebody of an earlier lap wherever it went? One detour is nothing, and the next
  /// reservation is elsewhere. Several in a row are somebody who stands still: stopped or dead, holding all of a small
  /// ring, or at `reserving`, so that nobody knows where he writes. Going on at once would only push C, and every
  /// reader's loss, ahead of us: rest, see who is dead, try again. Nothing is reserved.
  bool is_obstructed() const noexcept { return obstructed_; }

  /// Did the last reservations, whatever the next one came to, all end in a detour?
  bool is_hindered() const noexcept { return in_a_row_ >= kMostDetours; }

  /// Reservations given up because somebody of an earlier lap might still have been writing there.
  std::uint64_t detours() const noexcept { return detours_; }
  void count_detour() noexcept { ++detours_; }

 private:
  std::uint64_t step() const noexcept { return ring_->geometry().items_per_slot(); }

  // [index, index + footprint) is reserved: tell so, and whether it may be written. If not it is given up.
  bool hold(std::uint64_t index, std::uint64_t footprint) noexcept {
    const bool follows = index == bound_;
    bound_ = index + footprint;
    expected_ = follows ? bound_ : kNoIndex;
    journal_.held(line_, index, bound_);
    const bool clear = footprint == step() ? is_clear_one(index) : is_clear(index, footprint);
    in_a_row_ = clear ? 0 : in_a_row_ + 1;
    if (!clear) [[unlikely]] {
      ++detours_;
      abandon(index, index + footprint);
    }
    return clear;
  }

  // Out of line, as the next ones: a push in which none of it happens shall not pay for the registers.
  [[gnu::noinline]] void mark_dead(std::uint64_t index, std::uint64_t end) noexcept {
    if (ring_->geometry().slot_count() == 1) return;  // no markers there
    journal_.tell_passed(index, end, line_);
    put_markers(*ring_, index, end);
  }

  // Those that our late items of the run [begin, used) may lie upon; or what a late item let in: the marker of a lap
  // between, which the newer one would have refused.
  [[gnu::noinline]] void put_markers_back(std::uint64_t passed, std::uint64_t begin, std::uint64_t used) noexcept {
    const std::uint64_t reserved = ring_->reserved_index();
    for (std::uint32_t slot = 0; begin + slot * step() != used; ++slot) {
      const std::uint64_t at = begin + slot * step();
      const std::uint64_t given_up = passed_index(passed, ring_->geometry(), at, slot, reserved);
      if (given_up != kNoIndex) ring_->mark(given_up, given_up + step(), 1);
    }
  }

  // The ring has put one marker, at the start: nobody was told of it, and the slots behind it have none.
  void pass_over(const Jump& jump) noexcept {
    if (jump.to != jump.from) mark_dead(jump.from, jump.to);
  }

  // Nobody of an earlier lap, if there was one, is writing there.
  [[gnu::noinline]] bool is_left_alone(std::uint64_t index, std::uint64_t footprint) const noexcept {
    return index < ring_->geometry().capacity() || !journal_.is_written_by_another(index, footprint, line_);
  }

  bool is_lapped(std::uint64_t index) const noexcept {
    return ring_->reserved_index() - index > ring_->geometry().capacity();
  }

  static constexpr unsigned kMostDetours = 4;

  BasicRing<Memory>* ring_;
  BasicJournal<Memory> journal_;
  std::uint32_t line_;
  std::uint64_t bound_;  // all our reservations to come are at or behind it
  std::uint64_t expected_ = kNoIndex;
  std::uint64_t detours_ = 0;
  unsigned in_a_row_ = 0;  // detours since the last reservation that was clear
  bool obstructed_ = false;
};

using Writer = BasicWriter<>;

}  // namespace slickq
