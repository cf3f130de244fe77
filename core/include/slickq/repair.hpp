// recovery.hpp on a real segment: who is dead is asked of the kernel.
//
// Thread safety: any number of Repairers, in any processes, while everybody works. One Repairer belongs to one thread.
// Crash: see recovery.hpp. Killed between the markers and the freeing of the dead lines, the lines stay and the next
// repair frees them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "slickq/holders.hpp"
#include "slickq/queue.hpp"
#include "slickq/recovery.hpp"
#include "slickq/scan.hpp"
#include "slickq/view.hpp"

namespace slickq {

/// The journal lines of a segment that are not free, and whether their owners live. Empty without an annex. In a file
/// of bytes everybody is dead.
std::vector<LineSight> look_at_journal(const View& view);

/// Whose a hole is: the owner of its first index, for which readers wait.
struct HoleOwner {
  Owner owner = Owner::unknown;
  pid_t pid = 0;          ///< as the owner saw itself, when its journal line tells; else 0
  bool inferred = false;  ///< dead by inference (rule 3 of recovery.hpp), not proven
};
/// One for each hole.
std::vector<HoleOwner> owners_of(const View& view, const std::vector<Hole>& holes);
/// That nobody has the segment was proven after the holes were found: no owner lives.
void nobody_lives(std::vector<HoleOwner>& owners) noexcept;

/// Is it proven that nobody has the segment open or mapped, but for the calling process? `proven`: by find_holders().
bool nobody_has(const Holders& proven) noexcept;

/// What Repairer::repair() did.
struct RepairReport {
  RepairPlan before;           ///< what was to be done when it began
  RepairPlan after;            ///< what is left: doubts, or repairs when `complete` is false
  std::uint64_t repaired = 0;  ///< elements that readers jump over now
  bool complete = true;        ///< false: each time somebody published in between; try again
};

class Repairer {
 public:
  /// `queue`: shared; it outlives the Repairer. Throws Error(invalid_argument) when local.
  explicit Repairer(Queue& queue);
  Repairer(const Repairer&) = delete;
  Repairer& operator=(const Repairer&) = delete;
  ~Repairer();

  RepairPlan plan(const RepairRules& rules = {}) const;

  /// Apply a plan, wake who sleeps at the queue, then free the journal lines of the dead whose work is settled. False:
  /// somebody published in between, plan again. Throws Error(permission) when the queue is mapped read-only.
  bool apply(const RepairPlan& plan, std::uint64_t* marked = nullptr);

  /// Plan and apply until there is nothing left that the rules allow, or nothing gets done for some tries.
  RepairReport repair(const RepairRules& rules = {});

 private:
  bool is_dead(std::uint32_t line) const noexcept;
  void free_settled(const std::vector<std::uint32_t>& lines);

  Queue* queue_;
  Journal journal_;
  int fd_;  // an open file of its own: locks of one open file do not conflict
};

}  // namespace slickq
