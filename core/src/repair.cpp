#include "slickq/repair.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "slickq/error.hpp"
#include "slickq/journal_lock.hpp"
#include "slickq/wait.hpp"

namespace slickq {
namespace {

int open_for_asking(const Queue& queue) {
  if (!queue.is_shared()) {
    throw Error(Errc::invalid_argument, "local queue", "nobody can be proven dead there, so nothing is repaired");
  }
  const int fd = open_again(queue.segment().fd(), queue.writable());
  if (fd < 0) throw system_failure(queue.name(), "cannot open again", errno);
  return fd;
}

}  // namespace

std::vector<LineSight> look_at_journal(const View& view) {
  std::vector<LineSight> lines;
  if (!view.has_annex()) return lines;
  Annex copy = view.annex();
  const Journal journal(&copy, view.geometry());
  for (std::uint32_t line = 0; line < journal.top(); ++line) {
    Claim claim = journal.claim_and_passed(line);
    if (claim.state == JournalState::free) continue;
    claim.passed = passed_and_hidden(claim.passed, view.geometry(), claim.index, [&](std::uint64_t index) {
      Slot slot{};
      view.read_slots(view.geometry().slot_of(index), {&slot, 1});
      return slot.data_index;
    });
    const bool dead =
        !view.is_live() || ask_line_lock(view.fd(), journal_line_offset(view.geometry(), line)) == LineLock::free;
    lines.push_back({claim, line, dead});
  }
  return lines;
}

std::vector<HoleOwner> owners_of(const View& view, const std::vector<Hole>& holes) {
  std::vector<HoleOwner> owners;
  owners.reserve(holes.size());
  if (holes.empty()) return owners;
  const std::vector<LineSight> lines = look_at_journal(view);
  const Annex annex = view.annex();
  std::vector<std::uint64_t> indexes;
  for (const Hole& hole : holes) indexes.push_back(hole.index);
  for (const Missing& of : owners_of(indexes, view.geometry(), lines)) {
    HoleOwner owner{of.owner, 0, of.inferred};
    if (of.line != kNoLine) owner.pid = static_cast<pid_t>(annex.journal[of.line].pid);
    if (!view.is_live()) owner.owner = Owner::unknown;  // a copy: who lives was true elsewhere, at another time
    owners.push_back(owner);
  }
  return owners;
}

void nobody_lives(std::vector<HoleOwner>& owners) noexcept {
  for (HoleOwner& owner : owners) {
    if (owner.owner == Owner::unknown) owner.owner = Owner::dead;
    owner.inferred = false;
  }
}

// flock alone says nothing of the originals, who take no lock.
bool nobody_has(const Holders& proven) noexcept {
  return !proven.held && (proven.proof == Proof::lease || proven.proof == Proof::proc);
}

Repairer::Repairer(Queue& queue)
    : queue_(&queue), journal_(queue.annex(), queue.geometry()), fd_(open_for_asking(queue)) {}

Repairer::~Repairer() { close(fd_); }

bool Repairer::is_dead(std::uint32_t line) const noexcept {
  return ask_line_lock(fd_, journal_line_offset(queue_->geometry(), line)) == LineLock::free;
}

RepairPlan Repairer::plan(const RepairRules& rules) const {
  return plan_repair(
      queue_->ring(), journal_, [this](std::uint32_t line) { return is_dead(line); }, rules);
}

bool Repairer::apply(const RepairPlan& plan, std::uint64_t* marked) {
  if (!queue_->writable()) {
    throw Error(Errc::permission, queue_->name(), "mapped read-only, and a repair writes",
                "repair it as its owner, or as root");
  }
  const bool complete = apply_repair(queue_->ring(), journal_, plan, marked);
  wake_sleepers(queue_->annex());
  if (complete) free_settled(plan.dead);
  return complete;
}

RepairReport Repairer::repair(const RepairRules& rules) {
  constexpr int kTries = 8;
  RepairReport report;
  report.before = report.after = plan(rules);
  for (int tried = 0; tried < kTries; ++tried) {
    if (report.after.repairs.empty() && report.after.dead.empty()) return report;
    const bool done = apply(report.after, &report.repaired);
    report.after = plan(rules);
    if (done && report.after.repairs.empty()) return report;
  }
  report.complete = report.after.repairs.empty();
  return report;
}

// Locked before the look: else somebody could take a line over, reserve and die between the look and the freeing, and
// his reservation would have no owner any more. Who has the lock himself is not dead.
void Repairer::free_settled(const std::vector<std::uint32_t>& lines) {
  std::vector<std::uint32_t> locked;
  locked.reserve(lines.size());
  for (const std::uint32_t line : lines) {
    if (try_hold_off_line(fd_, journal_line_offset(queue_->geometry(), line))) locked.push_back(line);
  }
  const RepairPlan now = plan();
  for (const std::uint32_t line : locked) {
    if (is_settled(line, hiding_claim(journal_.claim_and_passed(line), queue_->ring()), now)) {
      journal_.free(line);
    } else {
      journal_.bury(line, queue_->ring().reserved_index());  // stays for a later repair, and is in nobody's way
    }
    unlock_line(fd_, journal_line_offset(queue_->geometry(), line));
  }
}

}  // namespace slickq
