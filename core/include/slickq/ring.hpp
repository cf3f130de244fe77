// The protocol on mapped memory: reserve, publish, markers, looking at a slot. No system call, no allocation, no
// exception; safe against any bytes in the memory (indexes are masked, sizes clamped), whoever wrote them.
//
// Thread safety: every function may be called by any number of threads and processes at once, but reset().
// C = the reserved index, N = capacity, s(i) = slot of index i.
//
// The algorithm:
//   1. reserve(n): C += n in one atomic step (acquire and release: see journal.hpp). An item that would straddle the
//      end of the ring starts at the next multiple of N; the slot it skipped from gets a jump marker: data_index =
//      where to go on.
//   2. write the elements.
//   3. publish(i, n): s(i).size = n, then s(i).data_index = i. With last_published: last_published = max(itself, i).
//   4. look(c): none or older than c -> nothing yet. c -> an item. Newer, another slot's -> jump marker. Newer, this
//      slot's -> c was overwritten.
//   5. is_intact(c) AFTER the copy: only a fresh C proves it, because a producer overwrites elements before it
//      touches the slot.
//
// Invariants: 1. C only grows (but reset). 2. a slot's data_index only grows, as long as everybody publishes with
// try_publish() (publish() and fill_slot() of a late producer, ours or an original's, may break this; nothing here
// relies on it).
// 3. a marker's target is <= C.
// Crash: a producer that dies between 1 and 3 leaves a hole; readers stop there until the ring laps, or until it is
// repaired (recovery.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "slickq/counter.hpp"
#include "slickq/geometry.hpp"
#include "slickq/layout.hpp"
#include "slickq/memory.hpp"

namespace slickq {

/// What a cursor finds in its slot.
enum class Look : std::uint8_t {
  nothing,  ///< not published yet
  item,     ///< an item: index, count, next are set
  jump,     ///< a jump marker: go on at next
  overrun   ///< the cursor's item was overwritten by `index`, a whole number of laps later
};

struct Sight {
  Look what = Look::nothing;
  std::uint64_t index = 0;  ///< item or overrun: the index the slot holds
  std::uint64_t next = 0;   ///< item, jump, overrun: cursor after it
  std::uint32_t count = 0;  ///< item, overrun: elements, 1..capacity, never past the end of the ring
};

/// What a reservation jumped over to begin at the start of the ring; nothing when both are 0.
struct Jump {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

/// Items of one slot each that were reserved in one step.
struct Singles {
  std::uint64_t index = kNoIndex;
  std::uint32_t count = 0;
};

template <class Memory = HardwareMemory>
class BasicRing {
 public:
  BasicRing() = default;
  /// `base`: the first byte of the segment, mapped for at least geometry.segment_bytes(), 16-byte aligned. May be a
  /// read-only mapping as long as only const functions are called.
  BasicRing(std::byte* base, const Geometry& geometry) noexcept
      : base_(base),
        slots_(reinterpret_cast<Slot*>(base + kHeaderBytes)),
        elements_(base + geometry.data_offset()),
        mask_(geometry.mask()),
        element_size_(geometry.element_size()),
        slot_shift_(geometry.slot_shift()),
        size_bits_(geometry.layout() == Layout::wide ? 0 : kPackedSizeBits),
        geometry_(&geometry) {}

  /// Reserved index C.
  std::uint64_t reserved_index() const noexcept {
    // relaxed: a monotonic counter; what needs ordering (is_intact) puts a fence before this load.
    return Memory::load(&header()->reserved, std::memory_order_relaxed) >> size_bits_;
  }

  /// Reserve `n` elements (1..capacity) as one item; writes the jump marker when they would straddle the end.
  /// Returns the index of the first, or kNoIndex when C would pass kMaxIndex. `jump`: what was jumped over.
  std::uint64_t reserve(std::uint32_t n, Jump* jump = nullptr) noexcept {
    const std::uint64_t index = has_one_slot(n) && geometry_->layout() != Layout::wide
                                    ? advance_packed(geometry_->footprint(n), n)
                                    : reserve_shared(n, kMaxIndex, jump);
    return behind_reservation(index);
  }

