#include "ring_world.hpp"

#include <algorithm>

namespace ring_test {
namespace {

slickq::Geometry geometry_of(const Shape& shape) {
  return slickq::Geometry::make(shape.layout, shape.capacity, kElementBytes, shape.items_per_slot);
}

}  // namespace

World::World(Scheduler& scheduler, const Shape& shape, std::uint64_t seed, Flaw flaw, Play play)
    : scheduler_(scheduler),
      seed_(seed ^ static_cast<std::uint64_t>(shape.layout) << 40 ^ std::uint64_t{shape.capacity} << 50),
      dice_(~seed_),
      rests_(seed_ * 3 + 1),
      play_(play),
      cast_(dice_, play),
      flaw_(flaw),
      queue_(slickq::Queue::local(geometry_of(shape))),
      ring_(queue_.ring().base(), queue_.geometry()),
      journal_(queue_.annex(), queue_.geometry()),
      huge_(slickq::Geometry::make(slickq::Layout::slq1, std::uint64_t{1} << 30, 1)),
      ledger_(queue_.geometry(), queue_.ring().base()) {
  test_support::WriteWatch::active() = &ledger_;
  if (needs_runs()) cast_.hasty = false;
  producing_ = cast_.producers;
  for (std::uint32_t line = 0; line < cast_.lines; ++line) journal_.idle(line, 0);
  journal_.raise_top(cast_.lines);
  scheduler_.begin(seed_);
  plan_deaths();
  spawn_all();
}

// A task's steps are counted; a death falls on any of them.
void World::plan_deaths() {
  dies_at_.fill(Scheduler::kNever);
  const std::uint32_t tasks = cast_.producers + cast_.own_readers + cast_.shared_readers + 2;
  if (cast_.deaths == 1 || cast_.deaths == 2) dies_at_[dice_.below(cast_.producers)] = some_step();
  if (cast_.deaths == 2) dies_at_[tasks - 1] = some_step();
  if (cast_.deaths == 3) {
    dies_at_[dice_.below(tasks)] = some_step();
    dies_at_[dice_.below(tasks)] = some_step();
  }
}

std::uint64_t World::some_step() { return 1 + dice_.below(dice_.one_in(2) ? 40 : 300); }

void World::spawn_all() {
  std::uint32_t task = 0;
  const auto spawn = [&](std::function<void()> body) {
    scheduler_.spawn(std::move(body), dies_at_[task]);
    ++task;
  };
  if (play_ == Play::alone) spawn([this] { produce_alone(); });
  for (std::uint32_t p = 0; p < cast_.producers && play_ == Play::several; ++p) spawn([this, p] { produce(p); });
  for (std::uint32_t r = 0; r < cast_.own_readers + cast_.shared_readers; ++r) {
    const bool shares = r >= cast_.own_readers;
    readers_[r].account.shares = shares;
    readers_[r].hurried = !shares && dice_.one_in(2);
    spawn([this, r] {
      Dice dice(seed_ + 100 + r);
      while (producing_ != 0) take(readers_[r], dice);
    });
  }
  spawn([this] {
    while (producing_ != 0) read_original();
  });
  spawn([this] {
    Dice dice(seed_ + 200);
    while (producing_ != 0) {
      repair(cast_.hasty, dice);
      scheduler_.pause(1 + dice.below(200));
    }
  });
  scheduler_.on_death([this](std::uint32_t victim) { on_death(victim); });
}

void World::on_death(std::uint32_t task) {
  const std::uint32_t first_reader = cast_.producers;
  const std::uint32_t original = first_reader + cast_.own_readers + cast_.shared_readers;
  if (task < first_reader) {
    producer_died(task);
  } else if (task < original) {
    readers_[task - first_reader].dead = true;
  } else if (task > original) {
    scheduler_.restart(task);  // somebody else comes and repairs
  } else {
    original_lapped_ = true;  // it never reads to the end: nothing to expect
  }
}

void World::producer_died(std::uint32_t task) {
  a_producer_died_ = true;
  dead_line_[play_ == Play::alone ? life_ : task] = true;
  if (play_ == Play::several || life_ + 1 == cast_.lines) {
    --producing_;
    return;
  }
  ++life_;  // the kernel has dropped the lock, and another one is declared
  scheduler_.restart(task, dice_.one_in(2) ? some_step() : Scheduler::kNever);
}

// A new producer, beside a repairer: the dead must not hold it up.
bool World::push_one_more() {
  const std::uint32_t producer = cast_.lines;
  scheduler_.begin(seed_ + 1);
  producing_ = 1;
  journal_.idle(producer, 0);
  journal_.raise_top(producer + 1);
  life_ = producer;
  scheduler_.spawn([this, producer] {
    if (play_ == Play::alone && dice_.one_in(2)) {
      SoleWriter sole(ring_, journal_, producer);
      sole.begin();
      push_alone(sole, 0, 1, 1);
      journal_.free(producer);
    } else {
      Writer writer(ring_, journal_, producer);
      push(writer, producer, 0, 1, 1);
    }
    --producing_;
  });
  scheduler_.spawn([this] {
    Dice dice(seed_);
    while (producing_ != 0) repair(false, dice);
  });
  return scheduler_.run(kMostSteps);
}

std::string World::run() {
  // Who is hindered rests, so that the living get through; and the repairer frees what the dead hold.
  if (!scheduler_.run(kMostSteps)) ledger_.fail("somebody is held up for ever", ledger_.reserved());
  if (!ledger_.failure().empty()) return ledger_.failure();
  settle();
  drain();
  // A ring of one slot has no repair: its readers go on when the next reservation laps the hole.
  const bool one_slot = ring_.geometry().slot_count() == 1;
  check_end(!one_slot);
  if (!one_slot) check_fresh_readers();
  if (!push_one_more()) ledger_.fail("a new producer is held up for ever", ledger_.reserved());
  drain();
  check_end(true);
  check_fresh_readers();
  return ledger_.failure();
}

}  // namespace ring_test
