#include "ring_world.hpp"

#include <algorithm>
#include <cstring>

namespace ring_test {
namespace {

constexpr std::uint64_t kMostSteps = 60000;  // a run takes about a thousand
constexpr std::uint32_t kOperations = 6;
constexpr std::uint64_t kLongestRest = 1024;  // of a hindered producer, in steps of the others

slickq::Geometry geometry_of(const Shape& shape) {
  return slickq::Geometry::make(shape.layout, shape.capacity, kElementBytes, shape.items_per_slot);
}

}  // namespace

World::World(Scheduler& scheduler, const Shape& shape, std::uint64_t seed, Flaw flaw)
    : scheduler_(scheduler),
      seed_(seed ^ static_cast<std::uint64_t>(shape.layout) << 40 ^ std::uint64_t{shape.capacity} << 50),
      dice_(~seed_),
      rests_(seed_ * 3 + 1),
      cast_(dice_),
      flaw_(flaw),
      queue_(slickq::Queue::local(geometry_of(shape))),
      ring_(queue_.ring().base(), queue_.geometry()),
      journal_(queue_.annex(), queue_.geometry()),
      huge_(slickq::Geometry::make(slickq::Layout::slq1, std::uint64_t{1} << 30, 1)),
      ledger_(queue_.geometry(), queue_.ring().base()) {
  test_support::WriteWatch::active() = &ledger_;
  if (needs_runs()) cast_.hasty = false;
  producing_ = cast_.producers;
  for (std::uint32_t line = 0; line < cast_.producers; ++line) journal_.idle(line, 0);
  journal_.raise_top(cast_.producers);
  scheduler_.begin(seed_);
  plan_deaths();
  spawn_all();
}

// A task's steps are counted; a death falls on any of them.
void World::plan_deaths() {
  dies_at_.fill(Scheduler::kNever);
  const std::uint32_t tasks = cast_.producers + cast_.own_readers + cast_.shared_readers + 2;
  const auto some_step = [&] { return 1 + dice_.below(dice_.one_in(2) ? 40 : 300); };
  if (cast_.deaths == 1 || cast_.deaths == 2) dies_at_[dice_.below(cast_.producers)] = some_step();
  if (cast_.deaths == 2) dies_at_[tasks - 1] = some_step();
  if (cast_.deaths == 3) {
    dies_at_[dice_.below(tasks)] = some_step();
    dies_at_[dice_.below(tasks)] = some_step();
  }
}

void World::spawn_all() {
  std::uint32_t task = 0;
  const auto spawn = [&](std::function<void()> body) {
    scheduler_.spawn(std::move(body), dies_at_[task]);
    ++task;
  };
  for (std::uint32_t p = 0; p < cast_.producers; ++p) spawn([this, p] { produce(p); });
  for (std::uint32_t r = 0; r < cast_.own_readers + cast_.shared_readers; ++r) {
    const bool shares = r >= cast_.own_readers;
    readers_[r].account.shares = shares;
    spawn([this, r, shares] {
      Dice dice(seed_ + 100 + r);
      Reader& reader = readers_[r];
      while (producing_ != 0) {
        shares ? take(reader, SharedPosition(shared_cursor_), dice)
               : take(reader, slickq::OwnPosition(reader.cursor), dice);
      }
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
    dead_line_[task] = true;
    --producing_;
  } else if (task < original) {
    readers_[task - first_reader].dead = true;
  } else if (task > original) {
    scheduler_.restart(task);  // somebody else comes and repairs
  } else {
    original_lapped_ = true;  // it never reads to the end: nothing to expect
  }
}

// --- producers

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

// --- consumers

// As Consumer: it looks at C only now and then.
slickq::ReadStyle World::some_style() {
  slickq::ReadStyle style;
  if (producing_ == 0) return style;
  style.check_when_empty = rests_.one_in(3);
  style.check_peeked = rests_.one_in(3);
  if (rests_.one_in(3)) style.first_wait = style.longest_wait = 4;
  return style;
}

template <class Position>
bool World::take(Reader& reader, Position position, Dice& dice) {
  std::array<std::byte, 8 * kElementBytes> room;
  // Now and then too small for all but single elements: nothing may be taken then, and nothing be lost by it.
  const std::span<std::byte> buffer = dice.one_in(8) ? std::span(room).first(kElementBytes) : std::span(room);
  if (flaw_ == Flaw::no_c_check && !reader.account.shares) return take_unchecked(reader);
  switch (dice.below(4)) {
    case 0: return take_batch(reader, position, buffer);
    case 1: return reader.account.shares ? take_one(reader, position, buffer) : peek_one(reader);
    default: return take_one(reader, position, buffer);
  }
}

template <class Position>
bool World::take_one(Reader& reader, Position position, std::span<std::byte> buffer) {
  const auto result = slickq::BasicReader<Memory, Position>(ring_, position, some_style()).pop(buffer);
  ledger_.pass(reader.account, result);
  if (result.what == Pop::reset) ledger_.fail("a reset nobody made", result.index);
  if (result.what != Pop::item) return false;
  ledger_.accept(reader.account, result.index, result.count, buffer.data());
  return true;
}

template <class Position>
bool World::take_batch(Reader& reader, Position position, std::span<std::byte> buffer) {
  std::array<slickq::BatchItem, 5> items;
  std::span<slickq::BatchItem> taken;
  const auto result =
      slickq::BasicReader<Memory, Position>(ring_, position, some_style()).pop_batch(buffer, items, taken);
  ledger_.pass(reader.account, result);
  for (const slickq::BatchItem& item : taken) {
    ledger_.accept(reader.account, item.index, item.count, item.bytes.data());
  }
  return result.what == Pop::item;
}

bool World::peek_one(Reader& reader) {
  const slickq::OwnPosition position(reader.cursor);
  const auto result = slickq::BasicReader<Memory, slickq::OwnPosition>(ring_, position, some_style()).peek();
  ledger_.pass(reader.account, result);
  if (result.what != Pop::item) return false;
  std::array<std::byte, 8 * kElementBytes> copy;
  Memory::copy_out(copy.data(), ring_.element(result.index), std::size_t{result.count} * kElementBytes);
  if (!ring_.is_intact(result.index)) return false;
  ledger_.accept(reader.account, result.index, result.count, copy.data());
  reader.cursor = result.index + ring_.geometry().footprint(result.count);
  return true;
}

// The flaw: what the slot says is believed.
bool World::take_unchecked(Reader& reader) {
  const slickq::Sight sight = ring_.look(reader.cursor);
  if (sight.what == slickq::Look::nothing) return false;
  if (sight.what == slickq::Look::item) {
    std::array<std::byte, 8 * kElementBytes> copy;
    Memory::copy_out(copy.data(), ring_.element(sight.index), std::size_t{sight.count} * kElementBytes);
    ledger_.accept(reader.account, sight.index, sight.count, copy.data());
  } else {
    ledger_.pass(reader.account, {Pop::empty, 0, 0, sight.next - reader.cursor, reader.cursor, sight.next - 1, 0});
  }
  reader.cursor = sight.next;
  return true;
}

// Once lapped it may stand anywhere, so that nothing is expected of it any more.
void World::read_original() {
  const std::uint64_t before = original_cursor_;
  (void)original_read(ring_, original_cursor_);
  original_lapped_ |= ledger_.reserved() - before > ring_.geometry().capacity();
}

// --- repair

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

// --- the end

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

void World::drain() {
  Dice dice(seed_ + 300);
  for (std::uint32_t r = 0; r < cast_.own_readers + cast_.shared_readers; ++r) {
    Reader& reader = readers_[r];
    if (reader.dead && !reader.account.shares) continue;
    std::uint32_t empty = 0;  // several in a row: the buffer may have been too small for what is there
    while (empty < 50) {
      const bool got = reader.account.shares ? take(reader, SharedPosition(shared_cursor_), dice)
                                             : take(reader, slickq::OwnPosition(reader.cursor), dice);
      empty = got ? 0 : empty + 1;
    }
  }
  for (int k = 0; k < 100; ++k) read_original();
}

void World::check_end(bool all_arrive) {
  const std::uint64_t reserved = ledger_.reserved();
  std::uint64_t shared = 0;
  bool shared_death = false;
  for (std::uint32_t r = 0; r < cast_.own_readers + cast_.shared_readers; ++r) {
    const Reader& reader = readers_[r];
    lost_ += reader.account.lost;
    if (reader.account.shares) {
      shared += reader.account.passed();
      shared_death |= reader.dead;
    } else if (reader.account.passed() != reader.cursor) {
      if (!reader.dead) ledger_.fail("received + lost + skipped is not how far it went", reader.cursor);
    }
    if (!all_arrive || reader.dead) continue;
    if (!reader.account.shares && reader.cursor != reserved) ledger_.fail("a reader is stuck", reader.cursor);
    if (!reader.account.shares) ledger_.check_complete(reader.account, 0);
  }
  if (cast_.shared_readers == 0) return;
  if (!shared_death && shared != shared_cursor_) {
    ledger_.fail("received + lost + skipped is not how far the shared position went", shared_cursor_);
  }
  if (all_arrive && shared_cursor_ != reserved) ledger_.fail("the shared position is stuck", shared_cursor_);
  if (all_arrive && !shared_death) {
    Account together;
    together.shares = true;
    for (std::uint32_t r = cast_.own_readers; r < cast_.own_readers + cast_.shared_readers; ++r) {
      const Account& one = readers_[r].account;
      together.losses.insert(together.losses.end(), one.losses.begin(), one.losses.end());
    }
    ledger_.check_complete(together, 0);
  }
}

// Whoever comes now gets all that is still in the ring: with our check, and as an original.
void World::check_fresh_readers() {
  const std::uint64_t reserved = ledger_.reserved();
  const std::uint64_t capacity = ring_.geometry().capacity();
  const std::uint64_t floor = reserved > capacity ? reserved - capacity : 0;
  const std::uint64_t start = floor == 0 ? 0 : ring_.first_present(floor);
  Reader fresh;
  fresh.cursor = start;
  std::array<std::byte, 8 * kElementBytes> buffer;
  while (take_one(fresh, slickq::OwnPosition(fresh.cursor), buffer)) {
  }
  if (fresh.cursor != reserved) ledger_.fail("a fresh reader is stuck", fresh.cursor);
  if (fresh.account.lost != 0) ledger_.fail("a fresh reader lost something", fresh.cursor);
  ledger_.check_complete(fresh.account, floor);
  std::uint64_t cursor = start;
  for (std::uint64_t k = 0; k <= 2 * capacity; ++k) (void)original_read(ring_, cursor);
  if (cursor != reserved) ledger_.fail("a fresh original's reader is stuck", cursor);
  if (!original_lapped_ && original_cursor_ != reserved) ledger_.fail("the original is stuck", original_cursor_);
}

// A new producer, beside a repairer: the dead must not hold it up.
bool World::push_one_more() {
  const std::uint32_t producer = cast_.producers;
  scheduler_.begin(seed_ + 1);
  producing_ = 1;
  journal_.idle(producer, 0);
  journal_.raise_top(producer + 1);
  scheduler_.spawn([this, producer] {
    Writer writer(ring_, journal_, producer);
    push(writer, producer, 0, 1, 1);
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
