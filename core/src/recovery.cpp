#include "slickq/recovery.hpp"

#include <algorithm>
#include <optional>

namespace slickq {
namespace {

class Judge {
 public:
  Judge(const Geometry& geometry, const std::vector<LineSight>& lines) : geometry_(geometry), lines_(lines) {}

  // Rules 1 and 2, and what is left for 3 and 4.
  Missing of(std::uint64_t index) const {
    Missing found{index, index + geometry_.items_per_slot(), Owner::unknown, kNoLine};
    ask(found, [&](const Claim& claim, bool) { return claim.index <= index && index < claim.end; });
    // Given up, and a dead one hides the marker: his to put it back. A living one does so if he holds a run, and else
    // never looks what he was told: of him nothing follows.
    if (found.owner == Owner::unknown) {
      ask(found, [&](const Claim& claim, bool dead) { return dead && hides(claim, index); });
    }
    if (found.owner == Owner::unknown && is_reserving_below(index, false)) found.owner = Owner::live;
    return found;
  }

  // Was it given up, and is its marker below somebody's late item?
  bool is_hidden(std::uint64_t index) const {
    return std::any_of(lines_.begin(), lines_.end(), [&](const LineSight& seen) {
      return seen.claim.state == JournalState::held && hides(seen.claim, index);
    });
  }

  // Rule 3 for one run that no line holds.
  bool may_be_of_a_dead_line(std::uint64_t index) const { return is_reserving_below(index, true); }

  std::size_t dead_reserving_lines() const {
    return static_cast<std::size_t>(std::count_if(lines_.begin(), lines_.end(), [](const LineSight& seen) {
      return seen.dead && seen.claim.state == JournalState::reserving;
    }));
  }

  // kNoLine when there are several.
  std::uint32_t only_dead_reserving_line() const {
    std::uint32_t found = kNoLine;
    for (const LineSight& seen : lines_) {
      if (!seen.dead || seen.claim.state != JournalState::reserving) continue;
      if (found != kNoLine) return kNoLine;
      found = seen.line;
    }
    return found;
  }

 private:
  template <class IsHis>
  void ask(Missing& found, IsHis is_his) const {
    for (const LineSight& seen : lines_) {
      if (seen.claim.state != JournalState::held || !is_his(seen.claim, seen.dead)) continue;
      // Two claims on one index: one of them is of before a reset. The living are believed.
      if (found.owner == Owner::live) continue;
      found.owner = seen.dead ? Owner::dead : Owner::live;
      found.line = seen.line;
    }
  }

  bool hides(const Claim& claim, std::uint64_t index) const {
    if (claim.passed == 0) return false;
    const std::uint64_t slot = ((index - claim.index) & geometry_.mask()) / geometry_.items_per_slot();
    const std::uint64_t held = claim.index + slot * geometry_.items_per_slot();
    return slot < kMostRunSlots && held < claim.end &&
           is_passed(claim.passed, geometry_, held, static_cast<std::uint32_t>(slot), index);
  }

  bool is_reserving_below(std::uint64_t index, bool dead) const {
    return std::any_of(lines_.begin(), lines_.end(), [&](const LineSight& seen) {
      return seen.dead == dead && seen.claim.state == JournalState::reserving && seen.claim.index <= index;
    });
  }

