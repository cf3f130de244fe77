// A ring of 16 slots in a segment, a living producer and readers of every kind around a process that dies, or is
// stopped, in the middle of an operation; and what must hold afterwards.
//
// Thread safety: one thread. Crash: the segment's directory is ShmDir's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"
#include "slickq/repair.hpp"
#include "slickq/view.hpp"
#include "support/shm_dir.hpp"
#include "support/traced_child.hpp"

namespace death_test {

inline constexpr std::uint32_t kSlots = 16;
inline constexpr std::uint32_t kElementBytes = 160;  // more than one store of any width: it can be written in part
inline constexpr std::uint32_t kSurvivor = 0;
inline constexpr std::uint32_t kVictim = 1;  ///< producer number in the payload; its journal line beside the survivor

struct Shape {
  slickq::Layout layout;
  std::uint32_t items_per_slot;
};
const std::vector<Shape>& all_shapes();
std::string describe(const Shape& shape);

/// An item as a reader got it: whose, and which of his.
struct Got {
  std::uint32_t producer;
  std::uint64_t sequence;
  std::uint32_t count;  ///< elements
  friend bool operator==(const Got&, const Got&) = default;
};

/// `count` elements that say all that.
std::vector<std::byte> bytes_of(const Got& item);

class Scene;

/// One of each kind, all standing at the same index.
class Readers {
 public:
  /// `original`: with a reader that does only what the originals' do. Not where they are lapped: they may tear then.
  Readers(slickq::Queue& queue, const slickq::View& view, std::uint64_t from, bool original = true);

  /// All that is there. Throws when something is torn or the counts do not add up.
  void read_on();
  /// What each got so far, by kind.
  struct Account {
    const char* kind;
    std::vector<Got> got;
    std::uint64_t cursor;
    std::uint64_t lost;
  };
  std::vector<Account> accounts() const;
  /// What the scene expects, each once and in order, and nothing lost; nobody has anything before him.
  void check_all_arrived(const Scene& scene) const;

 private:
  template <class Pop>
  void take_all(std::vector<Got>& got, Pop pop);

  slickq::Queue* queue_;
  std::uint64_t from_;
  bool has_original_;
  slickq::Consumer own_;
  slickq::Consumer batch_;
  std::uint64_t shared_at_;
  slickq::SharedConsumer shared_;
  slickq::ViewReader view_;
  std::uint64_t original_at_;
  std::vector<Got> by_own_, by_batch_, by_shared_, by_view_, by_original_;
};

class Scene {
 public:
  explicit Scene(const Shape& shape);

  /// An empty ring, and a survivor who pushed `lead` items of one slot each. Everybody from before is gone.
  void begin(std::uint32_t lead);
  /// As `begin` left it.
  std::uint64_t reserved_at_begin() const { return lead_ * step(); }

  slickq::Queue& queue() { return queue_; }
  /// Comes back if it was retired.
  slickq::Producer& survivor();
  /// Makes place for one that is to be the only producer.
  void retire_survivor();
  const slickq::View& view() const { return view_; }
  const std::string& dir() const { return dir_.path(); }
  std::uint64_t step() const { return queue_.geometry().items_per_slot(); }
  std::span<const std::byte> bytes() const;
  slickq::Slot slot_of(std::uint64_t index) const;
  slickq::Claim victims_claim() const;

  /// The survivor pushes `items` of `slots` slots each; they are expected of every reader from now on.
  void push(std::uint32_t items, std::uint32_t slots = 1);
  std::vector<Got>& expected() { return expected_; }
  const std::vector<Got>& expected() const { return expected_; }

  /// No hole, no finding, no journal line of a dead producer, nothing in doubt.
  void check_sound() const;
  /// What is left of the dead is repaired, once and for all.
  void repair();

 private:
  test_support::ShmDir dir_;
  slickq::Queue queue_;
  slickq::View view_;
  std::vector<std::byte> blank_;
  std::optional<slickq::Producer> survivor_;
  std::uint32_t victims_line_ = kVictim;
  std::uint32_t lead_ = 0;
  std::uint64_t sequence_ = 0;
  std::vector<Got> expected_;
};

}  // namespace death_test