  /// Reserve as reserve() does, but only when C stays <= `limit`; kNoIndex when it would not. For producers that wait
  /// for slow consumers: who reserves first and waits then makes C run ahead, and every reader takes that for a loss.
  /// An item that would not even fit behind the end of an empty ring moves C there first, by a jump marker. `limit`
  /// kNoIndex: only the end of all indexes, and C does not move when it is reached.
  std::uint64_t reserve_below(std::uint32_t n, std::uint64_t limit, Jump* jump = nullptr) noexcept {
    return behind_reservation(reserve_shared(n, limit, jump));
  }

  /// The same by the only producer there is: without a locked instruction.
  std::uint64_t reserve_alone(std::uint32_t n, std::uint64_t limit, Jump* jump) noexcept {
    return behind_reservation(reserve_with(OwnCounter<Memory>(base_, *geometry_), n, limit, jump));
  }

  /// One slot, which never straddles the end, so that nothing is jumped over. kNoIndex: C would pass `limit`; kMaxIndex
  /// is no limit but the end of all indexes, where C may have moved all the same.
  std::uint64_t reserve_one(std::uint64_t limit) noexcept {
    const std::uint64_t need = geometry_->items_per_slot();
    if (geometry_->layout() == Layout::wide) [[unlikely]]
      return reserve_below(1, limit);
    if (limit == kMaxIndex) return behind_reservation(advance_packed(need, 1));
    return behind_reservation(reserve_one_with(PackedCounter<Memory>(&header()->reserved), need, limit));
  }

  /// The same by the only producer there is, who takes C for `expected`. kNoIndex, and nothing was done, when it is not
  /// that, or not the word that this function leaves: then reserve_alone().
  std::uint64_t reserve_one_alone(std::uint64_t expected, std::uint64_t limit) noexcept {
    const std::uint64_t need = geometry_->items_per_slot();
    if (geometry_->layout() == Layout::wide || expected + need > std::min(limit, kMaxIndex)) return kNoIndex;
    // What follows shall hang on what is expected and not on what is loaded: a consumer that has looked at C has the
    // line, and all that a push does would wait for it to come back. (A processor goes on beyond a comparison.)
    std::uint64_t index = expected;
    __asm__("" : "+r"(index));
    if (Memory::load(&header()->reserved, std::memory_order_relaxed) != pack_reserved(expected, 1)) [[unlikely]]
      return kNoIndex;
    // release: as OwnCounter.
    Memory::store(&header()->reserved, pack_reserved(index + need, 1), std::memory_order_release);
    return behind_reservation(index);
  }

  /// Reserve up to `k` items of one slot each (at most as many as there are slots) in one atomic step, fewer when C
  /// would pass `limit`. They may straddle the end of the ring; publish each on its own. count 0: not even one.
  Singles reserve_singles(std::uint32_t k, std::uint64_t limit = kMaxIndex) noexcept {
    if (limit == kMaxIndex && geometry_->layout() != Layout::wide) {
      const std::uint64_t index = advance_packed(std::uint64_t{k} * geometry_->items_per_slot(), 1);
      return {behind_reservation(index), index == kNoIndex ? 0 : k};
    }
    return geometry_->layout() == Layout::wide
               ? reserve_singles_with(WideCounter<Memory>(&wide()->reserved), k, limit)
               : reserve_singles_with(PackedCounter<Memory>(&header()->reserved), k, limit);
  }
  Singles reserve_singles_alone(std::uint32_t k, std::uint64_t limit) noexcept {
    return reserve_singles_with(OwnCounter<Memory>(base_, *geometry_), k, limit);
  }

  /// Where an item of `n` elements would start that is reserved now.
  std::uint64_t next_start(std::uint32_t n) const noexcept {
    return start_of_item(reserved_index(), geometry_->footprint(n));
  }

