// One round of the supervisor: look at every queue, react by the table, watch cursors and orphans, build the
// snapshot.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "metrics.hpp"
#include "probe.hpp"
#include "slickq/error.hpp"
#include "slickq/inspect.hpp"
#include "slickq/lease_patience.hpp"
#include "slickq/names.hpp"
#include "supervisor.hpp"

namespace slickqd {
namespace {

using std::chrono::duration_cast;

constexpr const char* kRemedyOfSplit = "they have a removed segment of this name: restart them";
constexpr const char* kRemedyOfVanished = "made again at the next reload or restart";
constexpr std::chrono::seconds kBlindnessWorthTelling{5};
constexpr std::size_t kHoldersNamed = 10;  // in an event; the status names all
constexpr std::size_t kOrphansListed = 100;

// Whose a process is, for people; empty when it is gone.
std::string user_of(pid_t pid) {
  struct stat facts {};
  return stat(fmt::format("/proc/{}", pid).c_str(), &facts) == 0 ? slickq::user_name(facts.st_uid) : "";
}

std::string host_name() {
  utsname names{};
  return uname(&names) == 0 ? names.nodename : "";
}

}  // namespace

void Supervisor::round() {
  const Monotonic begun = clock_.monotonic();
  const slickq::LeasePatience for_all;  // the round is not longer for forty leased queues than for one
  if (auto problem = problem_of_dir(config_.shm_dir)) shm_problem_ = std::move(*problem);
  holders_.begin_round(config_.shm_dir);
  for (std::size_t k = 0; k < tracked_.size(); ++k) {
    look_at(config_.queues[k], tracked_[k], begun);
    look_at_cursors(config_.queues[k], tracked_[k], begun);
    look_for_split_brain(tracked_[k], begun);
    tracked_[k].history.add(tracked_[k].status, begun);
  }
  auto orphans = orphans_.round(config_, holders_, begun, events_, config_.orphans.action).seen;
  look_at_space();
  ++rounds_;
  publish_snapshot(begun, std::move(orphans));
}

void Supervisor::look_at(const QueueConfig& queue, Tracked& tracked, Monotonic now) {
  std::optional<Look> look = tracked.sampler.look(queue, config_.shm_dir, holders_, now, interval() / 2);
  if (!look) return tell_of_blindness(queue, tracked, now);  // for the moment: what the last round saw stands
  tracked.blind_since.reset();
  tracked.status.blind.reset();
  tracked.blindness_told = false;
  const Reaction reaction = react(tracked.status.state, look->sight);
  perform(reaction.action, queue, tracked, *look, now);
  const bool is_ours = look->sight == Sight::flowing || look->sight == Sight::stuck;
  tracked.status.repair_problem.clear();  // of this round, or none
  if (queue.stall.action == StallAction::repair && is_ours) repair(queue, tracked, look->numbers->inode, now);
  tracked.status.state = reaction.next;
  tracked.status.problem = std::move(look->problem);
  tracked.status.numbers = std::move(look->numbers);
}

// A lease, or want of descriptors, is over in a moment. What lasts makes old numbers pass for new ones.
void Supervisor::tell_of_blindness(const QueueConfig& queue, Tracked& tracked, Monotonic now) {
  tracked.blind_since = tracked.blind_since.value_or(now);
  tracked.status.blind = duration_cast<std::chrono::milliseconds>(now - *tracked.blind_since);
  if (now - *tracked.blind_since < kBlindnessWorthTelling) return;
  tracked.status.problem = "its numbers are old: " + tracked.sampler.why_blind();
  if (std::exchange(tracked.blindness_told, true)) return;
  events_.record({EventKind::mismatch, queue.name, {{"why", tracked.status.problem}}});
}

void Supervisor::perform(Action action, const QueueConfig& queue, Tracked& tracked, const Look& look, Monotonic now) {
  const auto inode = look.numbers ? nlohmann::ordered_json(look.numbers->inode) : nlohmann::ordered_json();
  const bool another = action == Action::announce_recreated || action == Action::announce_vanished;
  if (another) holders_.hurry();
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
  details["owner_pid"] = first.owner.pid == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(first.owner.pid);
  details["owner_alive"] = nullptr;
  if (first.owner.owner != slickq::Owner::unknown) details["owner_alive"] = first.owner.owner == slickq::Owner::live;
  events_.record({EventKind::stall, queue.name, std::move(details)});
}

void Supervisor::look_at_cursors(const QueueConfig& queue, Tracked& tracked, Monotonic now) {
  std::vector<CursorWatch> watches;
  tracked.status.cursors.clear();
  for (const std::string& name : queue.cursors) {
    const auto known = std::find_if(tracked.cursors.begin(), tracked.cursors.end(),
                                    [&](const CursorWatch& watch) { return watch.status().name == name; });
    watches.push_back(known == tracked.cursors.end() ? CursorWatch(name) : std::move(*known));
    look_at_cursor_of(queue, tracked.status.numbers ? &*tracked.status.numbers : nullptr, watches.back(), now);
    tracked.status.cursors.push_back(watches.back().status());
  }
  tracked.cursors = std::move(watches);
}

void Supervisor::look_at_cursor_of(const QueueConfig& queue, const QueueNumbers* numbers, CursorWatch& watch,
                                   Monotonic now) {
  const std::string segment = slickq::cursor_segment_name(queue.name, watch.status().name);
  std::optional<std::uint64_t> value;
  try {
    const auto sight = look_at_cursor(slickq::segment_path(config_.shm_dir, segment));
    if (sight) value = sight->value;
  } catch (const slickq::Error&) {
    return;  // busy for the moment: what the last round saw stands
  }
  const CursorWatch::News news = watch.look(value, numbers, queue.lag, interval(), now);
  const CursorStatus& cursor = watch.status();
  if (news.vanished) events_.record({EventKind::vanished, segment, {{"remedy", kRemedyOfVanished}}});
  const auto tell = [&](EventKind kind, nlohmann::ordered_json more) {
    nlohmann::ordered_json details{{"cursor", cursor.name}, {"lag", cursor.lag}, {"lag_pct", cursor.lag_percent}};
    details.update(more);
    events_.record({kind, queue.name, std::move(details)});
  };
  if (news.risen_to)
    tell(*news.risen_to == LagLevel::critical ? EventKind::lag_critical : EventKind::lag_warn,
         nlohmann::ordered_json::object());
  if (news.overrun_soon) tell(EventKind::overrun_soon, {{"overrun_in_s", *cursor.overrun_in_s}});
  if (news.lost > 0) tell(EventKind::loss, {{"lost", news.lost}, {"lost_in_all", cursor.lost}});
}

void Supervisor::look_for_split_brain(Tracked& tracked, Monotonic now) {
  QueueStatus& status = tracked.status;
  std::optional<slickq::FileId> there;
  if (status.numbers) there = slickq::FileId{status.numbers->device, status.numbers->inode};
  const bool begins = tracked.split_brain.look(status.name, there, holders_, now);
  status.split_brain = tracked.split_brain.holders();
  if (!begins) return;
  nlohmann::ordered_json details{{"holders", nlohmann::ordered_json::array()}};
  const std::size_t named = std::min(status.split_brain.size(), kHoldersNamed);
  for (const SplitHolder& holder : std::span(status.split_brain).first(named)) {
    details["holders"].push_back({{"pid", holder.pid}, {"command", holder.command}, {"user", user_of(holder.pid)}});
  }
  if (named < status.split_brain.size()) details["more_holders"] = status.split_brain.size() - named;
  details["remedy"] = kRemedyOfSplit;
  events_.record({EventKind::split_brain, status.name, std::move(details)});
}

void Supervisor::look_at_space() {
  std::uint64_t untouched = 0;
  for (const Tracked& tracked : tracked_) {
    const auto& numbers = tracked.status.numbers;
    if (numbers) untouched += numbers->bytes - std::min(numbers->bytes, numbers->resident_bytes);  // whole pages
  }
  space_ = probe_space_(config_.shm_dir);
  if (!space_watch_.update(space_, untouched)) return;
  events_.record({EventKind::shm_low,
                  "",
                  {{"dir", config_.shm_dir},
                   {"free_bytes", space_->free_bytes},
                   {"size_bytes", space_->size_bytes},
                   {"untouched_bytes", untouched}}});
}

void Supervisor::publish_snapshot(Monotonic begun, std::vector<OrphanStatus> orphans) {
  auto next = std::make_shared<Snapshot>();
  next->pid = getpid();
  next->host = host_name();
  next->started = started_;
  next->uptime = clock_.monotonic() - begun_;
  next->interval = interval();
  next->rounds = rounds_;
  next->round_at = clock_.wall();
  next->round_finished = clock_.monotonic();
  next->round_duration = duration_cast<std::chrono::microseconds>(next->round_finished - begun);
  next->rounds_duration = rounds_duration_ += next->round_duration;
  next->config_file = config_.source->file();
  next->config_loaded = loaded_;
  next->last_reload_ok = last_reload_ok_;
  next->last_reload_at = last_reload_at_;
  next->last_error = last_error_;
  next->shm_dir = config_.shm_dir;
  if (space_) {
    next->shm_size_bytes = space_->size_bytes;
    next->shm_free_bytes = space_->free_bytes;
  }
  next->shm_problem = shm_problem_;
  next->shm_low = space_watch_.low();
  for (const Tracked& tracked : tracked_) next->queues.push_back(tracked.status);
  next->orphans_seen = orphans.size();
  next->orphans_complete = orphans_.overlooked() == 0;
  orphans.resize(std::min(orphans.size(), kOrphansListed));
  next->orphans = std::move(orphans);
  next->orphans_waiting = orphans_.waiting();
  next->orphans_detected = orphans_.detected();
  next->orphans_removed = orphans_.removed();
  textfile_.move_to(config_.metrics.textfile);
  next->textfile = textfile_.path();
  if (next->textfile) next->textfile_error = textfile_.write(textfile_text(*next));
  snapshot_ = std::move(next);
}

}  // namespace slickqd