  const Geometry& geometry_;
  const std::vector<LineSight>& lines_;
};

// A run has one owner, and either all of it may be of a dead `reserving` line or nothing of it.
bool continues(const Missing& run, const Missing& next, const Judge& judge) {
  return run.end == next.index && run.owner == next.owner && run.line == next.line &&
         judge.may_be_of_a_dead_line(run.index) == judge.may_be_of_a_dead_line(next.index);
}

void append(std::vector<Missing>& runs, const Missing& next, const Judge& judge) {
  if (!runs.empty() && continues(runs.back(), next, judge)) {
    runs.back().end = next.end;
  } else {
    runs.push_back(next);
  }
}

bool may_be_dead(const Missing& run, const Judge& judge) {
  return run.owner == Owner::unknown && judge.may_be_of_a_dead_line(run.index);
}

// Reservations that dead lines are needed for. What is hidden between two runs may be of the same reservation as they.
std::size_t count_candidates(const std::vector<Missing>& runs, const Judge& judge) {
  std::size_t candidates = 0;
  std::uint64_t reaches = kNoIndex;
  for (const Missing& run : runs) {
    const bool goes_on = run.index == reaches;
    if (may_be_dead(run, judge)) {
      if (!goes_on) ++candidates;
      reaches = run.end;
    } else if (goes_on && judge.is_hidden(run.index)) {
      reaches = run.end;
    }
  }
  return candidates;
}

// What of `run` lies below `limit`; the rest stays in it.
std::optional<Missing> cut_below(std::uint64_t limit, Missing& run) {
  if (run.index >= std::min(run.end, limit)) return std::nullopt;
  Missing part = run;
  part.end = run.index = std::min(run.end, limit);
  return part;
}

void add_repair(RepairPlan& plan, const Missing& run) {
  if (!plan.repairs.empty() && plan.repairs.back().end == run.index) {
    Missing& before = plan.repairs.back();
    before.end = run.end;  // carried on: one marker for neighbours, whoever they were
    if (before.owner != run.owner) before.owner = Owner::unknown;
    if (before.line != run.line) before.line = kNoLine;
    before.inferred = before.inferred || run.inferred;
  } else {
    plan.repairs.push_back(run);
  }
}

}  // namespace

std::vector<Missing> owners_of(const std::vector<std::uint64_t>& indexes, const Geometry& geometry,
                               const std::vector<LineSight>& lines) {
  const Judge judge(geometry, lines);
  const auto is_inferred = [&](const Missing& run) {
    return run.owner == Owner::unknown && judge.may_be_of_a_dead_line(run.index);
  };
  std::vector<Missing> runs;
  runs.reserve(indexes.size());
  for (const std::uint64_t index : indexes) runs.push_back(judge.of(index));
  const auto inferred = static_cast<std::size_t>(std::count_if(runs.begin(), runs.end(), is_inferred));
  const bool is_clear = inferred <= judge.dead_reserving_lines();
  for (Missing& run : runs) {
    if (is_clear && is_inferred(run)) run = {run.index, run.end, Owner::dead, judge.only_dead_reserving_line(), true};
  }
  return runs;
}

Missing owner_of(std::uint64_t index, const Geometry& geometry, const std::vector<LineSight>& lines) {
  return owners_of({index}, geometry, lines).front();
}

bool is_settled(std::uint32_t line, const Claim& claim, const RepairPlan& now) {
  // What he hid is one lap later, or many: as long as anything is missing.
  if (claim.passed != 0) return now.repairs.empty() && now.doubts.empty();
  const auto overlaps = [&](const Missing& run) { return run.index < claim.end && claim.index < run.end; };
  // Of a repair the owner cannot be told any more, as neighbours became one. Of a doubt: whatever no line holds, also
  // what is left to the living because one of them is `reserving`; that is a perhaps.
  const auto repair_is_his = [&](const Missing& run) {
    return claim.state == JournalState::held ? overlaps(run)
                                             : claim.state == JournalState::reserving && claim.index < run.end;
  };
  const auto doubt_is_his = [&](const Missing& run) {
    return run.line == line || (run.line == kNoLine && repair_is_his(run));
  };
  return std::none_of(now.repairs.begin(), now.repairs.end(), repair_is_his) &&
         std::none_of(now.doubts.begin(), now.doubts.end(), doubt_is_his);
}

void detail::add_hidden(std::vector<std::uint64_t>& missing, const std::vector<LineSight>& lines,
                        const Geometry& geometry, std::uint64_t reserved) {
  for (const LineSight& seen : lines) {
    if (!seen.dead || seen.claim.passed == 0) continue;
    std::uint64_t held = seen.claim.index;
    for (std::uint32_t slot = 0; slot < kMostRunSlots && held < seen.claim.end; ++slot) {
      const std::uint64_t hidden = passed_index(seen.claim.passed, geometry, held, slot, reserved);
      const auto at = std::lower_bound(missing.begin(), missing.end(), hidden);
      if (hidden != kNoIndex && (at == missing.end() || *at != hidden)) missing.insert(at, hidden);
      held += geometry.items_per_slot();
    }
  }
}

RepairPlan detail::judge(std::uint64_t reserved, const Geometry& geometry, const std::vector<std::uint64_t>& missing,
                         const std::vector<LineSight>& lines, const RepairRules& rules, std::uint64_t leading) {
  const Judge judge(geometry, lines);
  std::vector<Missing> runs;
  for (const std::uint64_t index : missing) append(runs, judge.of(index), judge);

  const std::size_t candidates = count_candidates(runs, judge);
  // The leading run is perhaps no hole at all: it must not make the others doubtful, only itself.
  const bool leads = !runs.empty() && runs.front().index == leading && may_be_dead(runs.front(), judge);
  const std::size_t lines_left = judge.dead_reserving_lines();
  const bool is_clear = candidates <= lines_left;
  const bool is_clear_behind = candidates - (leads ? 1 : 0) <= lines_left;
  for (Missing& run : runs) {
    const bool clear = run.index == leading ? is_clear : is_clear_behind;
    run.inferred = clear && may_be_dead(run, judge);
  }

  RepairPlan plan;
  plan.reserved = reserved;
  for (Missing run : runs) {
    if (run.owner == Owner::dead) {
      add_repair(plan, run);
      continue;
    }
    if (run.owner == Owner::unknown) {
      // What may be the inside of an overwritten item is nobody's, and no proof makes it a hole.
      const std::uint64_t dead_below = run.index == leading ? 0 : rules.dead_below;
      const std::uint64_t inferred_below = run.inferred ? rules.inferred_below : 0;
      if (const auto part = cut_below(dead_below, run)) add_repair(plan, {part->index, part->end, Owner::dead});
      if (const auto part = cut_below(inferred_below, run)) {
        add_repair(plan, {part->index, part->end, Owner::dead, kNoLine, true});
      }
      if (const auto part = cut_below(rules.doubts_below, run)) add_repair(plan, *part);
    }
    if (run.index < run.end) plan.doubts.push_back(run);
  }
  for (const LineSight& seen : lines) {
    if (seen.dead) plan.dead.push_back(seen.line);
  }
  return plan;
}

}  // namespace slickq
