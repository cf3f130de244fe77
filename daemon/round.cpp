// One round of the supervisor: look at every queue, react by the table, watch cursors and orphans, build the
// snapshot.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "probe.hpp"
#include "slickq/error.hpp"
#include "slickq/names.hpp"
#include "stall_repair.hpp"
#include "supervisor.hpp"

namespace slickqd {
namespace {

using std::chrono::duration_cast;

// A lag that swings around a limit is announced once, not in each round: it must fall this far below it
// first.
constexpr double kLagHysteresis = 0.9;

constexpr const char* kRemedyOfVanished = "made again at the next reload or restart";

LagLevel level_of(double percent, LagLevel before, const LagPolicy& policy) {
  const auto at_least = [&](LagLevel level, double limit) {
    return percent >= (before >= level ? limit * kLagHysteresis : limit);
  };
  if (at_least(LagLevel::critical, policy.critical_percent)) return LagLevel::critical;
  if (at_least(LagLevel::warn, policy.warn_percent)) return LagLevel::warn;
  return LagLevel::ok;
}

// The first run of the plan tells why: what is repaired for its age alone keeps its unknown owner.
bool is_proven(const slickq::RepairReport& report) {
  return !report.before.repairs.empty() && report.before.repairs.front().owner == slickq::Owner::dead;
}

nlohmann::ordered_json pid_or_null(const slickq::HoleOwner& owner) {
  return owner.pid == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(owner.pid);
}

News repaired_news(const std::string& queue, const AgedHole& first, std::uint64_t items, bool proven, Monotonic now) {
  nlohmann::ordered_json details;
  details["index"] = first.index;
  details["next"] = first.next;
  details["age_ms"] = duration_cast<std::chrono::milliseconds>(now - first.since).count();
  details["items"] = items;
  details["owner_pid"] = pid_or_null(first.owner);
  details["why"] = proven ? "its producer is dead" : "its producer is unknown and stall.after is over";
  return {EventKind::repaired, queue, std::move(details)};
}

}  // namespace

void Supervisor::round() {
  const Monotonic begun = clock_.monotonic();
  holders_.begin_round(config_.shm_dir);
  for (std::size_t k = 0; k < tracked_.size(); ++k) {
    look_at(config_.queues[k], tracked_[k], begun);
    look_at_cursors(config_.queues[k], tracked_[k].status);
  }
  std::vector<OrphanStatus> orphans = orphans_.round(config_, holders_, begun, events_);
  ++rounds_;
  publish_snapshot(begun, std::move(orphans));
}

void Supervisor::look_at(const QueueConfig& queue, Tracked& tracked, Monotonic now) {
  std::optional<Look> look = tracked.sampler.look(queue, config_.shm_dir, holders_, now);
  if (!look) return;  // busy for the moment: what the last round saw stands
  const Reaction reaction = react(tracked.status.state, look->sight);
  perform(reaction.action, queue, tracked, *look, now);
  const bool is_ours = look->sight == Sight::flowing || look->sight == Sight::stuck;
  if (queue.stall.action == StallAction::repair && is_ours) repair(queue, tracked, look->numbers->inode, now);
  tracked.status.state = reaction.next;
  tracked.status.problem = std::move(look->problem);
  tracked.status.numbers = std::move(look->numbers);
}

void Supervisor::perform(Action action, const QueueConfig& queue, Tracked& tracked, const Look& look, Monotonic now) {
  const auto inode = look.numbers ? nlohmann::ordered_json(look.numbers->inode) : nlohmann::ordered_json();
  switch (action) {
    case Action::none: return;
    case Action::announce_stall: return announce_stall(queue, tracked, now);
    case Action::announce_recreated:
      return events_.record({EventKind::recreated, queue.name, {{"by", "somebody else"}, {"inode", inode}}});
    case Action::announce_mismatch: return events_.record({EventKind::mismatch, queue.name, {{"why", look.problem}}});
    case Action::announce_vanished:
      return events_.record({EventKind::vanished, queue.name, {{"remedy", kRemedyOfVanished}}});
  }
}

void Supervisor::announce_stall(const QueueConfig& queue, Tracked& tracked, Monotonic now) {
  const auto holes = tracked.sampler.holes().take_unannounced(queue.stall.after, now);
  if (holes.empty()) return;
  // One event a round whatever the number: a producer that died in a loop must not flood the log.
  const AgedHole& first = holes.front();
  nlohmann::ordered_json details;
  details["index"] = first.index;
  details["next"] = first.next;
  details["age_ms"] = duration_cast<std::chrono::milliseconds>(now - first.since).count();
  details["holes"] = holes.size();
  details["owner_pid"] = pid_or_null(first.owner);
  details["owner_alive"] = nullptr;
  if (first.owner.owner != slickq::Owner::unknown) details["owner_alive"] = first.owner.owner == slickq::Owner::live;
  events_.record({EventKind::stall, queue.name, std::move(details)});
}

void Supervisor::repair(const QueueConfig& queue, Tracked& tracked, std::uint64_t inode, Monotonic now) {
  const auto due = due_repair(tracked.sampler.holes().holes(), queue.stall.after, now);
  if (!due) {
    tracked.status.repair_problem.clear();
    return;
  }
  try {
    const slickq::RepairReport report = repair_stall(queue.name, config_.shm_dir, inode, *due);
    if (report.repaired == 0) return;  // published after all, or its owner lives: the next round knows
    tracked.status.repaired += report.repaired;
    events_.record(repaired_news(queue.name, due->first, report.repaired, is_proven(report), now));
  } catch (const slickq::Error& error) {
    tracked.status.repair_problem = error.what();
    return;
  }
  tracked.status.repair_problem.clear();
}

void Supervisor::look_at_cursors(const QueueConfig& queue, QueueStatus& status) {
  std::vector<CursorStatus> cursors;
  for (const std::string& name : queue.cursors) {
    const auto before =
        std::find_if(status.cursors.begin(), status.cursors.end(), [&](const auto& c) { return c.name == name; });
    const LagLevel old_level = before == status.cursors.end() ? LagLevel::ok : before->level;
    const std::string segment = slickq::cursor_segment_name(queue.name, name);
    CursorStatus cursor{.name = name};
    const auto sight = look_at_cursor(slickq::segment_path(config_.shm_dir, segment));
    if (sight && status.numbers) {
      const QueueNumbers& numbers = *status.numbers;
      cursor.value = sight->value;
      cursor.lag = numbers.reserved > sight->value ? numbers.reserved - sight->value : 0;
      cursor.lag_percent = 100.0 * static_cast<double>(cursor.lag) / numbers.geometry.capacity();
      cursor.level = level_of(cursor.lag_percent, old_level, queue.lag);
    }
    if (!sight && before != status.cursors.end() && before->value) {
      events_.record({EventKind::vanished, segment, {{"remedy", kRemedyOfVanished}}});
    }
    if (cursor.level > old_level) {
      events_.record({cursor.level == LagLevel::critical ? EventKind::lag_critical : EventKind::lag_warn,
                      queue.name,
                      {{"cursor", name}, {"lag", cursor.lag}, {"lag_pct", cursor.lag_percent}}});
    }
    cursors.push_back(std::move(cursor));
  }
  status.cursors = std::move(cursors);
}

void Supervisor::publish_snapshot(Monotonic begun, std::vector<OrphanStatus> orphans) {
  auto next = std::make_shared<Snapshot>();
  next->pid = getpid();
  next->started = started_;
  next->interval = config_.monitor.interval;
  next->rounds = rounds_;
  next->round_at = clock_.wall();
  next->round_finished = clock_.monotonic();
  next->round_duration = duration_cast<std::chrono::microseconds>(next->round_finished - begun);
  next->config_file = config_.source->file();
  next->config_loaded = loaded_;
  next->last_reload_ok = last_reload_ok_;
  next->last_error = last_error_;
  next->shm_dir = config_.shm_dir;
  if (const auto space = shm_space(config_.shm_dir)) {
    next->shm_size_bytes = space->size_bytes;
    next->shm_free_bytes = space->free_bytes;
  }
  for (const Tracked& tracked : tracked_) next->queues.push_back(tracked.status);
  next->orphans = std::move(orphans);
  snapshot_ = std::move(next);
}

}  // namespace slickqd
