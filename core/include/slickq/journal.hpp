// What each producer is doing: one line a producer, in the annex. It answers two questions that the format cannot:
// "may somebody of an earlier lap still be writing these elements?" and, after a death, "which reservation was his?".
//
//   free -> idle            the line is claimed (seat.hpp); its lock is held for life, the kernel drops it at death
//   idle -> reserving(b)    before the atomic step on C; b: no index below it will be reserved
//   reserving -> held[i,e)  after it, before an element is written
//   held -> idle            after publish or marker
//
// Others write on a line, too. passed: who gives up a reservation of slots that the owner holds of an earlier lap says
// so before he puts the markers (passed.hpp). buried: whoever proved its owner dead says so, for producers that would
// keep away from what the dead might still be writing. The claim stays what it was: the repair needs it.
//
// Thread safety: a line is written by its owner only (or by who holds its lock after the owner's death); read by
// anyone.
// Invariant: when a reservation of [i, i+n) returned, every journaled producer that reserved before it and has not
// finished shows held, or reserving with a bound at or below its index. Why: `reserving` is stored before the
// read-modify-write of C, whose release half pairs with the acquire half of every later reservation. On x86 these are
// plain moves before a locked instruction.
// Crash: a dead owner's line stays as it was: held tells exactly which reservation is dead, reserving where to look.
// Cost: three stores to a cache line of its own per push.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "slickq/annex.hpp"
#include "slickq/memory.hpp"
#include "slickq/passed.hpp"

namespace slickq {

enum class JournalState : std::uint8_t { free, idle, reserving, held };

/// A line as it was at one moment.
struct Claim {
  JournalState state = JournalState::free;
  std::uint64_t index = 0;   ///< held: first index; reserving, idle: no index below it will be reserved
  std::uint64_t end = 0;     ///< held: one past the last; reserving and buried: nothing from there on is his
  std::uint64_t passed = 0;  ///< held: what later laps gave up in the same slots, passed.hpp

  friend bool operator==(const Claim&, const Claim&) = default;
};

inline constexpr std::uint32_t kNoLine = ~std::uint32_t{0};

/// Could a producer whose line says `claim` still write elements of [index, index + count), reserved by an EARLIER
/// reservation than this one? Neither range is longer than the ring.
inline bool may_be_writing(const Claim& claim, const Geometry& geometry, std::uint64_t index,
                           std::uint64_t count) noexcept {
  const std::uint64_t ring = geometry.capacity();
  if (claim.state == JournalState::reserving) return claim.index + ring < index + count;
  if (claim.state != JournalState::held || claim.index >= index) return false;
  const std::uint64_t apart = (index - claim.index) & geometry.mask();  // our first element behind his, in the ring
  return apart < claim.end - claim.index || ring - apart < count;
}

template <class Memory = HardwareMemory>
class BasicJournal {
 public:
  /// No annex, no journal: nothing is written, nobody is ever in the way.
  BasicJournal() = default;
  BasicJournal(Annex* annex, const Geometry& geometry) noexcept : annex_(annex), geometry_(&geometry) {}

  explicit operator bool() const noexcept { return annex_ != nullptr; }

  /// Lines from this number on were never claimed.
  std::uint32_t top() const noexcept {
    if (annex_ == nullptr) return 0;
    // acquire: pairs with the release in raise_top(); relaxed would do, as a line is claimed before its first claim().
    return std::min(Memory::load(&annex_->journal_top.value, std::memory_order_acquire), kJournalLines);
  }

