// What each producer is doing: one line a producer, in the annex. It answers two questions that the format cannot:
// "may somebody of an earlier lap still be writing these elements?" and, after a death, "which reservation was his?".
//
//   free -> idle            the line is claimed (seat.hpp); its lock is held for life, the kernel drops it at death
//   idle -> reserving(b)    before the atomic step on C; b: no index below it will be reserved
//   reserving -> held[i,e)  after it, before an element is written
//   held -> idle            after publish or marker
//
// Beside it a line may be buried: whoever proved its owner dead says so, for producers that would keep away from what
// the dead might still be writing. The claim stays what it was: the repair needs it.
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

namespace slickq {

enum class JournalState : std::uint8_t { free, idle, reserving, held };

/// A line as it was at one moment.
struct Claim {
  JournalState state = JournalState::free;
  std::uint64_t index = 0;  ///< held: first index; reserving, idle: no index below it will be reserved
  std::uint64_t end = 0;    ///< held: one past the last; reserving and buried: nothing from there on is his

  friend bool operator==(const Claim&, const Claim&) = default;
};

inline constexpr std::uint32_t kNoLine = ~std::uint32_t{0};

/// Could a producer whose line says `claim` still write elements of [index, index + count), reserved by an EARLIER
/// reservation than this one? Both ranges lie within one lap, and do not straddle the end of the ring.
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

  Claim claim(std::uint32_t line) const noexcept {
    const JournalLine& at = annex_->journal[line];
    for (;;) {
      // acquire: pairs with the release stores of the owner; who sees one sees the elements written before it.
      const std::uint64_t word = Memory::load(&at.claim, std::memory_order_acquire);
      const std::uint64_t end = Memory::load(&at.end, std::memory_order_relaxed);
      Memory::fence(std::memory_order_acquire);  // the end belongs to that word only if the word is still there
      if (Memory::load(&at.claim, std::memory_order_relaxed) != word) continue;
      return {static_cast<JournalState>(word & 3), word >> 2, end};
    }
  }

  /// Asked after the reservation of [index, index + count): may anybody but `own` still be writing there?
  bool is_written_by_another(std::uint64_t index, std::uint64_t count, std::uint32_t own) const noexcept {
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
  void put(std::uint32_t line, JournalState state, std::uint64_t index, std::memory_order order) noexcept {
    if (line == kNoLine) return;
    Memory::store(&annex_->journal[line].claim, index << 2 | static_cast<std::uint64_t>(state), order);
  }

  Annex* annex_ = nullptr;
  const Geometry* geometry_ = nullptr;
};

using Journal = BasicJournal<>;

}  // namespace slickq
