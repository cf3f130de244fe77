// One run of producers, consumers and a repairer on a small ring under the seeded scheduler, with deaths, and with
// every promise of the protocol checked. Either several producers, or one that was declared to be the only one and,
// when it dies, is followed by another.
//
// Thread safety: one thread. Crash: a task that dies stays where it was; its journal line counts as dead from then on.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "original_reader.hpp"
#include "ring_ledger.hpp"
#include "slickq/queue.hpp"
#include "slickq/reader.hpp"
#include "slickq/recovery.hpp"
#include "slickq/sole_writer.hpp"
#include "slickq/writer.hpp"

namespace ring_test {

using slickq::kNoIndex;
using slickq::Pop;
using test_support::Dice;
using test_support::Scheduler;
using Memory = test_support::ScheduledMemory;

/// Mistakes put in on purpose: each must be found.
enum class Flaw : std::uint8_t {
  none,
  no_detour,       ///< producers write where one of an earlier lap may still be writing
  no_c_check,      ///< a reader trusts the slot
  upward_marks,    ///< a repair marks from the first index up
  blind_marks,     ///< a repair stores without looking what is there
  blind_publish,   ///< a late producer publishes over newer items
  marks_beyond_c,  ///< a repair leads one slot too far
  hides_markers,   ///< who publishes a run late does not put back the markers he hid
  // Of the only producer:
  writes_first,  ///< it reserves what it has already written
  says_nothing,  ///< its journal line stays idle
  bound_ahead,   ///< its journal line says that what it is about to publish was published
  index_first    ///< it stores a slot's index before the size
};

struct Shape {
  slickq::Layout layout;
  std::uint32_t items_per_slot;
  std::uint32_t capacity;
};

enum class Play : std::uint8_t {
  several,  ///< producers among others
  alone     ///< the declared only one
};

/// What a seed decides before anybody runs.
struct Cast {
  Cast(Dice& dice, Play play) {
    producers = play == Play::alone ? 1 : static_cast<std::uint32_t>(2 + dice.below(2));
    own_readers = static_cast<std::uint32_t>(dice.below(3));
    shared_readers = own_readers == 2 ? 0 : static_cast<std::uint32_t>(1 + dice.below(2));
    // The repairer is the last task. Half of the runs with a dead producer have a repairer that dies half-way, too.
    deaths = static_cast<std::uint32_t>(dice.below(4));
    hasty = dice.one_in(3);
    most_elements = dice.one_in(3) ? 1 : 8;
    lines = producers;
    if (play == Play::several) return;
    hasty = false;  // nothing protects what it stores from one who takes it for dead: nobody may
    lines = static_cast<std::uint32_t>(1 + dice.below(3));
  }
  std::uint32_t producers;
  std::uint32_t own_readers;
  std::uint32_t shared_readers;
  std::uint32_t deaths;         ///< 0: none, 1: a producer, 2: a producer and the repairer, 3: any two tasks
  bool hasty;                   ///< the repairer takes living producers for dead: a forced repair
  std::uint32_t most_elements;  ///< of one item
  std::uint32_t lines;          ///< of the journal: one a producer, or one a life of the only one
};

/// A position that others move too, under the scheduler.
class SharedPosition {
 public:
  explicit SharedPosition(std::uint64_t& cursor) noexcept : cursor_(&cursor) {}
  std::uint64_t load() const noexcept { return Memory::load(cursor_, std::memory_order_acquire); }
  bool move(std::uint64_t from, std::uint64_t to) noexcept {
    // acq_rel: as AtomicCursor; whoever exchanges it first has the item.
    return Memory::compare_exchange(cursor_, from, to, std::memory_order_acq_rel, std::memory_order_relaxed);
  }

 private:
  std::uint64_t* cursor_;
};

class World {
 public:
  World(Scheduler& scheduler, const Shape& shape, std::uint64_t seed, Flaw flaw, Play play = Play::several);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() { test_support::WriteWatch::active() = nullptr; }

  /// What went wrong; empty when nothing did.
  std::string run();

  std::uint64_t detours() const { return detours_; }
  std::uint64_t late() const { return late_; }
  std::uint64_t repaired() const { return repaired_; }
  std::uint64_t lost() const { return lost_; }
  std::uint64_t hidden_markers() const { return ledger_.hidden_markers(); }
  std::uint64_t unchecked() const { return unchecked_; }

