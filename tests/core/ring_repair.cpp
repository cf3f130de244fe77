// The repairer of a run.
#include "ring_world.hpp"

namespace ring_test {

void World::repair(bool hasty, Dice& dice) {
  const auto is_dead = [&](std::uint32_t line) {
    Memory::step();  // the kernel is asked, and much may happen meanwhile
    return dead_line_[line] || (hasty && dice.one_in(2));
  };
  const slickq::RepairPlan plan = slickq::plan_repair(ring_, journal_, is_dead);
  for (const slickq::Missing& run : plan.repairs) repaired_ += run.end - run.index;
  apply(plan);
  // A line is freed only on proof, and the proof comes before the look: a hasty repairer's dead may still be writing.
  const auto proven = dead_line_;
  free_settled(plan, proven, slickq::plan_repair(ring_, journal_, [&](std::uint32_t line) { return proven[line]; }));
}

void World::apply(const slickq::RepairPlan& plan) {
  if (flaw_ != Flaw::upward_marks && flaw_ != Flaw::blind_marks && flaw_ != Flaw::marks_beyond_c) {
    (void)slickq::apply_repair(ring_, journal_, plan);
    return;
  }
  if (ring_.geometry().slot_count() == 1) return;
  for (const slickq::Missing& run : plan.repairs) apply_flawed(run);
}

// As apply_repair(), but for the flaw.
void World::apply_flawed(const slickq::Missing& run) {
  const slickq::Geometry& geometry = ring_.geometry();
  const std::uint64_t step = geometry.items_per_slot();
  const bool whole_ring = run.end - run.index == geometry.capacity();
  const std::uint64_t first = whole_ring ? run.index + step : run.index;
  const std::uint64_t target = flaw_ == Flaw::marks_beyond_c ? run.end + step : run.end;
  auto* slots = reinterpret_cast<slickq::Slot*>(ring_.base() + slickq::kHeaderBytes);
  const auto mark = [&](std::uint64_t from, std::uint64_t to) {
    if (flaw_ != Flaw::blind_marks) return ring_.mark(from, to);
    Memory::store(&slots[geometry.slot_of(from)].data_index, to, std::memory_order_release);
    return true;
  };
  const bool upward = flaw_ == Flaw::upward_marks;
  bool done = !upward || !whole_ring || mark(run.index, first);
  for (std::uint64_t k = 0; done && k < run.end - first; k += step) {
    done = mark(upward ? first + k : run.end - step - k, target);
  }
  if (done && !upward && whole_ring) mark(run.index, first);
}

// What Repairer does with the lines of the dead: freed once nothing of theirs is missing, buried until then.
void World::free_settled(const slickq::RepairPlan& plan, const Lines& proven, const slickq::RepairPlan& now) {
  for (const std::uint32_t line : plan.dead) {
    if (!proven[line]) continue;
    if (slickq::is_settled(line, slickq::hiding_claim(journal_.claim_and_passed(line), ring_), now)) {
      journal_.free(line);
    } else {
      journal_.bury(line);
    }
  }
}

// A ring of one slot has no repair. Else: repair until nothing is left to repair. The living have all ended, so the
// first round that finds nothing is it.
void World::settle() {
  if (ring_.geometry().slot_count() == 1) return;
  for (int round = 0; round < 10; ++round) {
    Dice dice(seed_);
    const std::uint64_t before = repaired_;
    repair(false, dice);
    if (repaired_ == before) return;
  }
  ledger_.fail("repaired ten times, and still something to repair", ledger_.reserved());
}

}  // namespace ring_test
