// recovery.hpp on a real segment: who is dead is asked of the kernel.
//
// Thread safety: any number of Repairers, in any processes, while everybody works. One Repairer belongs to one thread.
// Crash: see recovery.hpp. Killed between the markers and the freeing of the dead lines, the lines stay and the next
// repair frees them.
#pragma once

#include <cstdint>
#include <vector>

#include "slickq/queue.hpp"
#include "slickq/recovery.hpp"
#include "slickq/view.hpp"

namespace slickq {

/// The journal lines of a segment that are not free, and whether their owners live. Empty without an annex. In a file
/// of bytes everybody is dead.
std::vector<LineSight> look_at_journal(const View& view);

class Repairer {
 public:
  /// `queue`: shared and writable; it outlives the Repairer. Throws Error(permission), (invalid_argument) when local.
  explicit Repairer(Queue& queue);
  Repairer(const Repairer&) = delete;
  Repairer& operator=(const Repairer&) = delete;
  ~Repairer();

  RepairPlan plan(const RepairRules& rules = {}) const;

  /// Apply a plan, then free the journal lines of the dead whose work is settled. False: somebody published in between,
  /// plan again.
  bool apply(const RepairPlan& plan);

 private:
  bool is_dead(std::uint32_t line) const noexcept;
  void free_settled(const std::vector<std::uint32_t>& lines);

  Queue* queue_;
  Journal journal_;
  int fd_;  // an open file of its own: locks of one open file do not conflict
};

}  // namespace slickq
