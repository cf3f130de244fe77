// One run of producers, consumers and a repairer on a small ring under the seeded scheduler, with deaths, and with
// every promise of the protocol checked.
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
  hides_markers    ///< who publishes a run late does not put back the markers he hid
};

struct Shape {
  slickq::Layout layout;
  std::uint32_t items_per_slot;
  std::uint32_t capacity;
};

/// What a seed decides before anybody runs.
struct Cast {
  explicit Cast(Dice& dice) {
    producers = static_cast<std::uint32_t>(2 + dice.below(2));
    own_readers = static_cast<std::uint32_t>(dice.below(3));
    shared_readers = own_readers == 2 ? 0 : static_cast<std::uint32_t>(1 + dice.below(2));
    // The repairer is the last task. Half of the runs with a dead producer have a repairer that dies half-way, too.
    deaths = static_cast<std::uint32_t>(dice.below(4));
    hasty = dice.one_in(3);
    most_elements = dice.one_in(3) ? 1 : 8;
  }
  std::uint32_t producers;
  std::uint32_t own_readers;
  std::uint32_t shared_readers;
  std::uint32_t deaths;         ///< 0: none, 1: a producer, 2: a producer and the repairer, 3: any two tasks
  bool hasty;                   ///< the repairer takes living producers for dead: a forced repair
  std::uint32_t most_elements;  ///< of one item
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
  World(Scheduler& scheduler, const Shape& shape, std::uint64_t seed, Flaw flaw);
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

 private:
  using Ring = slickq::BasicRing<Memory>;
  using Journal = slickq::BasicJournal<Memory>;
  using Writer = slickq::BasicWriter<Memory>;
  using Lines = std::array<bool, kMostProducers>;
  static constexpr std::uint32_t kMostReaders = 4;

  struct Reader {
    Account account;
    std::uint64_t cursor = 0;
    bool dead = false;
  };

  /// The flaw shows in runs only.
  bool needs_runs() const { return flaw_ == Flaw::hides_markers; }
  void plan_deaths();
  void on_death(std::uint32_t task);
  void spawn_all();

  void produce(std::uint32_t producer);
  std::uint64_t reserve(Writer& writer, std::uint32_t count);
  void push(Writer& writer, std::uint32_t producer, std::uint64_t number, std::uint32_t reserved, std::uint32_t count);
  void push_run(Writer& writer, std::uint32_t producer, std::uint64_t& number, std::uint32_t count, bool at_once);
  std::uint64_t put_up(Writer& writer, std::uint64_t from, std::uint64_t to);
  void give_up(Writer& writer, std::uint32_t count);
  void write(std::uint64_t id, std::uint64_t index, std::uint32_t count);
  bool publish(Writer& writer, std::uint64_t index, std::uint64_t end, std::uint32_t count);

  slickq::ReadStyle some_style();
  template <class Position>
  bool take(Reader& reader, Position position, Dice& dice);
  template <class Position>
  bool take_one(Reader& reader, Position position, std::span<std::byte> buffer);
  template <class Position>
  bool take_batch(Reader& reader, Position position, std::span<std::byte> buffer);
  bool peek_one(Reader& reader);
  bool take_unchecked(Reader& reader);
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
  std::uint64_t detours_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t repaired_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace ring_test
