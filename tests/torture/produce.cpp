// A producer's life: every way to put an item into a queue, in random order.
//
// Crash: see board.hpp. `begun` is raised before anything that may become visible, the bits are set and `done` raised
// behind it.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <vector>

#include "slickq/error.hpp"
#include "slickq/producer.hpp"
#include "stage.hpp"

namespace torture {
namespace {

using slickq::Push;

class Producing {
 public:
  Producing(Stage& stage, const ActorPlan& actor, std::uint64_t life, slickq::Producer& producer)
      : stage_(stage),
        record_(stage.board->producers[actor.number]),
        number_(actor.number),
        producer_(producer),
        dice_(actor.seed + life),
        sequence_(record_.begun.load()),  // what the last life left in doubt stays so
        buffer_(std::size_t{kMostBatch} * element()) {}

  void run() {
    // More of what is simple; a table and not a distribution, to see it.
    constexpr std::array ways{&Producing::push,     &Producing::push,    &Producing::block,
                              &Producing::block,    &Producing::batch,   &Producing::fewer,
                              &Producing::in_place, &Producing::abandon, &Producing::burst};
    while (!stage_.board->stop_producing.load(std::memory_order_relaxed)) {
      if (record_.fall.load(std::memory_order_relaxed)) fall();
      (this->*ways[dice_.below(ways.size())])();
      record_.detours.store(detours_ + producer_.detours(), std::memory_order_relaxed);
      if (stage_.plan.pause_us != 0 && dice_.one_in(16))
        usleep(static_cast<useconds_t>(dice_.below(stage_.plan.pause_us)));
      if (producer_.last_index() != slickq::kNoIndex && producer_.last_index() / stage_.step() > kMostIndexes - 4096) {
        stage_.board->fault(Fault::exhausted, producer_.last_index(), "producer");
        return;
      }
    }
    record_.begun.store(sequence_);  // nothing is in doubt
    record_.done.store(sequence_);
  }

 private:
  std::size_t element() const { return stage_.plan.geometry.element_size(); }
  std::uint32_t some() { return 1 + static_cast<std::uint32_t>(dice_.below(stage_.plan.most_elements)); }

  std::span<std::byte> make(std::size_t at, std::uint64_t sequence, std::uint32_t count) {
    const std::span<std::byte> elements(buffer_.data() + at * element(), count * element());
    write_item(elements, {number_, sequence, count});
    return elements;
  }

  void begin(std::uint32_t items) { record_.begun.store(sequence_ + items, std::memory_order_release); }

  // `items` from sequence_ on are pushed; the last one's index is known, the others' where they follow each other.
  void end(std::uint64_t items, std::uint64_t last_index, bool consecutive) {
    for (std::uint64_t k = 0; k < items; ++k) {
      stage_.sent[number_].set(sequence_ + k);
      if (consecutive || k + 1 == items) stage_.published.set(stage_.bit_of(last_index) - (items - 1 - k));
    }
    sequence_ += items;
    record_.published.fetch_add(items, std::memory_order_relaxed);
    record_.done.store(sequence_, std::memory_order_release);
  }

  void judge(Push what, std::uint64_t index) {
    if (what == Push::pushed) return end(1, index, true);
    if (what == Push::late) record_.late.fetch_add(1);
    if (what == Push::timed_out) record_.timeouts.fetch_add(1);
    if (what == Push::obstructed) record_.timeouts.fetch_add(1);  // somebody was stopped for long
    if (what == Push::too_large || what == Push::exhausted || what == Push::busy) {
      stage_.board->fault(Fault::failed, index,
                          "a push that is too large, beyond the last index or the second at once");
    }
  }

  void push() {
    begin(1);
    const Push what = producer_.push(make(0, sequence_, 1));
    judge(what, producer_.last_index());
  }

  void block() {
    const std::uint32_t count = some();
    begin(1);
    const Push what = producer_.push_block(make(0, sequence_, count));
    judge(what, producer_.last_index());
  }

  void batch() {
    const auto most = std::min(kMostBatch, std::max(stage_.plan.geometry.slot_count() / 2, 1u));
    const std::uint32_t items = 1 + static_cast<std::uint32_t>(dice_.below(most));
    for (std::uint32_t k = 0; k < items; ++k) make(k, sequence_ + k, 1);
    const std::uint64_t before = producer_.pushed_items();
    const std::uint64_t aside = producer_.detours() + producer_.late_pushes();
    begin(items);
    const Push what = producer_.push_batch({buffer_.data(), items * element()});
    const std::uint64_t pushed = producer_.pushed_items() - before;
    const bool one_step = aside == producer_.detours() + producer_.late_pushes() && !stage_.plan.waits;
    if (pushed != 0) end(pushed, producer_.last_index(), one_step);
    if (what != Push::pushed) judge(what, producer_.last_index());
  }

