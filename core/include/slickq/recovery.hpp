// Repair of holes: reservations that nobody will ever publish.
//
// A plan says, for every missing index of the ring, whose it is; what belongs to the provably dead is turned into jump
// markers, on which every reader, the originals' too, goes on. What is only doubtful is left alone, unless the caller
// says how old a doubt has to be.
//
// Whose is a missing index h?
//   1. a journal line is held over it: its owner's, dead or alive (is_dead). Or a dead one's line that is held over the
//      same slot of an earlier lap was told that it is given up (passed.hpp): the marker lies below his late item, and
//      it was his to put it back. So it is repaired, also where the marker before it leads over it;
//   2. else a line of a live owner is `reserving` with a bound <= h: perhaps his; doubt, and settled in an instant;
//   3. else lines of dead owners are `reserving` with a bound <= h: theirs, when there are no more runs of such indexes
//      than dead lines; with more, which is whose is doubt. A run at the very start of a lapped ring counts last. This
//      is inferred, not proven: the dead may have reserved nothing, and somebody who keeps no journal be just at work
//      at h. So it wants a hole that is not fresh, see RepairRules::inferred_below;
//   4. else nobody's who keeps a journal: dead when nobody but the caller has had the segment since, else doubt.
//
// Thread safety: plan_repair() only reads. apply_repair() may run while everybody works, and twice at once: each marker
// is an exchange against what was seen, from the last index down to the first, so that no reader sets out before the
// way is complete. A producer that was only slow, and published late, finds its slot taken and drops (ours), or puts
// its item there for readers who have not passed yet (originals): harmless.
// Crash: killed anywhere, what is left is a shorter hole; plan again. But for a hole of rule 3: killed after a living
// one of an earlier lap was told, and before the markers, he may put one of them back in the middle. Then it is two
// holes, and both stay doubts when that is more than there are dead lines.
// A ring of one slot needs no repair and has none: the next reservation laps it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "slickq/journal.hpp"
#include "slickq/markers.hpp"
#include "slickq/ring.hpp"

namespace slickq {

enum class Owner : std::uint8_t {
  dead,    ///< proven: its journal lock is gone, or nobody has the segment
  live,    ///< its journal lock is held (a stopped process holds it, too)
  unknown  ///< it keeps no journal, or which of several it was cannot be told
};

/// A run of missing indexes with one owner.
struct Missing {
  std::uint64_t index = 0;
  std::uint64_t end = 0;
  Owner owner = Owner::unknown;
  std::uint32_t line = kNoLine;  ///< the journal line that holds it, if one does
  bool inferred = false;         ///< nothing but rule 3 says that its owner is dead