 private:
  using Ring = slickq::BasicRing<Memory>;
  using Journal = slickq::BasicJournal<Memory>;
  using Writer = slickq::BasicWriter<Memory>;
  using SoleWriter = slickq::BasicSoleWriter<Memory>;
  using Lines = std::array<bool, kMostProducers>;
  static constexpr std::uint32_t kMostReaders = 4;
  static constexpr std::uint64_t kMostSteps = 60000;  // a run takes about a thousand
  static constexpr std::uint32_t kOperations = 6;

  struct Reader {
    Account account;
    std::uint64_t cursor = 0;
    bool dead = false;
    // As Consumer: one in a hurry leaves out what it may leave out for a while.
    bool hurried = false;
    std::uint32_t empties = 0;        ///< looks in a row that found nothing
    std::uint64_t last = kNoIndex;    ///< the last item it saw
    std::uint64_t peeked = kNoIndex;  ///< where it peeked last
  };

  /// The flaw shows in runs only.
  bool needs_runs() const { return flaw_ == Flaw::hides_markers; }
  void plan_deaths();
  std::uint64_t some_step();
  void on_death(std::uint32_t task);
  void producer_died(std::uint32_t task);
  void spawn_all();

  void produce(std::uint32_t producer);
  std::uint64_t reserve(Writer& writer, std::uint32_t count);
  void push(Writer& writer, std::uint32_t producer, std::uint64_t number, std::uint32_t reserved, std::uint32_t count);
  void push_run(Writer& writer, std::uint32_t producer, std::uint64_t& number, std::uint32_t count, bool at_once);
  std::uint64_t put_up(Writer& writer, std::uint64_t from, std::uint64_t to);
  void give_up(Writer& writer, std::uint32_t count);
  void write(std::uint64_t id, std::uint64_t index, std::uint32_t count);
  bool publish(Writer& writer, std::uint64_t index, std::uint64_t end, std::uint32_t count);

  void produce_alone();
  void push_alone(SoleWriter& sole, std::uint64_t number, std::uint32_t reserved, std::uint32_t count);
  void push_one_alone(SoleWriter& sole, std::uint64_t number);
  void push_run_alone(SoleWriter& sole, std::uint64_t& number, std::uint32_t count, bool at_once, bool all);
  std::uint64_t begin_alone(std::uint64_t number, std::uint64_t index, std::uint32_t count);
  void announce(std::uint64_t end);
  void index_first(std::uint64_t index, std::uint32_t count);

  bool take(Reader& reader, Dice& dice);
  bool take_own(Reader& reader, std::span<std::byte> buffer);
  template <class Position>
  bool take_from(Reader& reader, Position position, Dice& dice);
  template <class Position>
  bool take_one(Reader& reader, Position position, std::span<std::byte> buffer, slickq::ReadStyle style);
  template <class Position>
  bool take_batch(Reader& reader, Position position, std::span<std::byte> buffer, slickq::ReadStyle style);
  bool peek_some(Reader& reader, std::uint64_t most, slickq::ReadStyle style);
  bool take_unchecked(Reader& reader);
  slickq::ReadStyle style_of(const Reader& reader, Dice& dice);
  bool is_still_empty(Reader& reader);
  bool is_lapped(const Reader& reader) const;
  void note(Reader& reader, const slickq::PopResult& result);
  void read_original();

  void repair(bool hasty, Dice& dice);
  void apply(const slickq::RepairPlan& plan);
  void apply_flawed(const slickq::Missing& run);
  void free_settled(const slickq::RepairPlan& plan, const Lines& proven, const slickq::RepairPlan& now);

  void settle();
  bool push_one_more();
  void drain();
  void check_end(bool all_arrive);
  void check_fresh_readers();

  Scheduler& scheduler_;
  std::uint64_t seed_;  ///< the run's, and the shape's: two layouts shall not run in step
  Dice dice_;
  Dice rests_;
  Play play_;
  Cast cast_;
  Flaw flaw_;
  slickq::Queue queue_;
  Ring ring_;
  Journal journal_;
  slickq::Geometry huge_;
  Ledger ledger_;
  std::array<std::uint64_t, Scheduler::kMostTasks> dies_at_{};
  Lines dead_line_{};
  std::array<Reader, kMostReaders> readers_;
  std::uint64_t shared_cursor_ = 0;
  std::uint64_t original_cursor_ = 0;
  bool original_lapped_ = false;
  std::uint32_t producing_ = 0;
  std::uint32_t life_ = 0;  ///< of the only producer: its line
  bool a_producer_died_ = false;
  std::uint64_t detours_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t repaired_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t unchecked_ = 0;  ///< looks that left a check out
};

}  // namespace ring_test
