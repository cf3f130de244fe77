#include "account.hpp"

#include <algorithm>

#include "core/original_reader.hpp"
#include "slickq/consumer.hpp"
#include "slickq/view.hpp"

namespace torture {
namespace {

// First bit of [from, to) that is set in `a` and in neither `b` nor `c`; `to` when there is none.
std::uint64_t first_missing(const Bits& a, const Bits& b, const Bits& c, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t bit = from; bit < to;) {
    const std::uint64_t word = a.word(bit / 64) & ~b.word(bit / 64) & ~c.word(bit / 64);
    const std::uint64_t rest = word >> bit % 64;
    if (rest != 0) {
      const auto found = bit + static_cast<std::uint64_t>(__builtin_ctzll(rest));
      return std::min(found, to);
    }
    bit = (bit / 64 + 1) * 64;
  }
  return to;
}

std::uint64_t count_missing(const Bits& sent, const Bits& got, std::uint64_t to) {
  std::uint64_t missing = 0;
  for (std::uint64_t word = 0; word * 64 < to; ++word) {
    missing += static_cast<std::uint64_t>(__builtin_popcountll(sent.word(word) & ~got.word(word)));
  }
  return missing;
}

void check_shared_cursor(Stage& stage, const std::vector<Cast::Actor>& actors, std::vector<std::string>& faults) {
  Tally sum;
  std::uint64_t killed = 0;
  for (const Cast::Actor& actor : actors) {
    if (actor.stage != &stage || actor.plan->role != Role::sharer) continue;
    const Tally& tally = stage.board->readers[kMostReaders + actor.plan->number].get();
    sum.received += tally.received;
    sum.lost += tally.lost;
    sum.skipped += tally.skipped;
    killed += actor.lives - 1;
  }
  const std::uint64_t end = stage.board->end.load();
  if (killed == 0 && sum.received + sum.lost + sum.skipped != end) {
    faults.push_back(stage.plan.name + ": the sharers received, lost and skipped " +
                     std::to_string(sum.received + sum.lost + sum.skipped) + " indexes of " + std::to_string(end));
  }
  if (!stage.plan.waits) {
    const std::uint64_t bits = end / stage.step();
    const std::uint64_t missing = first_missing(stage.published, stage.taken, stage.shared_lost, 0, bits);
    if (missing != bits) stage.board->fault(Fault::published_and_skipped, missing * stage.step(), "sharers");
    return;
  }
  // Nothing is lost here: what nobody got was claimed by a sharer that was killed before it could say so.
  std::uint64_t missing = 0;
  for (std::uint32_t p = 0; p < kMostProducers; ++p) {
    missing += count_missing(stage.sent[p], stage.got[p], stage.board->producers[p].begun.load());
  }
  if (missing > killed * kMostBatch) {
    faults.push_back(stage.plan.name + ": " + std::to_string(missing) + " items vanished, and only " +
                     std::to_string(killed) + " sharers were killed");
  }
}

// After the last repair nothing dead holds anybody up, whoever comes.
void check_fresh_readers(Stage& stage) {
  const slickq::Queue queue = slickq::Queue::open(stage.plan.name, stage.dir);
  const std::uint64_t end = queue.ring().reserved_index();
  std::vector<std::byte> buffer(std::size_t{stage.plan.geometry.capacity()} * stage.plan.geometry.element_size());
  slickq::Consumer consumer(queue);
  while (consumer.pop_into(buffer).what == slickq::Pop::item) {
  }
  if (consumer.cursor() != end) stage.board->fault(Fault::held_up, consumer.cursor(), "a fresh consumer");

  const auto segment = slickq::View::open_segment(stage.plan.name, stage.dir);
  slickq::ViewReader viewer(segment, {});
  while (viewer.next(buffer).what == slickq::Pop::item) {
  }
  if (viewer.cursor() != end) stage.board->fault(Fault::held_up, viewer.cursor(), "a fresh viewer");

  std::uint64_t original = slickq::starting_cursor(queue.ring(), {});
  while (ring_test::original_read(queue.ring(), original).found) {
  }
  if (original != end) stage.board->fault(Fault::held_up, original, "a fresh reader as the originals'");
}

}  // namespace

void check_life(Stage& stage, const ActorPlan& actor, Totals& totals, std::vector<std::string>& faults) {
  if (actor.role != Role::consumer && actor.role != Role::viewer) return;
  const Tally tally = stage.board->readers[actor.number].get();
  totals.received += tally.items;
  totals.lost += tally.lost;
  totals.skipped += tally.skipped;
  if (tally.start + tally.received + tally.lost + tally.skipped != tally.cursor) {
    faults.push_back(stage.plan.name + ": a dead reader's tally does not add up");
  }
  const std::uint64_t to = tally.cursor / stage.step();
  const std::uint64_t missing = first_missing(stage.published, stage.seen[actor.number], stage.told[actor.number],
                                              (tally.start + stage.step() - 1) / stage.step(), to);
  if (missing < to) stage.board->fault(Fault::published_and_skipped, missing * stage.step(), to_string(actor.role));
  stage.board->readers[actor.number].put({});
  stage.seen[actor.number].clear();
  stage.told[actor.number].clear();
}

Totals account_for(Stage& stage, const std::vector<Cast::Actor>& actors, std::vector<std::string>& faults) {
  Totals totals;
  for (const ActorPlan& actor : stage.plan.actors) check_life(stage, actor, totals, faults);
  check_shared_cursor(stage, actors, faults);
  check_fresh_readers(stage);
  for (const Cast::Actor& actor : actors) {
    if (actor.stage != &stage || actor.plan->role != Role::sharer) continue;
    const Tally& tally = stage.board->readers[kMostReaders + actor.plan->number].get();
    totals.received += tally.items;
    totals.lost += tally.lost;
    totals.skipped += tally.skipped;
  }
  for (const ProducerRecord& producer : stage.board->producers) {
    totals.published += producer.published.load();
    totals.detours += producer.detours.load();
    totals.late += producer.late.load();
  }
  totals.repairs = stage.board->repairs.load();
  totals.torn = stage.board->faults[static_cast<std::size_t>(Fault::torn)].load();
  totals.stained = stage.board->faults[static_cast<std::size_t>(Fault::stained)].load();
  for (std::size_t k = 0; k < kFaultNames.size(); ++k) {
    const std::uint64_t times = stage.board->faults[k].load();
    if (times == 0 || k == static_cast<std::size_t>(Fault::stained)) continue;
    faults.push_back(stage.plan.name + ": " + kFaultNames[k] + ", " + std::to_string(times) +
                     " times, first: " + stage.board->first[k]);
  }
  if (totals.published == 0) faults.push_back(stage.plan.name + ": nothing was published");
  if (totals.received == 0) faults.push_back(stage.plan.name + ": nothing was received");
  return totals;
}

}  // namespace torture
