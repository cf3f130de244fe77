// stall.action "repair": markers over what nobody will publish any more.
//
// Thread safety: none.
// For as long as the call lasts the queue is open and mapped, as by any other peer; never longer. A queue that somebody
// keeps locked is not waited for: a round has no time for that, and the next one comes soon.
// Policy: what is proven dead is repaired as soon as the stall MAY be as old as stall.after (a hole is as old as the
// last round that did not see it, at the most), so that a proven death takes no longer than `after` and one round. That
// nobody at all has the queue is a proof, too, and asked for then. What is only in doubt, or dead by inference alone,
// is repaired when the stall IS that old. What a living producer holds is never repaired.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "clock.hpp"
#include "hole_watch.hpp"
#include "slickq/repair.hpp"

namespace slickqd {

/// What is due by the policy.
struct DueRepair {
  std::uint64_t doubts_below = 0;  ///< as slickq::RepairRules, and inferred_below
  bool doubtful = false;           ///< some would be due if nobody had the queue
};
std::optional<DueRepair> due_repair(const std::vector<AgedHole>& holes, std::chrono::milliseconds after, Monotonic now);

/// Throws slickq::Error: gone, another segment than `inode` by now (not_found), no right to write, busy (locked now).
slickq::RepairReport repair_stall(const std::string& name, const std::string& shm_dir, std::uint64_t inode,
                                  const DueRepair& due);

/// What somebody asks for by hand.
struct RepairWish {
  bool dry_run = false;  ///< only the plan
  bool force = false;    ///< also what is in doubt
  uid_t by = 0;
};
struct AskedRepair {
  slickq::RepairReport report;      ///< dry run: `before` is the plan
  std::vector<std::uint32_t> pids;  ///< of the owners, by journal line
};
/// stall.after does not matter: what is proven dead is repaired at once; what is inferred or, with force, in doubt,
/// when it is among `holes` for kSettled. Throws as repair_stall(), busy after kAskedPatience.
AskedRepair repair_as_asked(const std::string& name, const std::string& shm_dir, std::uint64_t inode,
                            const std::vector<AgedHole>& holes, Monotonic now, const RepairWish& wish);
/// What a producer is just working at is missing, too; not for so long.
inline constexpr std::chrono::milliseconds kSettled{100};
/// As a remover takes, who looks twice.
inline constexpr std::chrono::milliseconds kAskedPatience{5};

}  // namespace slickqd
