// The producers of a run.
#include "ring_world.hpp"

#include <algorithm>

namespace ring_test {
namespace {

constexpr std::uint64_t kLongestRest = 1024;  // of a hindered producer, in steps of the others

}  // namespace

void World::produce(std::uint32_t producer) {
  Dice dice(seed_ + producer);
  // The flaw: a journal that takes the ring for a huge one never finds anybody in the way.
  const Journal blind(queue_.annex(), huge_);
  Writer writer(ring_, flaw_ == Flaw::no_detour ? blind : journal_, producer);
  const std::uint32_t most = std::min(ring_.geometry().capacity(), cast_.most_elements);
  std::uint64_t number = 0;
  for (std::uint32_t k = 0; k < kOperations; ++k) {
    const auto count = static_cast<std::uint32_t>(1 + dice.below(dice.one_in(4) ? most : std::min(most, 3u)));
    switch (dice.below(needs_runs() ? 3 : 6)) {
      case 0: push(writer, producer, number++, count, static_cast<std::uint32_t>(1 + dice.below(count))); break;
      case 1: give_up(writer, count); break;
      case 2: push_run(writer, producer, number, std::min(count, ring_.geometry().slot_count()), dice.one_in(2)); break;
      default: push(writer, producer, number++, count, count); break;
    }
  }
  detours_ += writer.detours();
  --producing_;
}

void World::write(std::uint64_t id, std::uint64_t index, std::uint32_t count) {
  for (std::uint32_t k = 0; k < count; ++k) {
    const Element element = element_of(id, k);
    Memory::copy_in(ring_.element(index + k), element.data(), sizeof element);
  }
}

bool World::publish(Writer& writer, std::uint64_t index, std::uint64_t end, std::uint32_t count) {
  if (flaw_ != Flaw::blind_publish) return writer.publish(index, end, count);
  ring_.publish(index, count);
  return true;
}

// As Producer does it, but for the look for the dead, which is the repairer's here. Each rest is longer than the one
// before, and no two producers rest alike: those that hinder each other get out of each other's way.
std::uint64_t World::reserve(Writer& writer, std::uint32_t count) {
  for (std::uint64_t longest = 1;; longest = std::min(2 * longest, kLongestRest)) {
    const std::uint64_t index = writer.reserve(count);
    if (index != kNoIndex) return index;
    if (!writer.is_obstructed()) ledger_.fail("no index, and nobody in the way", ring_.reserved_index());
    scheduler_.pause(1 + rests_.below(longest));
  }
}

void World::push(Writer& writer, std::uint32_t producer, std::uint64_t number, std::uint32_t reserved,
                 std::uint32_t count) {
  for (bool visible = false; !visible;) {
    // As Producer::push(): one slot in one try, and the long way where that does not go.
    std::uint64_t index = reserved == 1 && rests_.one_in(2) ? writer.reserve_one() : kNoIndex;
    const bool in_one_piece = index != kNoIndex && flaw_ != Flaw::blind_publish;
    if (index == kNoIndex) index = reserve(writer, reserved);
    const std::uint64_t id = ledger_.begin(producer, number, index, count);
    write(id, index, count);
    visible = in_one_piece ? writer.publish_one(index)
                           : publish(writer, index, index + ring_.geometry().footprint(reserved), count);
    ledger_.end(id, visible);
    if (!in_one_piece) writer.done();
    if (!visible) ++late_;
  }
}

// As Producer::push_batch and Burst: visible all at once, or each as it comes; one that cannot go where it was reserved
// ends the run.
void World::push_run(Writer& writer, std::uint32_t producer, std::uint64_t& number, std::uint32_t count, bool at_once) {
  const std::uint64_t step = ring_.geometry().items_per_slot();
  const slickq::Singles run = writer.reserve_singles(count);
  if (run.count != count) ledger_.fail("fewer than asked for, and no limit", run.index);
  const std::uint64_t end = run.index + count * step;
  if (!cast_.hasty) ledger_.begin_run(run.index, end);
  std::vector<std::uint64_t> ids;
  std::uint64_t used = run.index;  // visible up to here
  std::uint64_t at = run.index;    // written up to here
  while (at != end && writer.is_clear_one(at)) {
    ids.push_back(ledger_.begin(producer, number++, at, 1));
    write(ids.back(), at, 1);
    at += step;
    if (!at_once) continue;
    used = put_up(writer, used, at);
    if (used != at) break;
  }
  if (!at_once && at != run.index) used = put_up(writer, used, at);
  for (std::size_t k = 0; k < ids.size(); ++k) ledger_.end(ids[k], run.index + k * step < used);
  if (used != at) {
    ++late_;
    number -= (at - used) / step;  // they are pushed again
  }
  if (flaw_ == Flaw::hides_markers) return used == end ? writer.done() : writer.abandon(used, end);
  writer.finish(run.index, used, end);
}

// A hasty repairer takes the living for dead, and a run trusts that nobody does.
std::uint64_t World::put_up(Writer& writer, std::uint64_t from, std::uint64_t to) {
  const std::uint64_t step = ring_.geometry().items_per_slot();
  if (!cast_.hasty && flaw_ != Flaw::blind_publish) {
    if (from + step == to && rests_.one_in(2)) return writer.put_up_one(from) ? to : from;
    return writer.put_up(from, to);
  }
  while (from != to && publish(writer, from, from + step, 1)) from += step;
  return from;
}

void World::give_up(Writer& writer, std::uint32_t count) {
  const std::uint64_t index = reserve(writer, count);
  Memory::fill_in(ring_.element(index), kElementBytes);
  writer.abandon(index, index + ring_.geometry().footprint(count));
}

}  // namespace ring_test
