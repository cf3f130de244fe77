// The readers' lives. Each checks every word of what it gets and writes down what it was told.
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "core/original_reader.hpp"
#include "slickq/consumer.hpp"
#include "slickq/view.hpp"
#include "stage.hpp"

namespace torture {
namespace {

using slickq::BatchItem;
using slickq::Pop;
using slickq::PopResult;
using slickq::Queue;
using slickq::Start;

// Nothing to read. Not sched_yield(): a dozen processes that do nothing else starve the rest of the machine, the
// director and the kernel's own threads included, on kernels that let them.
void rest() { usleep(20); }

Start some_start(Dice& dice) {
  constexpr std::array<Start, 4> starts{Start{Start::At::oldest}, Start{Start::At::newest}, Start{Start::At::back, 5},
                                        Start{Start::At::index, 0}};
  return starts[dice.below(starts.size())];
}

// Items as they come out of one reader.
class Checker {
 public:
  Checker(Stage& stage, const char* who) : stage_(stage), who_(who) {}

  void check(std::uint64_t index, std::uint32_t count, std::span<const std::byte> elements) {
    const Reading reading = read_item(elements, count);
    // Beside a writer without a journal line nobody can keep away from what it still writes (writer.hpp).
    const bool excused = stage_.plan.waits && (reading.writers >> 3 & 1) != 0;
    if (!reading.whole) return fault(excused ? Fault::stained : Fault::torn, index);
    const Stamp& stamp = reading.stamp;
    if (stamp.abandoned) fault(excused ? Fault::stained : Fault::abandoned, index);
    if (stamp.sequence >= stage_.board->producers[stamp.producer].begun.load(std::memory_order_acquire)) {
      fault(Fault::foreign, index);
    }
    std::uint64_t& next = next_[stamp.producer];
    if (stamp.sequence < next) return fault(excused ? Fault::stained : Fault::disordered, index);
    next = stamp.sequence + 1;
    last_ = stamp;
  }
  const Stamp& last() const { return last_; }
  void fault(Fault what, std::uint64_t index) { stage_.board->fault(what, index, who_); }

 private:
  Stage& stage_;
  const char* who_;
  std::array<std::uint64_t, kMostProducers> next_{};
  Stamp last_;
};

// What Consumer and SharedConsumer have in common; `Kept` writes down what was read.
template <class AnyConsumer, class Kept>
class Reading_ {
 public:
  Reading_(Stage& stage, AnyConsumer& consumer, Kept& kept, Dice dice)
      : stage_(stage),
        consumer_(consumer),
        kept_(kept),
        dice_(dice),
        buffer_(std::size_t{stage.plan.geometry.capacity()} * stage.plan.geometry.element_size()) {}

  void run() {
    for (;;) {
      const std::uint64_t end = stage_.board->end.load(std::memory_order_acquire);
      const PopResult result = one();
      if (result.what == Pop::reset) kept_.checker.fault(Fault::reset, result.index);
      kept_.pass(result);
      kept_.put();
      if (result.what != Pop::empty || result.lost != 0) continue;
      if (end != ~std::uint64_t{0}) {
        if (kept_.cursor() != end) kept_.checker.fault(Fault::held_up, kept_.cursor());
        return;
      }
      rest();
    }
  }

 private:
  PopResult one() {
    const std::uint64_t way = dice_.below(8);
    if (way == 0) return took(consumer_.pop_wait(buffer_, milliseconds(2)));
    if (way <= 3) return batch();
    if constexpr (requires(std::span<const std::byte> e) { consumer_.peek(e); }) {
      if (way <= 5) return peek();
      if (way == 6) return staged();
    }
    return took(consumer_.pop_into(buffer_));
  }

  PopResult took(const PopResult& result) {
    if (result.what == Pop::item) kept_.take(result.index, result.count, buffer_);
    return result;
  }

