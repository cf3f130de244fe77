// Repairs of the supervisor: by stall.action in each round, and when somebody asks for one.
#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "slickq/error.hpp"
#include "stall_repair.hpp"
#include "supervisor.hpp"
#include "units.hpp"

namespace slickqd {
namespace {

// A lock that is held for longer is no remover's: somebody has to know.
constexpr std::chrono::seconds kLockWorthTelling{2};

using nlohmann::ordered_json;

// The first run of the plan tells why: what is repaired for its age alone keeps its unknown owner.
bool is_proven(const slickq::RepairReport& report) {
  return !report.before.repairs.empty() && report.before.repairs.front().owner == slickq::Owner::dead;
}

ordered_json pid_or_null(const slickq::HoleOwner& owner) {
  return owner.pid == 0 ? ordered_json() : ordered_json(owner.pid);
}

// Of the first run that was repaired, which need not be of the first hole that was due.
News repaired_news(const std::string& queue, const std::vector<AgedHole>& holes, const slickq::RepairReport& report,
                   Monotonic now) {
  const slickq::Missing& first = report.before.repairs.front();
  const auto seen = std::find_if(holes.begin(), holes.end(), [&](const AgedHole& hole) {
    return hole.index <= first.index && first.index < hole.next;
  });
  const bool known = seen != holes.end();  // else it is younger than the look
  ordered_json details;
  details["index"] = first.index;
  details["next"] = first.end;
  details["age_ms"] = known ? ordered_json(in_ms(now - seen->since)) : ordered_json();
  details["items"] = report.repaired;
  details["owner_pid"] = known ? pid_or_null(seen->owner) : ordered_json();
  details["why"] = is_proven(report) ? "its producer is dead" : "its producer is unknown and stall.after is over";
  return {EventKind::repaired, queue, std::move(details)};
}

ordered_json runs_json(const std::vector<slickq::Missing>& runs, const std::vector<std::uint32_t>& pids) {
  ordered_json list = ordered_json::array();
  for (const slickq::Missing& run : runs) {
    ordered_json line{{"index", run.index}, {"next", run.end}, {"owner_pid", nullptr}, {"owner_alive", nullptr}};
    if (run.line < pids.size() && pids[run.line] != 0) line["owner_pid"] = pids[run.line];
    if (run.owner != slickq::Owner::unknown) line["owner_alive"] = run.owner == slickq::Owner::live;
    list.push_back(std::move(line));
  }
  return list;
}

// As `slickq repair --json` tells it.
ordered_json verdict(const std::string& queue, const RepairWish& wish, const AskedRepair& done) {
  ordered_json body{{"ok", true}, {"name", queue}, {"dry_run", wish.dry_run}, {"forced", wish.force}};
  body["reserved_index"] = done.report.before.reserved;
  body["repairs"] = runs_json(done.report.before.repairs, done.pids);
  body["left"] = runs_json(done.report.after.doubts, done.pids);
  body["repaired"] = done.report.repaired;
  body["complete"] = done.report.complete;  // false: producers published in between each time
  return body;
}

News asked_news(const std::string& queue, const slickq::RepairReport& report, const RepairWish& wish) {
  const slickq::Missing& first = report.before.repairs.front();
  return {EventKind::repaired,
          queue,
          {{"index", first.index},
           {"next", first.end},
           {"items", report.repaired},
           {"why", std::string("asked for by uid ") + std::to_string(wish.by) + (wish.force ? ", by force" : "")}}};
}

}  // namespace

void Supervisor::repair(const QueueConfig& queue, Tracked& tracked, std::uint64_t inode, Monotonic now) {
  const std::vector<AgedHole>& holes = tracked.sampler.holes().holes();
  const auto due = due_repair(holes, queue.stall.after, now);
  if (!due) return tracked.locked_since.reset();
  try {
    const slickq::RepairReport report = repair_stall(queue.name, config_.shm_dir, inode, *due);
    tracked.locked_since.reset();
    if (report.repaired == 0) return;  // published after all, or its owner lives: the next round knows
    tracked.status.repaired += report.repaired;
    events_.record(repaired_news(queue.name, holes, report, now));
    tracked.repair_failure.clear();
  } catch (const slickq::Error& error) {
    tracked.status.repair_problem = error.what();
    const bool locked = error.code() == slickq::Errc::busy;
    tracked.locked_since = locked ? std::optional(tracked.locked_since.value_or(now)) : std::nullopt;
    if (locked && now - *tracked.locked_since < kLockWorthTelling) return;  // the next round tries again
    // Told once, however often it is tried: an error that stays must not fill the log.
    if (std::exchange(tracked.repair_failure, error.what()) == error.what()) return;
    events_.record({EventKind::stall, queue.name, {{"repair_failed", error.what()}}});
  }
}

std::optional<ordered_json> Supervisor::repair_as_asked(std::string_view name, const RepairWish& wish) {
  const auto found = std::find_if(tracked_.begin(), tracked_.end(),
                                  [&](const Tracked& tracked) { return tracked.status.name == name; });
  if (found == tracked_.end()) return std::nullopt;
  QueueStatus& status = found->status;
  const auto refusal = [](const std::string& why) { return ordered_json{{"ok", false}, {"error", why}}; };
  const bool is_ours = status.state == QueueState::ready || status.state == QueueState::stalled;
  if (!is_ours || !status.numbers) return refusal("the queue is " + std::string(to_string(status.state)));
  try {
    const AskedRepair done = slickqd::repair_as_asked(status.name, config_.shm_dir, status.numbers->inode,
                                                      found->sampler.holes().holes(), clock_.monotonic(), wish);
    status.repaired += done.report.repaired;
    if (done.report.repaired > 0) events_.record(asked_news(status.name, done.report, wish));
    return verdict(status.name, wish, done);
  } catch (const slickq::Error& error) {
    return refusal(error.what());
  }
}

}  // namespace slickqd
