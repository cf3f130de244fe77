#include "stall_repair.hpp"

#include "slickq/error.hpp"
#include "slickq/queue.hpp"

namespace slickqd {

std::optional<DueRepair> due_repair(const std::vector<AgedHole>& holes, std::chrono::milliseconds after,
                                    Monotonic now) {
  std::optional<DueRepair> due;
  for (const AgedHole& hole : holes) {
    if (hole.owner.owner == slickq::Owner::live) continue;
    const bool proven = hole.owner.owner == slickq::Owner::dead;
    if (now - (proven ? hole.not_before : hole.since) < after) continue;
    if (!due) due = DueRepair{hole, 0};
    // Indexes are reserved in order: whatever is missing below an old hole's end is at least as old.
    if (!proven) due->doubts_below = hole.next;
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
  rules.doubts_below = due.doubts_below;
  return slickq::Repairer(queue).repair(rules);
}

}  // namespace slickqd
