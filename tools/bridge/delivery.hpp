// From a message into the target queue: each item exactly once, also when the bridge is killed between any two
// instructions.
//
//   for each item: 1. reserve in the target   2. store the intent   3. fill, publish   4. store "delivered"
//   behind the last: 5. store the position
//
// Killed between   what the next start does
//   1 and 2        nothing was delivered: the hole is a dead producer's, repaired; the item is delivered again
//   2 and 3        the intent tells the place; nothing stands there after the repair: the item is delivered again
//   3 and 4        the item stands there: it counts as delivered
//   4 and 5        the items that progress counts are left out
//
// One doubt is left: between 3 and 4, when other producers of the target went round its ring before the next start.
// Then what stood there is overwritten. The item counts as delivered, and is counted as doubtful: readers have lost
// it either way, and twice would be worse.
//
// The ring is lossy by design: what readers have not read yet is overwritten, unless Options::respect names cursors.
//
// Thread safety: one thread. Other producers may write into the target at the same time.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "body.hpp"
#include "sidecar.hpp"
#include "slickq/producer.hpp"
#include "slickq/queue.hpp"

namespace slickq::bridge {

enum class Recovered : std::uint8_t {
  nothing,  ///< no intent was open
  delivered,
  undone,   ///< to be delivered again
  doubtful  ///< the ring went round: counts as delivered
};

/// Settles an intent that a killed bridge left, and repairs what it had reserved. The sidecar is ours: its last owner
/// is dead. Throws Error as Repairer.
Recovered recover(Queue& target, Sidecar& sidecar);

class Delivery {
 public:
  /// Recovers first. `respect`: cursors the target's readers move; the bridge waits for them. `stopped`: asked while it
  /// waits. All outlive the delivery.
  Delivery(Queue& target, Sidecar& sidecar, std::vector<AtomicCursor> respect, std::function<bool()> stopped);

  Recovered recovered() const noexcept { return recovered_; }

  /// Delivers the items of the message behind the position, but for the first `leave_out` and those that were delivered
  /// before. False: stopped in between, the sidecar says where. Throws Error: exhausted, invalid_argument (an item of
  /// more elements than the target).
  bool deliver(Body body, std::uint64_t leave_out = 0);

  std::uint64_t items() const noexcept { return items_; }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  bool deliver_one(std::uint64_t number, const Item& item);

  Queue* target_;
  Sidecar* sidecar_;
  std::function<bool()> stopped_;
  Recovered recovered_;
  Producer producer_;
  std::uint64_t items_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace slickq::bridge