  /// Without what others say of it.
  Claim claim(std::uint32_t line) const noexcept {
    const JournalLine& at = annex_->journal[line];
    for (;;) {
      // acquire: pairs with the release stores of the owner; who sees one sees the elements written before it.
      const std::uint64_t word = Memory::load(&at.claim, std::memory_order_acquire);
      const auto state = static_cast<JournalState>(word & 3);
      if (state == JournalState::free || state == JournalState::idle) return {state, word >> 2};
      const std::uint64_t end = Memory::load(&at.end, std::memory_order_relaxed);
      Memory::fence(std::memory_order_acquire);  // the end belongs to that word only if the word is still there
      if (Memory::load(&at.claim, std::memory_order_relaxed) != word) continue;
      return {state, word >> 2, end};
    }
  }
  /// With it.
  Claim claim_and_passed(std::uint32_t line) const noexcept {
    Claim found = claim(line);
    // Not a later claim's: those have a greater index.
    if (found.state == JournalState::held) found.passed = passed_of(line, found.index);
    return found;
  }

  /// Asked after the reservation of [index, index + count): may anybody but `own` still be writing there?
  bool is_written_by_another(std::uint64_t index, std::uint64_t count, std::uint32_t own) const noexcept {
#if !defined(__x86_64__)
    // seq_cst: pairs with the one in held_firmly(). On x86 the reservation was a locked instruction, which is one.
    Memory::fence(std::memory_order_seq_cst);
#endif
    const std::uint32_t lines = top();
    for (std::uint32_t line = 0; line < lines; ++line) {
      if (line != own && is_in_the_way(line, claim(line), index, count)) return true;
    }
    return false;
  }

  /// May the owner of `line`, which said `claim`, still be writing there?
  bool is_in_the_way(std::uint32_t line, const Claim& seen, std::uint64_t index, std::uint64_t count) const noexcept {
    return may_be_writing(seen, *geometry_, index, count) && !is_buried(line);
  }
  /// An owner that took the line over and reserved before the caller did has dug it up before that: never missed.
  bool is_buried(std::uint32_t line) const noexcept {
    // acquire: pairs with the release in bury(); what the dead wrote is before it.
    return Memory::load(&annex_->journal[line].buried, std::memory_order_acquire) != 0;
  }
  /// By who holds new owners off the line (journal_lock.hpp), after its owner's death. `all_below`: C, loaded behind
  /// the proof of it: where he died while reserving, nothing from there on is his.
  void bury(std::uint32_t line, std::uint64_t all_below = kNoIndex) noexcept {
    if (is_buried(line)) return;  // what was said first is the closer
    if (claim(line).state == JournalState::reserving) {
      Memory::store(&annex_->journal[line].end, all_below, std::memory_order_relaxed);  // ordered by the next line
    }
    Memory::store(&annex_->journal[line].buried, 1u, std::memory_order_release);
  }
  /// By the next owner, before it says anything else. relaxed: ordered by the read-modify-write of C before it writes.
  void dig_up(std::uint32_t line) noexcept {
    Memory::store(&annex_->journal[line].buried, 0u, std::memory_order_relaxed);
  }
  /// By who empties the queue: the indexes begin anew.
  void forget_passed(std::uint32_t line) noexcept {
    Memory::store(&annex_->journal[line].passed.high, std::uint64_t{0}, std::memory_order_relaxed);
    Memory::store(&annex_->journal[line].passed.low, std::uint64_t{0}, std::memory_order_relaxed);
  }

  /// [from, end) is, or is about to be, jumped over by markers: tell everybody but `own` who holds the same slots of an
  /// earlier lap. Call it BEFORE the markers are put.
  void tell_passed(std::uint64_t from, std::uint64_t end, std::uint32_t own) noexcept {
#if !defined(__x86_64__)
    // seq_cst: as in is_written_by_another().
    Memory::fence(std::memory_order_seq_cst);
#endif
    const std::uint32_t lines = top();
    for (std::uint32_t line = 0; line < lines; ++line) {
      if (line != own && !is_buried(line)) tell_passed(line, from, end);
    }
    // seq_cst: pairs with the fence in passed(). Whose plain store lands on the marker that follows is told.
    if (lines != 0) Memory::fence(std::memory_order_seq_cst);
  }
  /// By the owner who holds from `index` on, behind his last store to a slot: what did later laps give up meanwhile?
  std::uint64_t passed(std::uint32_t line, std::uint64_t index) const noexcept {
    if (line == kNoLine) return 0;
    Memory::fence(std::memory_order_seq_cst);  // pairs with the one in tell_passed()
    return passed_of(line, index);
  }