  /// Make the item at `index` visible. `n`: elements written, 1..what was reserved. Both come from reserve().
  void publish(std::uint64_t index, std::uint32_t n) noexcept {
    fill_slot(index, n);
    raise_last_published(index);
  }
  /// The same without last_published, which is then to be raised behind the last of several.
  void fill_slot(std::uint64_t index, std::uint32_t n) noexcept {
    Slot& slot = slot_at(index);
    Memory::store(&slot.size, n, std::memory_order_relaxed);  // ordered by the next line
    // release: pairs with the acquire load in look(); who sees the index sees size and elements.
    Memory::store(&slot.data_index, index, std::memory_order_release);
  }

  /// The same, but never over something newer: false when the slot holds a later index, or that index already, because
  /// this producer was late by a lap or was declared dead. Then nothing is changed.
  bool try_publish(std::uint64_t index, std::uint32_t n) noexcept {
    if (!replace_older(index, index, n)) return false;
    raise_last_published(index);
    return true;
  }

  /// last_published = max(itself, index), in layouts that have it.
  void raise_last_published(std::uint64_t index) noexcept {
    if (!has_last_published(geometry_->layout())) return;
    std::uint64_t* word = &header()->last_published;
    std::uint64_t seen = Memory::load(word, std::memory_order_relaxed);
    while (seen == kNoIndex || seen < index) {
      // release: pairs with the acquire in last_published(); who sees the index sees the item.
      if (Memory::compare_exchange(word, seen, index, std::memory_order_release, std::memory_order_relaxed)) return;
    }
  }
  /// The same by the only producer there is.
  void raise_last_published_alone(std::uint64_t index) noexcept {
    if (!has_last_published(geometry_->layout())) return;
    Memory::store(&header()->last_published, index, std::memory_order_release);  // as above
  }

  /// Put a jump marker into the slot of `from`: readers at `from` go on at `to`. from < to <= C, another slot.
  /// `size` is what the originals store beside it (the size of the reservation that jumped); readers ignore it.
  /// False, and nothing is changed, when the slot holds `from` or anything newer.
  bool mark(std::uint64_t from, std::uint64_t to, std::uint32_t size) noexcept { return replace_older(from, to, size); }
  /// The same with the size that is there.
  bool mark(std::uint64_t from, std::uint64_t to) noexcept { return replace_older(from, to, std::nullopt); }

  /// What the slot of `index` holds: an item's index, a marker's target, kNoIndex.
  std::uint64_t held_by_slot(std::uint64_t index) const noexcept {
    // acquire: pairs with the release in publish() and mark(). Who writes elements because the item of the lap before
    // is there writes after that item's producer did.
    return Memory::load(&slot_at(index).data_index, std::memory_order_acquire);
  }

  /// Would look() find nothing?
  bool is_nothing_at(std::uint64_t cursor) const noexcept {
    const std::uint64_t held = held_by_slot(cursor);
    return held == kNoIndex || held < cursor;
  }

  /// What does `cursor` find? Follows no markers itself. Any cursor value is safe.
  Sight look(std::uint64_t cursor) const noexcept {
    const Slot& slot = slot_at(cursor);
    for (;;) {
      // acquire: pairs with the release in publish() and mark().
      const std::uint64_t index = Memory::load(&slot.data_index, std::memory_order_acquire);
      if (index == kNoIndex || index < cursor) return {};
      if (index != cursor && ((index ^ cursor) & mask_) != 0) return {Look::jump, index, index, 0};
      const std::uint32_t size = Memory::load(&slot.size, std::memory_order_relaxed);
      // acquire fence, pairs with the release store in publish(): if the size was that of an exchange of another lap,
      // the index has moved. That of plain stores comes before the index: the C check finds it.
      Memory::fence(std::memory_order_acquire);
      if (Memory::load(&slot.data_index, std::memory_order_relaxed) != index) continue;
      const std::uint32_t count = clamp_count(index, size);
      const Look what = index == cursor ? Look::item : Look::overrun;
      return {what, index, index + geometry_->footprint(count), count};
    }
  }

