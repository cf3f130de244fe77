// The only producer of a run: all that Producer does with a SoleWriter.
#include "ring_world.hpp"

#include <algorithm>

namespace ring_test {

void World::produce_alone() {
  const std::uint32_t line = life_;
  Dice dice(seed_ + 400 + line);
  SoleWriter sole(ring_, journal_, flaw_ == Flaw::says_nothing ? slickq::kNoLine : line);
  sole.begin();
  const std::uint32_t most = std::min(ring_.geometry().capacity(), cast_.most_elements);
  std::uint64_t number = 0;
  for (std::uint32_t k = 0; k < 2 * kOperations; ++k) {
    const auto count = static_cast<std::uint32_t>(1 + dice.below(dice.one_in(4) ? most : std::min(most, 3u)));
    const std::uint32_t slots = std::min(count, ring_.geometry().slot_count());
    switch (dice.below(8)) {
      case 0: push_alone(sole, number++, count, static_cast<std::uint32_t>(1 + dice.below(count))); break;
      case 1: {
        const std::uint64_t index = sole.reserve(count);
        Memory::fill_in(ring_.element(index), kElementBytes);
        sole.mark_dead(index, index + ring_.geometry().footprint(count));
        break;
      }
      case 2: push_run_alone(sole, number, slots, true, true); break;
      case 3: push_run_alone(sole, number, slots, false, dice.one_in(2)); break;
      case 4: push_alone(sole, number++, count, count); break;
      default: push_one_alone(sole, number++); break;
    }
  }
  journal_.free(line);  // as the seat does
  --producing_;
}

std::uint64_t World::begin_alone(std::uint64_t number, std::uint64_t index, std::uint32_t count) {
  const std::uint64_t id = ledger_.begin(life_, number, index, count);
  write(id, index, count);
  return id;
}

// The flaw: nothing below `end` is looked for after a death.
void World::announce(std::uint64_t end) {
  if (flaw_ == Flaw::bound_ahead) journal_.reserving(life_, end);
}

// The flaw.
void World::index_first(std::uint64_t index, std::uint32_t count) {
  auto* slots = reinterpret_cast<slickq::Slot*>(ring_.base() + slickq::kHeaderBytes);
  slickq::Slot& slot = slots[ring_.geometry().slot_of(index)];
  Memory::store(&slot.data_index, index, std::memory_order_release);
  Memory::store(&slot.size, count, std::memory_order_relaxed);
}

void World::push_alone(SoleWriter& sole, std::uint64_t number, std::uint32_t reserved, std::uint32_t count) {
  std::uint64_t id = 0;
  const bool first = flaw_ == Flaw::writes_first;
  if (first) id = begin_alone(number, ring_.next_start(reserved), count);
  const std::uint64_t index = sole.reserve(reserved);
  const std::uint64_t end = index + ring_.geometry().footprint(reserved);
  announce(end);
  if (!first) id = begin_alone(number, index, count);
  if (flaw_ == Flaw::index_first) index_first(index, count);
  sole.publish(index, end, count);
  ledger_.end(id, true);
}

// The short way, while nothing special has happened.
void World::push_one_alone(SoleWriter& sole, std::uint64_t number) {
  if (flaw_ != Flaw::none) return push_alone(sole, number, 1, 1);
  const std::uint64_t expected = sole.expected();
  const std::uint64_t index = sole.reserve_one();
  if (index == kNoIndex) return push_alone(sole, number, 1, 1);
  if (index != expected) ledger_.fail("reserved elsewhere than expected", index);
  const std::uint64_t id = begin_alone(number, index, 1);
  sole.publish_one(index);
  ledger_.end(id, true);
}

// As Producer::push_batch and Burst: visible all at once, or each as it comes; a burst may end before its run does.
void World::push_run_alone(SoleWriter& sole, std::uint64_t& number, std::uint32_t count, bool at_once, bool all) {
  const std::uint64_t step = ring_.geometry().items_per_slot();
  const slickq::Singles run = sole.reserve_singles(count);
  if (run.count != count) ledger_.fail("fewer than asked for, and no limit", run.index);
  const std::uint64_t end = run.index + count * step;
  announce(end);
  const std::uint64_t used = all ? end : run.index + count / 2 * step;
  std::vector<std::uint64_t> ids;
  for (std::uint64_t at = run.index; at != used; at += step) {
    ids.push_back(begin_alone(number++, at, 1));
    if (!at_once) sole.put_up_one(at);
  }
  if (at_once) sole.put_up(run.index, used);
  sole.finish(run.index, used, end);
  for (const std::uint64_t id : ids) ledger_.end(id, true);
}

}  // namespace ring_test
