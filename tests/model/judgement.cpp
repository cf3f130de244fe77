// The decisions of the protocol that touch no shared memory are not modelled but asked of the real code.
#include "judgement.h"

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

void model_judge(int ring, int line_count, int reserved, int missing, const unsigned char* states,
                 const unsigned char* indexes, const unsigned char* ends, int dead, int force, short* repairs,
                 unsigned char* settled) {
  static std::vector<std::uint64_t> indexes_missing;  // kept, so that the millions of calls do not allocate
  static std::vector<LineSight> lines;
  indexes_missing.clear();
  lines.clear();
  for (int i = 0; i < reserved; ++i) {
    if ((missing >> i & 1) != 0) indexes_missing.push_back(static_cast<std::uint64_t>(i));
  }
  for (int line = 0; line < line_count; ++line) {
    const Claim claim = claim_of(states[line], indexes[line], ends[line]);
    if (claim.state != JournalState::free) {
      lines.push_back({claim, static_cast<std::uint32_t>(line), (dead >> line & 1) != 0});
    }
  }
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

  int jumped = 0;
  for (const Missing& run : plan.repairs) {
    for (std::uint64_t i = run.index; i < run.end; ++i) jumped |= 1 << i;
  }
  *repairs = static_cast<short>(jumped);
  int done = 0;
  for (const LineSight& seen : lines) {
    if (is_settled(seen.line, seen.claim, plan)) done |= 1 << seen.line;
  }
  *settled = static_cast<unsigned char>(done);
}