  /// Were the bytes copied from item `index` BEFORE this call still that item's? The C check: one load validates
  /// every item copied before it that it is asked about with the same C (see reserved_index_after_copy()).
  bool is_intact(std::uint64_t index) const noexcept { return holds(index, reserved_index_after_copy()); }

  /// C, loaded after everything this thread has read so far.
  std::uint64_t reserved_index_after_copy() const noexcept {
    // acquire fence: pairs with the release fence in reserve(); see there.
    Memory::fence(std::memory_order_acquire);
    return reserved_index();
  }

  /// Is `index` still in the ring, given a C loaded after the copy?
  bool holds(std::uint64_t index, std::uint64_t reserved) const noexcept {
    return index < reserved && reserved - index <= geometry_->capacity();
  }

  /// The first index in [from, to) that is published or a valid marker, or kNoIndex.
  std::uint64_t find_present(std::uint64_t from, std::uint64_t to) const noexcept {
    const std::uint64_t step = geometry_->items_per_slot();
    for (std::uint64_t i = geometry_->footprint(from); i < to; i += step) {  // every item starts at a whole slot
      const Sight sight = look(i);
      if (sight.what == Look::item || (sight.what == Look::jump && sight.next <= to)) return i;
    }
    return kNoIndex;
  }

  /// The oldest item from `from` on that is still there; C when there is none. `from` <= C.
  std::uint64_t first_present(std::uint64_t from) const noexcept {
    const std::uint64_t end = reserved_index();
    return std::min(find_present(from, end), std::max(from, end));  // kNoIndex is larger than any index
  }

  /// Where a reader that lost `cursor` (< C) goes on: the oldest item that is surely still there, never backwards.
  /// Looks an eighth of the ring ahead of the oldest first, because the oldest items are the next to be overwritten.
  /// When all of the ring is in work: where something surely begins that is in work, as it will be published yet.
  std::uint64_t resync(std::uint64_t cursor) const noexcept {
    const std::uint64_t end = reserved_index();
    const std::uint64_t ring = geometry_->capacity();
    const std::uint64_t oldest = std::max(cursor + geometry_->items_per_slot(), end > ring ? end - ring : 0);
    const std::uint64_t ahead = std::max(oldest, end > ring ? end - ring + ring / 8 : 0);
    const std::uint64_t found = find_present(ahead, end);
    if (found != kNoIndex) return found;
    // No item straddles the end of the ring. Of any other index nobody knows whether it is the inside of one.
    const std::uint64_t begins = geometry_->next_ring_start(oldest);
    return std::min(find_present(oldest, ahead), std::min(begins, std::max(oldest, end)));
  }

  /// Index of the newest published item, kNoIndex when none or not maintained by this layout.
  std::uint64_t last_published() const noexcept {
    if (!has_last_published(geometry_->layout())) return kNoIndex;
    // acquire: pairs with the release compare-exchange in raise_last_published().
    return Memory::load(&header()->last_published, std::memory_order_acquire);
  }

  /// Size of the last reservation as the header tells it (16 bits in all layouts but `wide`).
  std::uint32_t last_reservation_size() const noexcept {
    if (geometry_->layout() == Layout::wide) {
      return static_cast<std::uint32_t>(Memory::load(&wide()->reserved.high, std::memory_order_relaxed));
    }
    return packed_size(Memory::load(&header()->reserved, std::memory_order_relaxed));
  }

