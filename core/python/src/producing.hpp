// A Python object's side of putting items in: reservations by their index, as many as a program likes at a time.
//
// A slickq::Producer has one reservation at a time, because its journal line tells of one. Here each open reservation
// has a line of its own; beyond kMostLines of them they have none, and their death could not be proven.
//
// Thread safety: for threads that hold the GIL. A reservation may be published by another thread than made it.
// Invariants: 1. an index that publish() takes was reserved here. 2. a reservation that its own thread laps, by
// whatever it puts in, is given up; another thread's is kept clear of. 3. what a call costs does not depend on how many
// are open.
// Crash: as producer.hpp. The destructor gives up what is open, but not in a forked child.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "handle.hpp"
#include "slickq/producer.hpp"

namespace slickq::python {

class Producing {
 public:
  /// Throws as slickq::Producer.
  explicit Producing(HandlePtr handle);
  Producing(const Producing&) = delete;
  Producing& operator=(const Producing&) = delete;
  ~Producing();

  /// `n`: 1..capacity. pushed, exhausted, or obstructed at once: somebody else is to be waited for.
  Push reserve(std::uint32_t n, std::uint64_t& index);

  enum class Published : std::uint8_t {
    visible,
    late,      ///< the ring went round before: nobody sees it
    unknown,   ///< not reserved here, or published already
    too_many,  ///< more elements than were reserved; nothing was done
  };
  /// `n`: 1 or more. What is left of the reservation is jumped over.
  Published publish(std::uint64_t index, std::uint64_t n);

  /// As slickq::Producer, but obstructed at once.
  Push push(std::span<const std::byte> bytes);
  Push push_batch(std::span<const std::byte> elements);
  std::uint64_t last_index() const noexcept { return producer_->last_index(); }
  std::uint64_t pushed_items() const noexcept { return producer_ ? producer_->pushed_items() : 0; }

  /// Obstructed by one of our own, that another thread made: the index of it.
  std::optional<std::uint64_t> own_in_the_way(std::uint64_t n) const;

  /// Somebody is in the way: take note of who of them is dead. System calls.
  void look_for_dead() noexcept;
  /// Give up what is open.
  void abandon_all() noexcept;
  /// The queue was reset: what is open is no more.
  void forget_all() noexcept;

 private:
  struct Seated {
    Seated(Queue& queue, Seat taken);
    Seat seat;
    Writer writer;
  };
  struct Open {
    std::uint64_t end = 0;  // one past the last, in whole slots
    std::uint32_t count = 0;
    Seated* by = nullptr;
    std::thread::id thread{};
  };
  // By index. Two of one index: the queue was reset by somebody else meanwhile, and the later one counts.
  using OpenOnes = std::multimap<std::uint64_t, Open>;
  static constexpr std::size_t kMostLines = 8;

  Seated* take_seat();
  void make_place();
  OpenOnes::iterator take_out(OpenOnes::iterator which) noexcept;
  void give_up_lapped(std::uint64_t end) noexcept;
  void give_up_lapped_by_singles(std::uint64_t n) noexcept;
  Producer& producer();

  HandlePtr handle_;
  unsigned generation_;
  ProducersLock lock_;
  std::vector<std::unique_ptr<Seated>> seats_;
  std::vector<Seated*> idle_;
  OpenOnes open_;
  OpenOnes::node_type place_;  // of one to come: nothing has to be allocated behind a reservation, and mostly never
  std::optional<Producer> producer_;
};

}  // namespace slickq::python
