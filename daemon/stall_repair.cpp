#include "stall_repair.hpp"

#include "slickq/error.hpp"
#include "slickq/queue.hpp"

namespace slickqd {

std::optional<DueRepair> due_repair(const std::vector<AgedHole>& holes, std::chrono::milliseconds after,
                                    Monotonic now) {
  std::optional<DueRepair> due;
  for (const AgedHole& hole : holes) {
    if (hole.owner.owner == slickq::Owner::live) continue;
    if (now - hole.not_before < after) continue;
    if (!due) due = DueRepair{.first = hole};
    if (hole.owner.owner != slickq::Owner::dead || hole.owner.inferred) due->doubtful = true;
    // Whatever its owner looks like: what the plan finds doubtful after all is not left for ever. Indexes are reserved
    // in order, so that what is missing before an old hole is as old.
    if (now - hole.since >= after) due->doubts_below = hole.old_to;
  }
  return due;
}

slickq::RepairReport repair_stall(const std::string& name, const std::string& shm_dir, std::uint64_t inode,
                                  const DueRepair& due) {
  slickq::Queue queue = slickq::Queue::open(name, shm_dir);
  if (queue.segment().inode() != inode) {
    throw slickq::Error(slickq::Errc::not_found, name, "the name leads to another segment by now");
  }
  slickq::RepairRules rules;
  rules.doubts_below = rules.inferred_below = due.doubts_below;
  if (due.doubtful) {
    const std::uint64_t reserved = queue.ring().reserved_index();
    if (nobody_has(slickq::find_holders(queue.segment().path()))) rules.dead_below = reserved;
  }
  return slickq::Repairer(queue).repair(rules);
}

}  // namespace slickqd