  PopResult batch() {
    std::array<BatchItem, kMostBatch> items;
    std::span<BatchItem> taken;
    const std::size_t most = 1 + dice_.below(kMostBatch);
    const PopResult result = consumer_.pop_batch(buffer_, std::span(items).first(most), taken);
    for (const BatchItem& item : taken) kept_.take(item.index, item.count, item.bytes);
    return result;
  }

  PopResult staged() {
    std::span<const std::byte> bytes;
    const PopResult result = consumer_.pop(bytes);
    if (result.what == Pop::item) kept_.take(result.index, result.count, bytes);
    return result;
  }

  PopResult peek() {
    std::span<const std::byte> elements;
    const PopResult result = consumer_.peek(elements);
    if (result.what != Pop::item || dice_.one_in(8)) return result;  // looked and went away
    slickq::HardwareMemory::copy_out(buffer_.data(), elements.data(), elements.size());
    if (!consumer_.still_valid(result)) return result;  // the next look tells that it is lost
    kept_.take(result.index, result.count, buffer_);
    consumer_.commit(result);
    return result;
  }

  Stage& stage_;
  AnyConsumer& consumer_;
  Kept& kept_;
  Dice dice_;
  std::vector<std::byte> buffer_;
};

void mark_lost(Stage& stage, Bits& bits, const PopResult& result) {
  if (result.lost != 0) bits.set_range(stage.bit_of(result.first_lost), stage.bit_of(result.last_lost));
}

// An own cursor's account: received + lost + skipped is how far it went, after every call.
struct OwnAccount {
  OwnAccount(Stage& s, std::uint32_t number, slickq::Consumer& c)
      : stage(s), slot(number), consumer(c), checker(s, "consumer") {
    tally.start = tally.cursor = c.cursor();
    put();
  }
  void take(std::uint64_t index, std::uint32_t count, std::span<const std::byte> elements) {
    checker.check(index, count, elements.first(std::size_t{count} * stage.plan.geometry.element_size()));
    stage.seen[slot].set(stage.bit_of(index));
    ++tally.items;
    tally.received += stage.plan.geometry.footprint(count);
  }
  void pass(const PopResult& result) { mark_lost(stage, stage.told[slot], result); }
  void put() {
    tally.cursor = consumer.cursor();
    tally.lost = consumer.lost_elements();
    tally.skipped = consumer.skipped_elements();
    if (tally.received + tally.lost + tally.skipped != tally.cursor - tally.start) checker.fault(Fault::sum, cursor());
    stage.board->readers[slot].put(tally);
  }
  std::uint64_t cursor() const { return consumer.cursor(); }

  Stage& stage;
  std::uint32_t slot;
  slickq::Consumer& consumer;
  Checker checker;
  Tally tally;
};

struct SharedAccount {
  SharedAccount(Stage& s, std::uint32_t number, slickq::SharedConsumer& c, slickq::AtomicCursor at)
      : stage(s), slot(kMostReaders + number), consumer(c), shared(at), checker(s, "sharer") {
    before = tally = s.board->readers[slot].get();  // the sum of all lives
  }
  void take(std::uint64_t index, std::uint32_t count, std::span<const std::byte> elements) {
    checker.check(index, count, elements.first(std::size_t{count} * stage.plan.geometry.element_size()));
    if (stage.taken.set(stage.bit_of(index))) checker.fault(Fault::twice, index);
    if (stage.plan.waits) stage.got[checker.last().producer].set(checker.last().sequence);
    ++tally.items;
    tally.received += stage.plan.geometry.footprint(count);
  }
  void pass(const PopResult& result) {
    mark_lost(stage, stage.shared_lost, result);
    if (stage.plan.waits && result.lost != 0) checker.fault(Fault::loss, result.first_lost);
  }
  void put() {
    tally.lost = before.lost + consumer.lost_elements();
    tally.skipped = before.skipped + consumer.skipped_elements();
    stage.board->readers[slot].put(tally);
  }
  std::uint64_t cursor() const { return shared.load(); }