  // The owner's side. `line` may be kNoLine: then nothing is written.

  void reserving(std::uint32_t line, std::uint64_t bound) noexcept {
    // Ordered before what follows by the release half of the read-modify-write of C. release: pairs with the acquire in
    // claim(); who sees that we are done with our last reservation writes after we did. Plain on x86.
    put(line, JournalState::reserving, bound, std::memory_order_release);
  }
  void held(std::uint32_t line, std::uint64_t index, std::uint64_t end) noexcept {
    if (line == kNoLine) return;
    Memory::store(&annex_->journal[line].end, end, std::memory_order_relaxed);  // ordered by the next line
    // release: pairs with the acquire in claim().
    put(line, JournalState::held, index, std::memory_order_release);
  }
  /// held(), and seen by everybody whose reservation the caller does not see in a C that he loads from here on.
  void held_firmly(std::uint32_t line, std::uint64_t index, std::uint64_t end) noexcept {
    if (line == kNoLine) return;
    // Told for a greater index: the queue was emptied meanwhile, by a program that knows nothing of journals.
    if (Memory::load(&annex_->journal[line].passed.high, std::memory_order_relaxed) > index) forget_passed(line);
    held(line, index, end);
    // seq_cst: pairs with the fence in is_written_by_another(): who of a later lap still read `reserving` there
    // reserved before our next look at C, and that look tells us that we are late.
    Memory::fence(std::memory_order_seq_cst);
  }
  void idle(std::uint32_t line, std::uint64_t bound) noexcept {
    // release: pairs with the acquire in claim(): all our writes to the ring are before it.
    put(line, JournalState::idle, bound, std::memory_order_release);
  }
  void free(std::uint32_t line) noexcept { put(line, JournalState::free, 0, std::memory_order_release); }

  void raise_top(std::uint32_t lines) noexcept {
    std::uint32_t seen = Memory::load(&annex_->journal_top.value, std::memory_order_relaxed);
    while (seen < lines && !Memory::compare_exchange(&annex_->journal_top.value, seen, lines, std::memory_order_release,
                                                     std::memory_order_relaxed)) {
    }
  }

 private:
  // What is told and whom it is told change in one exchange, and never back to an earlier claim: told too late it is
  // for nobody.
  void tell_passed(std::uint32_t line, std::uint64_t from, std::uint64_t end) noexcept {
    const Claim claimed = claim(line);
    if (claimed.state != JournalState::held) return;
    WideWord* const word = &annex_->journal[line].passed;
    // acquire: what is told is read behind whom it is told; the other way round it could be what his last claim was
    // told.
    WideWord seen;
    seen.high = Memory::load(&word->high, std::memory_order_acquire);
    seen.low = Memory::load(&word->low, std::memory_order_relaxed);
    while (seen.high <= claimed.index) {
      const std::uint64_t known = seen.high == claimed.index ? seen.low : 0;
      const std::uint64_t told = with_passed_range(known, *geometry_, claimed.index, claimed.end, from, end);
      if (told == known || Memory::compare_exchange(word, seen, WideWord{told, claimed.index})) return;
    }
  }

  std::uint64_t passed_of(std::uint32_t line, std::uint64_t index) const noexcept {
    const WideWord& word = annex_->journal[line].passed;
    // acquire: what is told is at least what was there when the index was written beside it.
    if (Memory::load(&word.high, std::memory_order_acquire) != index) return 0;
    return Memory::load(&word.low, std::memory_order_relaxed);
  }

  void put(std::uint32_t line, JournalState state, std::uint64_t index, std::memory_order order) noexcept {
    if (line == kNoLine) return;
    Memory::store(&annex_->journal[line].claim, index << 2 | static_cast<std::uint64_t>(state), order);
  }

  Annex* annex_ = nullptr;
  const Geometry* geometry_ = nullptr;
};

using Journal = BasicJournal<>;

}  // namespace slickq
