// The decisions of the protocol that touch no shared memory are not modelled but asked of the real code.
#include "judgement.h"

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "slickq/recovery.hpp"

using namespace slickq;

namespace {

const Geometry& geometry_of(int ring) {
  static const Geometry geometry = Geometry::make(Layout::slq1, static_cast<std::uint64_t>(ring), 8);
  return geometry;
}

Claim claim_of(int state, int index, int end) {
  return {static_cast<JournalState>(state), static_cast<std::uint64_t>(index), static_cast<std::uint64_t>(end)};
}

// The model keeps 4 slots where the code has room for 16.
constexpr int kSlots = 4;
constexpr int kSlotBits = (1 << kSlots) - 1;

std::uint64_t word_of(int slots, int lap) {
  return static_cast<std::uint64_t>(slots & kSlotBits) |
         static_cast<std::uint64_t>(slots >> kSlots & kSlotBits) << kMostRunSlots |
         static_cast<std::uint64_t>(lap) << 32;
}

int slots_of(std::uint64_t word) {
  return static_cast<int>((word & kSlotBits) | (word >> kMostRunSlots & kSlotBits) << kSlots);
}

int lap_of(std::uint64_t word) { return static_cast<int>(word >> 32); }

}  // namespace

// The numbers that producer.pml calls by these names.
static_assert(JournalState{0} == JournalState::free && JournalState{1} == JournalState::idle &&
              JournalState{2} == JournalState::reserving && JournalState{3} == JournalState::held);

unsigned char model_knob(const char* name, unsigned char otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : static_cast<unsigned char>(std::atoi(value));
}

int model_may_be_writing(int ring, int state, int index, int end, int i, int n) {
  return may_be_writing(claim_of(state, index, end), geometry_of(ring), static_cast<std::uint64_t>(i),
                        static_cast<std::uint64_t>(n));
}

void model_tell(int ring, int index, int end, int slots, int lap, int from, int to, unsigned char* slots_then,
                unsigned char* lap_then) {
  const std::uint64_t word = with_passed_range(word_of(slots, lap), geometry_of(ring),
                                               static_cast<std::uint64_t>(index), static_cast<std::uint64_t>(end),
                                               static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to));
  *slots_then = static_cast<unsigned char>(slots_of(word));
  *lap_then = static_cast<unsigned char>(lap_of(word));
}

int model_given_up(int ring, int held, int slot, int slots, int lap, int reserved) {
  const std::uint64_t found = passed_index(word_of(slots, lap), geometry_of(ring), static_cast<std::uint64_t>(held),
                                           static_cast<std::uint32_t>(slot), static_cast<std::uint64_t>(reserved));
  return found == kNoIndex ? 0 : static_cast<int>(found) + 1;
}

int model_hidden(int ring, int held, int slot, int slots, int lap, int held_by_slot) {
  const auto asked = static_cast<std::uint64_t>(held);
  const std::uint64_t left = passed_and_hidden(
      word_of(slots, lap), geometry_of(ring), asked - static_cast<std::uint64_t>(slot), [&](std::uint64_t index) {
        if (index != asked) return index;  // hides what it is told of: not looked at yet, or found so
        return held_by_slot == 0 ? kNoIndex : static_cast<std::uint64_t>(held_by_slot) - 1;
      });
  return slots_of(left);
}

int model_hides_nothing(int ring, int state, int index, int told_index, int slots, int lap,
                        const unsigned char* slots_hold) {
  if (static_cast<JournalState>(state) != JournalState::held || told_index != index) return 1;
  const std::uint64_t hidden = passed_and_hidden(
      word_of(slots, lap), geometry_of(ring), static_cast<std::uint64_t>(index), [&](std::uint64_t asked) {
        const int there = slots_hold[asked % static_cast<std::uint64_t>(ring)];
        return there == 0 ? kNoIndex : static_cast<std::uint64_t>(there) - 1;
      });
  return hidden == 0;
}

void model_judge(int ring, int line_count, int reserved, int missing, const unsigned char* states,
                 const unsigned char* indexes, const unsigned char* ends, const unsigned char* slots,
                 const unsigned char* laps, int dead, int force, short* repairs, unsigned char* settled,
                 unsigned char* settled_hiding) {
  static std::vector<std::uint64_t> indexes_missing;  // kept, so that the millions of calls do not allocate
  static std::vector<LineSight> lines;
  indexes_missing.clear();
  lines.clear();
  for (int i = 0; i < reserved; ++i) {
    if ((missing >> i & 1) != 0) indexes_missing.push_back(static_cast<std::uint64_t>(i));
  }
  for (int line = 0; line < line_count; ++line) {
    Claim claim = claim_of(states[line], indexes[line], ends[line]);
    claim.passed = word_of(slots[line], laps[line]);
    if (claim.state != JournalState::free) {
      lines.push_back({claim, static_cast<std::uint32_t>(line), (dead >> line & 1) != 0});
    }
  }
  detail::add_hidden(indexes_missing, lines, geometry_of(ring), static_cast<std::uint64_t>(reserved));
  // As plan_repair() does: what may be the inside of an overwritten item is no hole to tell of.
  const int floor = reserved > ring ? reserved - ring : 0;
  const std::uint64_t leading = floor % ring != 0 ? static_cast<std::uint64_t>(floor) : kNoIndex;
  RepairRules rules;
  rules.doubts_below = force != 0 ? slickq::kEveryDoubt : 0;
  RepairPlan plan =
      detail::judge(static_cast<std::uint64_t>(reserved), geometry_of(ring), indexes_missing, lines, rules, leading);
  if (!plan.doubts.empty() && plan.doubts.front().index == leading && plan.doubts.front().owner == Owner::unknown) {
    plan.doubts.erase(plan.doubts.begin());
  }
  if (ring == 1) {  // which has no repair
    plan.doubts.insert(plan.doubts.end(), plan.repairs.begin(), plan.repairs.end());
    plan.repairs.clear();
  }

  int jumped = 0;
  for (const Missing& run : plan.repairs) {
    for (std::uint64_t i = run.index; i < run.end; ++i) jumped |= 1 << i;
  }
  *repairs = static_cast<short>(jumped);
  *settled = *settled_hiding = 0;
  for (const LineSight& seen : lines) {
    Claim claim = seen.claim;
    claim.passed = 0;
    if (is_settled(seen.line, claim, plan)) *settled |= static_cast<unsigned char>(1 << seen.line);
    claim.passed = 1;
    if (is_settled(seen.line, claim, plan)) *settled_hiding |= static_cast<unsigned char>(1 << seen.line);
  }
}