  friend bool operator==(const Missing&, const Missing&) = default;
};

struct RepairPlan {
  std::uint64_t reserved = 0;       ///< C when the plan was made
  std::vector<Missing> repairs;     ///< to be jumped over, ascending
  std::vector<Missing> doubts;      ///< left alone
  std::vector<std::uint32_t> dead;  ///< journal lines of dead owners, whatever they were doing
};

inline constexpr std::uint64_t kEveryDoubt = kNoIndex;

struct RepairRules {
  /// Nobody but the caller had the segment open or mapped (holders.hpp) at a moment AFTER C was this: what no journal
  /// line holds below it is dead.
  std::uint64_t dead_below = 0;
  /// Doubts below this index are repaired, too; never what a live owner holds. Indexes are reserved in order, so C of
  /// some time ago means: what has been missing for that long. kEveryDoubt: all of them.
  std::uint64_t doubts_below = 0;
  /// What is inferred to be of the dead counts as dead below this index, and is a doubt from there on. C of a moment
  /// ago means: only what was missing then, too. kEveryDoubt is for who knows that all producers keep a journal.
  std::uint64_t inferred_below = kEveryDoubt;
};

/// One look at a journal line that is not free: what it says and whether its owner is gone.
struct LineSight {
  Claim claim;
  std::uint32_t line = 0;
  bool dead = false;
};

/// Claim and death belong together only when the claim was there before and behind the proof, and the proof holds
/// behind it: the owner may finish, leave and be followed by another between any two looks.
template <class Memory, class IsDead>
LineSight look_at_line(const BasicJournal<Memory>& journal, std::uint32_t line, IsDead is_dead) {
  for (;;) {
    const Claim claim = journal.claim_and_passed(line);
    if (claim.state == JournalState::free || !is_dead(line)) return {claim, line, false};
    if (journal.claim_and_passed(line) == claim && is_dead(line)) return {claim, line, true};
  }
}

/// The same claim, of what it was told only what its owner's items still hide in this ring.
template <class Memory>
Claim hiding_claim(Claim claim, const BasicRing<Memory>& ring) {
  claim.passed = passed_and_hidden(claim.passed, ring.geometry(), claim.index,
                                   [&](std::uint64_t index) { return ring.held_by_slot(index); });
  return claim;
}

/// Whose are these missing indexes, each in a run of its own, by rules 1 to 3 alone? As the plan judges them.
std::vector<Missing> owners_of(const std::vector<std::uint64_t>& indexes, const Geometry& geometry,
                               const std::vector<LineSight>& lines);
/// The same for one.
Missing owner_of(std::uint64_t index, const Geometry& geometry, const std::vector<LineSight>& lines);

/// Is nothing missing any more that may be of the dead owner of `line`? `claim`: hiding_claim(). `now`: made after its
/// death was proven.
bool is_settled(std::uint32_t line, const Claim& claim, const RepairPlan& now);

namespace detail {

/// Missing indexes by owner; `lines`: those that are not free, looked at after `missing` was found. `leading`: where a
/// run may be the inside of a half overwritten item, kNoIndex when nowhere.
RepairPlan judge(std::uint64_t reserved, const Geometry& geometry, const std::vector<std::uint64_t>& missing,
                 const std::vector<LineSight>& lines, const RepairRules& rules, std::uint64_t leading);

/// Also missing: what lies under a dead one's late item, though a marker before it leads over it. Later readers may
/// begin there. `missing`, ascending, stays so.
void add_hidden(std::vector<std::uint64_t>& missing, const std::vector<LineSight>& lines, const Geometry& geometry,
                std::uint64_t reserved);

}  // namespace detail

/// `is_dead(line)`: is the owner of this journal line provably gone?
template <class Memory, class IsDead>
RepairPlan plan_repair(const BasicRing<Memory>& ring, const BasicJournal<Memory>& journal, IsDead is_dead,
                       const RepairRules& rules = {}) {
  const Geometry& geometry = ring.geometry();
  const std::uint64_t step = geometry.items_per_slot();
  const std::uint64_t reserved = ring.reserved_index();
  // acquire fence behind the load: pairs with the release half of each reservation. Whose index is below this C, his
  // journal line is read as it was when he reserved, or later.
  Memory::fence(std::memory_order_acquire);
  const std::uint64_t floor = reserved > geometry.capacity() ? reserved - geometry.capacity() : 0;
  std::vector<std::uint64_t> missing;
  for (std::uint64_t at = geometry.footprint(floor); at < reserved;) {
    const Sight sight = ring.look(at);
    const bool present = sight.what == Look::item || (sight.what == Look::jump && sight.next <= reserved);
    if (!present && sight.what != Look::overrun) missing.push_back(at);
    at = present ? sight.next : at + step;
  }
  // The journal behind the slots: who finished meanwhile is not held any more, and its slot refuses a marker.
  std::vector<LineSight> lines;
  for (std::uint32_t line = 0; line < journal.top(); ++line) {
    LineSight seen = look_at_line(journal, line, is_dead);
    if (seen.claim.state == JournalState::free) continue;
    seen.claim = hiding_claim(seen.claim, ring);
    lines.push_back(seen);
  }
  detail::add_hidden(missing, lines, geometry, reserved);
  // The oldest item of a lapped ring may be half overwritten: its inner indexes look like a hole before the first. The
  // next reservation laps it; nobody is told of it.
  const std::uint64_t leading = (floor & geometry.mask()) != 0 ? geometry.footprint(floor) : kNoIndex;
  RepairPlan plan = detail::judge(reserved, geometry, missing, lines, rules, leading);
  if (!plan.doubts.empty() && plan.doubts.front().index == leading && plan.doubts.front().owner == Owner::unknown) {
    plan.doubts.erase(plan.doubts.begin());
  }
  if (geometry.slot_count() == 1) {
    plan.doubts.insert(plan.doubts.end(), plan.repairs.begin(), plan.repairs.end());
    plan.repairs.clear();
  }
  return plan;
}

namespace detail {

/// Whoever leads round the ring's end puts one marker in the instant of his reservation, and tells of it behind that.
/// He may have died in between: then a late run of an earlier lap would hide the marker, and never look for it. So it
/// is told for him, and put again, as he would have. True of anybody's marker, and harmless. `bound`: his line's.
template <class Memory>
void tell_of_the_jump(BasicRing<Memory>& ring, BasicJournal<Memory> journal, std::uint64_t bound) {
  const Geometry& geometry = ring.geometry();
  const std::uint64_t reserved = ring.reserved_index();
  const std::uint64_t begins = reserved - (reserved & geometry.mask());  // no other lap's beginning can be led to
  if (begins == 0) return;
  const std::uint64_t floor = reserved > geometry.capacity() ? reserved - geometry.capacity() : 0;
  for (std::uint64_t at = geometry.footprint(std::max(bound, floor)); at < begins; at += geometry.items_per_slot()) {
    const Sight sight = ring.look(at);
    if (sight.what != Look::jump || sight.next != begins) continue;
    journal.tell_passed(at, begins, kNoLine);
    put_markers(ring, at, begins);
    return;
  }
}

}  // namespace detail

/// Put the markers of `plan.repairs`, and those again that the dead may have told nobody of. False: somebody published
/// in between; what is left needs a new plan. `marked` is raised by the elements that readers now jump over.
template <class Memory>
bool apply_repair(BasicRing<Memory>& ring, BasicJournal<Memory> journal, const RepairPlan& plan,
                  std::uint64_t* marked = nullptr) {
  const Geometry& geometry = ring.geometry();
  const std::uint64_t step = geometry.items_per_slot();
  bool complete = true;
  for (const Missing& run : plan.repairs) {
    journal.tell_passed(run.index, run.end, kNoLine);
    // A marker must not point to its own slot's position: a hole of the whole ring takes a hop more.
    const bool whole_ring = run.end - run.index == geometry.capacity();
    const std::uint64_t first = whole_ring ? run.index + step : run.index;
    bool done = true;
    std::uint64_t from = run.end;
    while (done && from > first) {
      done = ring.mark(from - step, run.end);
      if (done) from -= step;
    }
    if (done && whole_ring) {
      done = ring.mark(run.index, first);
      if (done) from = run.index;
    }
    if (marked != nullptr) *marked += run.end - from;
    complete = complete && done;
  }
  for (const std::uint32_t line : plan.dead) {
    const Claim claim = journal.claim(line);
    if (claim.state == JournalState::reserving) detail::tell_of_the_jump(ring, journal, claim.index);
  }
  return complete;
}

}  // namespace slickq