  /// Back to the empty state. NOT safe while anybody else uses the ring: a reader may redeliver, a producer's item
  /// may be lost.
  void reset() noexcept {
    for (std::uint32_t k = 0; k < geometry_->slot_count(); ++k) {
      Memory::store(&slots_[k].size, 1u, std::memory_order_relaxed);
      // release: a reader that still sees the old C (acquire fence in is_intact) is told "nothing", not a stale item.
      Memory::store(&slots_[k].data_index, kNoIndex, std::memory_order_release);
    }
    if (has_last_published(geometry_->layout())) {
      Memory::store(&header()->last_published, kNoIndex, std::memory_order_relaxed);
    }
    // release: who sees C == 0 sees empty slots. Pairs with the acquire fence in reserved_index_after_copy().
    Memory::store(&header()->reserved, std::uint64_t{0}, std::memory_order_release);
    if (geometry_->layout() == Layout::wide) {
      Memory::store(&wide()->reserved.high, std::uint64_t{0}, std::memory_order_relaxed);
    }
  }

  /// First byte of element `index & mask`. The caller keeps to the elements it reserved.
  std::byte* element(std::uint64_t index) const noexcept { return elements_ + (index & mask_) * element_size_; }

  /// The slot of `index`; for its address only.
  const Slot* slot(std::uint64_t index) const noexcept { return &slot_at(index); }

  const Geometry& geometry() const noexcept { return *geometry_; }
  std::byte* base() const noexcept { return base_; }

 private:
  Header* header() const noexcept { return reinterpret_cast<Header*>(base_); }
  WideHeader* wide() const noexcept { return reinterpret_cast<WideHeader*>(base_); }

  // Index and size of the slot of `from` in one 16-byte exchange: with two stores a producer one lap ahead could
  // publish between them and get this size. Its release half pairs with the acquire load in look().
  bool replace_older(std::uint64_t from, std::uint64_t to, std::optional<std::uint32_t> size) noexcept {
    Slot& slot = slot_at(from);
    auto* pair = reinterpret_cast<WideWord*>(&slot);
    WideWord seen{Memory::load(&slot.data_index, std::memory_order_relaxed),
                  Memory::load(&slot.size, std::memory_order_relaxed)};
    while (seen.low == kNoIndex || seen.low < from) {
      const std::uint64_t high = size ? *size : static_cast<std::uint32_t>(seen.high);
      if (Memory::compare_exchange(pair, seen, WideWord{to, high})) return true;
    }
    return false;
  }

  // release fence: pairs with the acquire fence in is_intact(). A reader that copied any byte written from here on also
  // sees the C that this reservation made. Free on x86; on ARM a relaxed RMW alone may be passed by the writes.
  static std::uint64_t behind_reservation(std::uint64_t index) noexcept {
    Memory::fence(std::memory_order_release);
    return index;
  }

  bool has_one_slot(std::uint32_t n) const noexcept { return n <= geometry_->items_per_slot(); }

  // A size from shared memory is used only after this: at least 1, and never past the end of the ring.
  std::uint32_t clamp_count(std::uint64_t index, std::uint32_t size) const noexcept {
    const std::uint32_t room = geometry_->capacity() - static_cast<std::uint32_t>(index & geometry_->mask());
    return std::clamp<std::uint32_t>(size, 1, room);
  }

  // Where an item of `need` elements starts when C is `at`: there, or at the next multiple of N.
  std::uint64_t start_of_item(std::uint64_t at, std::uint64_t need) const noexcept {
    const std::uint64_t offset = at & geometry_->mask();
    return offset + need > geometry_->capacity() ? geometry_->next_ring_start(at) : at;
  }

  // Item and jump together are larger than the ring: readers that have read everything would still be in the way, and
  // C would never move. The jump alone overwrites nothing, and they follow it.
  bool needs_the_jump_first(std::uint64_t at, std::uint64_t index, std::uint64_t need,
                            std::uint64_t limit) const noexcept {
    return index != at && index <= limit && index + need <= kMaxIndex &&
           index + need - at > std::uint64_t{geometry_->capacity()};
  }