  // Mostly not all of a run, or more than one.
  void burst() {
    slickq::Burst burst = producer_.burst(2 + static_cast<std::uint32_t>(dice_.below(kMostBatch - 1)));
    for (std::uint64_t items = 1 + dice_.below(kMostBatch); items != 0; --items) {
      begin(1);
      const Push what = burst.push(make(0, sequence_, 1));
      judge(what, producer_.last_index());
    }
  }

  void in_place() {
    slickq::Reservation reservation = producer_.reserve(some());
    if (!reservation) return judge(reservation.what(), 0);
    const auto count = static_cast<std::uint32_t>(reservation.data().size() / element());
    publish(reservation, count);
  }

  void fewer() {
    slickq::Reservation reservation = producer_.reserve(some());
    if (!reservation) return judge(reservation.what(), 0);
    const auto count = static_cast<std::uint32_t>(reservation.data().size() / element());
    publish(reservation, 1 + static_cast<std::uint32_t>(dice_.below(count)));
  }

  void publish(slickq::Reservation& reservation, std::uint32_t count) {
    const std::uint64_t index = reservation.index();
    write_item(reservation.data().first(count * element()), {number_, sequence_, count});
    begin(1);
    judge(reservation.publish(count), index);
  }

  void abandon() {
    slickq::Reservation reservation = producer_.reserve(some());
    if (!reservation) return judge(reservation.what(), 0);
    write_item(reservation.data(), {number_, sequence_, 1, true});
    if (dice_.one_in(2)) reservation.abandon();  // else its destructor does
  }

  // A hole for certain, half written.
  void fall() {
    record_.fall.store(false);
    slickq::Reservation reservation = producer_.reserve(some());
    if (reservation) {
      const std::span<std::byte> half = reservation.data().first(element());
      write_item(half, {number_, sequence_, 1, true});
    }
    kill(getpid(), SIGKILL);
  }

  Stage& stage_;
  ProducerRecord& record_;
  std::uint32_t number_;
  slickq::Producer& producer_;
  Dice dice_;
  std::uint64_t sequence_;
  std::uint64_t detours_ = record_.detours.load();
  std::vector<std::byte> buffer_;
};

// Takes all journal lines that are left, so that a producer made now gets none.
std::vector<slickq::Seat> take_all_seats(const slickq::Queue& queue) {
  std::vector<slickq::Seat> seats;
  for (slickq::Seat seat = slickq::Seat::claim(queue); seat; seat = slickq::Seat::claim(queue)) {
    seats.push_back(std::move(seat));
  }
  return seats;
}

// Beside the only producer nobody gets in, by whatever open file.
void try_to_get_in(Stage& stage, slickq::Queue& queue) {
  slickq::Queue other = slickq::Queue::open(stage.plan.name, stage.dir);
  for (slickq::Queue* const by : {&queue, &other}) {
    for (const auto mode : {slickq::ProducerMode::multi, slickq::ProducerMode::single}) {
      slickq::ProducerOptions options;
      options.mode = mode;
      try {
        const slickq::Producer intruder(*by, options);
        stage.board->fault(Fault::let_in, 0, mode == slickq::ProducerMode::single ? "as the only one" : "to share");
      } catch (const slickq::Error& error) {
        if (error.code() != slickq::Errc::busy) throw;
      }
    }
  }
}

}  // namespace

void produce(Stage& stage, const ActorPlan& actor, std::uint64_t life) {
  slickq::Queue queue = slickq::Queue::open(stage.plan.name, stage.dir);
  auto cursor = slickq::NamedCursor::open(stage.cursor_segment(), stage.dir);
  slickq::ProducerOptions options;
  if (stage.plan.waits) {
    options.respect = {cursor.cursor()};
    options.patience = milliseconds(20);
  }
  std::vector<slickq::Seat> seats;
  if (actor.role == Role::only) options.mode = slickq::ProducerMode::single;
  if (actor.role == Role::unregistered) seats = take_all_seats(queue);
  slickq::Producer producer(queue, options);
  seats.clear();
  if (producer.is_registered() == (actor.role == Role::unregistered)) {
    stage.board->fault(Fault::unregistered, actor.number, to_string(actor.role));
  }
  if (actor.role == Role::only) try_to_get_in(stage, queue);
  stage.board->producers[actor.number].seated.store(true);
  Producing(stage, actor, life, producer).run();
}

}  // namespace torture