  Stage& stage;
  std::uint32_t slot;
  slickq::SharedConsumer& consumer;
  slickq::AtomicCursor shared;
  Checker checker;
  Tally tally;
  Tally before;
};

}  // namespace

void consume(Stage& stage, const ActorPlan& actor, std::uint64_t life) {
  Dice dice(actor.seed + life);
  const Queue queue = Queue::open(stage.plan.name, stage.dir);
  const auto polling = dice.one_in(2) ? slickq::Polling::latency : slickq::Polling::throughput;
  slickq::Consumer consumer(queue, some_start(dice), polling);
  OwnAccount account(stage, actor.number, consumer);
  Reading_<slickq::Consumer, OwnAccount>(stage, consumer, account, dice).run();
}

void share(Stage& stage, const ActorPlan& actor, std::uint64_t life) {
  const Queue queue = Queue::open(stage.plan.name, stage.dir);
  auto cursor = slickq::NamedCursor::open(stage.cursor_segment(), stage.dir);
  slickq::SharedConsumer consumer(queue, cursor.cursor());
  SharedAccount account(stage, actor.number, consumer, cursor.cursor());
  Reading_<slickq::SharedConsumer, SharedAccount>(stage, consumer, account, Dice(actor.seed + life)).run();
}

void view(Stage& stage, const ActorPlan& actor, std::uint64_t life) {
  Dice dice(actor.seed + life);
  const auto segment = slickq::View::open_segment(stage.plan.name, stage.dir);
  slickq::ViewReader reader(segment, some_start(dice));
  Checker checker(stage, "viewer");
  Tally tally;
  tally.start = tally.cursor = reader.cursor();
  std::vector<std::byte> out;
  for (;;) {
    const std::uint64_t end = stage.board->end.load(std::memory_order_acquire);
    const PopResult result = reader.next(out);
    if (result.what == Pop::reset) checker.fault(Fault::reset, 0);
    if (result.what == Pop::item) {
      checker.check(result.index, result.count, out);
      stage.seen[actor.number].set(stage.bit_of(result.index));
      ++tally.items;
      tally.received += stage.plan.geometry.footprint(result.count);
    }
    mark_lost(stage, stage.told[actor.number], result);
    tally.cursor = reader.cursor();
    tally.lost = reader.lost_elements();
    tally.skipped = tally.cursor - tally.start - tally.received - tally.lost;  // it keeps no count of its own
    if (tally.received + tally.lost > tally.cursor - tally.start) checker.fault(Fault::sum, tally.cursor);
    stage.board->readers[actor.number].put(tally);
    if (result.what != Pop::empty || result.lost != 0) continue;
    if (end != ~std::uint64_t{0}) {
      if (reader.cursor() != end) checker.fault(Fault::held_up, reader.cursor());
      return;
    }
    rest();
  }
}

// It may tear, lose and stand still when it was lapped; it must not be led out of the ring.
void read_as_the_originals(Stage& stage, const ActorPlan&, std::uint64_t) {
  const Queue queue = Queue::open(stage.plan.name, stage.dir);
  std::uint64_t cursor = slickq::starting_cursor(queue.ring(), {Start::At::oldest});
  std::vector<std::byte> buffer(std::size_t{stage.plan.geometry.capacity()} * stage.plan.geometry.element_size());
  while (stage.board->end.load(std::memory_order_acquire) == ~std::uint64_t{0}) {
    const auto item = ring_test::original_read(queue.ring(), cursor);
    if (!item.found) {
      rest();
      continue;
    }
    const std::uint64_t room = stage.plan.geometry.capacity() - (item.index & stage.plan.geometry.mask());
    const std::uint64_t bytes = std::min<std::uint64_t>(item.size, room) * stage.plan.geometry.element_size();
    slickq::HardwareMemory::copy_out(buffer.data(), queue.ring().element(item.index), bytes);
    stage.board->original_items.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace torture