  std::uint64_t advance_packed(std::uint64_t need, std::uint32_t size) noexcept {
    // acq_rel: each reservation pairs with the later ones. Who reserves after us sees what our journal line said when
    // we began (journal.hpp). Free on x86. What the elements need is the fence after it.
    std::uint64_t seen = Memory::fetch_add(&header()->reserved, need << 16, std::memory_order_acq_rel);
    const std::uint64_t index = packed_index(seen);
    if (index + need > kMaxIndex) {
      // 2^47 further reservations fit before the word could wrap. Only damage leaves it so near to that, and must not
      // let C begin anew: taken back. relaxed, pairs with nothing: nothing was reserved.
      if (index + need > packed_index(~std::uint64_t{0})) {
        Memory::fetch_add(&header()->reserved, std::uint64_t{0} - (need << 16), std::memory_order_relaxed);
      }
      return kNoIndex;
    }
    if (packed_size(seen) != (size & 0xFFFF)) {
      // The size of the last reservation, as the originals keep it: best effort, dropped when somebody was faster.
      std::uint64_t expected = seen + (need << 16);
      // relaxed: a statistic. (Its place in the release sequence of the reservation before it is kept by any RMW.)
      Memory::compare_exchange(&header()->reserved, expected, pack_reserved(index + need, size),
                               std::memory_order_relaxed, std::memory_order_relaxed);
    }
    return index;
  }

  [[gnu::noinline]] std::uint64_t reserve_shared(std::uint32_t n, std::uint64_t limit, Jump* jump) noexcept {
    return geometry_->layout() == Layout::wide
               ? reserve_with(WideCounter<Memory>(&wide()->reserved), n, limit, jump)
               : reserve_with(PackedCounter<Memory>(&header()->reserved), n, limit, jump);
  }

  template <class Counter>
  std::uint64_t reserve_with(Counter counter, std::uint32_t n, std::uint64_t limit, Jump* jump) noexcept {
    const std::uint64_t need = geometry_->footprint(n);
    for (;;) {
      const std::uint64_t at = counter.at();
      if (at > kMaxIndex) return kNoIndex;  // only by damage: what is added to it could wrap, and C would begin anew
      const std::uint64_t index = start_of_item(at, need);
      const bool fits = index + need <= std::min(limit, kMaxIndex);
      if (!fits && !needs_the_jump_first(at, index, need, limit)) return kNoIndex;
      if (!counter.move(fits ? index + need : index, n)) continue;
      if (index != at) {
        mark(at, index, n);
        if (jump != nullptr) *jump = {at, index};
      }
      return fits ? index : kNoIndex;
    }
  }

  template <class Counter>
  std::uint64_t reserve_one_with(Counter counter, std::uint64_t need, std::uint64_t limit) noexcept {
    for (;;) {
      const std::uint64_t index = counter.at();
      if (index + need > std::min(limit, kMaxIndex)) return kNoIndex;
      if (counter.move(index + need, 1)) return index;
    }
  }

  template <class Counter>
  Singles reserve_singles_with(Counter counter, std::uint32_t k, std::uint64_t limit) noexcept {
    const std::uint64_t step = geometry_->items_per_slot();
    for (;;) {
      const std::uint64_t index = counter.at();
      const std::uint64_t room = std::min(limit, kMaxIndex) - std::min(index, std::min(limit, kMaxIndex));
      const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(k, room / step));
      if (count == 0) return {};
      if (counter.move(index + count * step, 1)) return {behind_reservation(index), count};
    }
  }

  Slot& slot_at(std::uint64_t index) const noexcept { return slots_[(index & mask_) >> slot_shift_]; }

  std::byte* base_ = nullptr;
  Slot* slots_ = nullptr;
  std::byte* elements_ = nullptr;
  std::uint64_t mask_ = 0;  // this and the next two: the geometry's, at hand for every push and every look
  std::uint64_t element_size_ = 0;
  std::uint32_t slot_shift_ = 0;
  std::uint32_t size_bits_ = 0;  // below C in its word: the size of the last reservation
  const Geometry* geometry_ = nullptr;
};

using Ring = BasicRing<>;

}  // namespace slickq
