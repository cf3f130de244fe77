#include "stall_repair.hpp"

#include "slickq/error.hpp"
#include "slickq/queue.hpp"
#include "slickq/truncation.hpp"

namespace slickqd {

std::optional<DueRepair> due_repair(const std::vector<AgedHole>& holes, std::chrono::milliseconds after,
                                    Monotonic now) {
  std::optional<DueRepair> due;
  for (const AgedHole& hole : holes) {
    if (hole.owner.owner == slickq::Owner::live) continue;
    if (now - hole.not_before < after) continue;
    if (!due) due.emplace();
    if (hole.owner.owner != slickq::Owner::dead || hole.owner.inferred) due->doubtful = true;
    // Whatever its owner looks like: what the plan finds doubtful after all is not left for ever. Indexes are reserved
    // in order, so that what is missing before an old hole is as old.
    if (now - hole.since >= after) due->doubts_below = hole.old_to;
  }
  return due;
}

namespace {

slickq::Queue open_same(const std::string& name, const std::string& shm_dir, std::uint64_t inode, slickq::Access access,
                        std::chrono::milliseconds patience) {
  slickq::Queue queue = slickq::Queue::open(name, shm_dir, access, patience, patience);
  if (queue.segment().inode() != inode) {
    throw slickq::Error(slickq::Errc::not_found, name, "the name leads to another segment by now");
  }
  return queue;
}

std::vector<std::uint32_t> pids_of(const slickq::Queue& queue) {
  std::vector<std::uint32_t> pids;
  if (queue.annex() == nullptr) return pids;
  for (slickq::JournalLine& line : queue.annex()->journal) {
    pids.push_back(slickq::HardwareMemory::load(&line.pid, std::memory_order_relaxed));  // for people
  }
  return pids;
}

}  // namespace

slickq::RepairReport repair_stall(const std::string& name, const std::string& shm_dir, std::uint64_t inode,
                                  const DueRepair& due) {
  const slickq::TruncationCheck truncation;
  slickq::Queue queue = open_same(name, shm_dir, inode, slickq::Access::read_write, {});
  slickq::RepairRules rules;
  rules.doubts_below = rules.inferred_below = due.doubts_below;
  if (due.doubtful) {
    const std::uint64_t reserved = queue.ring().reserved_index();
    if (nobody_has(slickq::find_holders(queue.segment().path()))) rules.dead_below = reserved;
  }
  slickq::RepairReport report = slickq::Repairer(queue).repair(rules);
  truncation.require_whole(name);
  return report;
}

AskedRepair repair_as_asked(const std::string& name, const std::string& shm_dir, std::uint64_t inode,
                            const std::vector<AgedHole>& holes, Monotonic now, const RepairWish& wish) {
  const slickq::TruncationCheck truncation;
  std::uint64_t settled = 0;
  for (const AgedHole& hole : holes) {
    if (now - hole.since >= kSettled) settled = hole.old_to;  // they ascend
  }
  const auto access = wish.dry_run ? slickq::Access::read_only : slickq::Access::read_write;
  slickq::Queue queue = open_same(name, shm_dir, inode, access, kAskedPatience);
  slickq::RepairRules rules;
  rules.inferred_below = settled;
  if (wish.force) rules.doubts_below = settled;
  const std::uint64_t reserved = queue.ring().reserved_index();
  if (nobody_has(slickq::find_holders(queue.segment().path()))) rules.dead_below = reserved;
  AskedRepair done{{}, pids_of(queue)};
  slickq::Repairer repairer(queue);
  if (wish.dry_run) {
    done.report.before = done.report.after = repairer.plan(rules);
  } else {
    done.report = repairer.repair(rules);
  }
  truncation.require_whole(name);
  return done;
}

}  // namespace slickqd
