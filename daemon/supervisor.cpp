// Start, reload and stop: bringing the world and the config together. The rounds are in round.cpp.
#include "supervisor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "apply.hpp"
#include "probe.hpp"
#include "slickq/catalog.hpp"
#include "slickq/error.hpp"
#include "slickq/lease_patience.hpp"
#include "slickq/names.hpp"
#include "slickq/removal.hpp"

namespace slickqd {
namespace {

// The first problem is thrown with its place, the next ones are told in its text: one message, which somebody reads. A
// config that is for another machine has as many problems as queues.
constexpr std::size_t kProblemsTold = 10;
void throw_problems(const Config& config, const std::vector<Problem>& problems) {
  if (problems.empty()) return;
  std::string text = problems.front().text;
  const std::size_t told = std::min(problems.size(), kProblemsTold);
  for (std::size_t k = 1; k < told; ++k) text += fmt::format("; and {}: {}", problems[k].pointer, problems[k].text);
  if (told < problems.size()) text += fmt::format("; and {} more", problems.size() - told);
  throw config.source->error(problems.front().pointer, text);
}

ReloadResult refusal_by(const std::exception& error) {
  const auto* config_error = dynamic_cast<const ConfigError*>(&error);
  return {false, error.what(), config_error == nullptr ? std::nullopt : std::optional(*config_error)};
}

QueueState state_after(EventKind kind) {
  return kind == EventKind::mismatch ? QueueState::mismatched : QueueState::ready;
}

// To make it anew: somebody asked for that, and shall know what became of it, each time.
bool was_tried_in_vain(const News& one) {
  return one.kind == EventKind::mismatch && one.details.value("action", "") == "recreate_if_idle";
}

// StepKind::unseen.
bool was_not_seen(const News& one) { return one.details.contains("unseen"); }

std::uint64_t bytes_to_make(const Config& config, const Plan& plan) {
  std::uint64_t bytes = 0;
  for (const Step& step : plan.steps) {
    if (step.kind != StepKind::create && step.kind != StepKind::recreate) continue;
    bytes += slickq::bytes_with_annex(config.queues[step.queue].geometry);
  }
  return bytes;
}

// A segment of another geometry is not the one that remove_on_exit was promised for.
// Throws Error when that cannot be told for the moment.
std::optional<std::uint64_t> inode_of_wanted(const QueueConfig& queue, const std::string& shm_dir) {
  try {
    const auto view = slickq::View::open_segment(queue.name, shm_dir);
    if (view.geometry() == queue.geometry) return view.facts().inode;
  } catch (const slickq::Error& error) {
    if (is_for_now(error)) throw;
    return std::nullopt;
  }
  return std::nullopt;
}

// What only has a cursor's name is somebody else's. Throws as inode_of_wanted().
std::optional<std::uint64_t> inode_of_cursor(const std::string& segment, const std::string& shm_dir) {
  try {
    const auto sight = look_at_cursor(slickq::segment_path(shm_dir, segment));
    return sight ? std::optional(sight->inode) : std::nullopt;
  } catch (const slickq::Error& error) {
    if (is_for_now(error)) throw;
    return std::nullopt;
  }
}

}  // namespace

Plan plan_for(const Config& config, Depth depth) {
  std::vector<std::string> there;
  if (depth != Depth::configured && !config.orphans.match.empty()) {
    there = names_in(config.shm_dir, [&](const auto& name) { return matches_orphans(config.orphans, name); });
  }
  slickq::CatalogOptions options;
  options.names = names_to_look_at(config, there);
  options.shm_dir = config.shm_dir;
  options.everything = true;
  options.holders = depth == Depth::holders;
  options.scan = false;
  const auto space = shm_space(config.shm_dir);
  return make_plan(config, slickq::list_segments(options), space ? std::optional(space->free_bytes) : std::nullopt);
}

Supervisor::Supervisor(Config config, const Clock& clock, EventLog::Sink sink, SpaceProbe space)
    : config_(std::move(config)),
      clock_(clock),
      events_(clock, std::move(sink)),
      orphans_(clock),
      holders_(clock),
      probe_space_(std::move(space)),
      started_(clock.wall()),
      begun_(clock.monotonic()),
      last_reload_at_(started_) {}

void Supervisor::start() {
  finish_removals(config_.shm_dir, "who was removing it died", events_);
  const std::vector<News> news = plan_and_apply(config_);
  adopt_config(std::move(config_), news);
}

std::vector<News> Supervisor::plan_and_apply(const Config& config) const {
  constexpr int kTries = 3;
  for (int tried = 1;; ++tried) {
    const Plan plan = plan_for(config, Depth::configured);
    throw_problems(config, plan.problems);
    if (const std::uint64_t bytes = bytes_to_make(config, plan); bytes > 0) before_making_(bytes);
    try {
      return apply_plan(config, plan);
    } catch (const slickq::Error& error) {
      // Made or removed by somebody between the plan and its turn: the next plan knows.
      const bool overtaken = error.code() == slickq::Errc::exists || error.code() == slickq::Errc::not_found;
      if (!overtaken || tried == kTries) throw;
    }
  }
}

void Supervisor::adopt_config(Config config, const std::vector<News>& news) {
  std::map<std::string, Tracked> before;
  for (Tracked& tracked : tracked_) before.emplace(tracked.status.name, std::move(tracked));
  std::map<std::string, const News*> happened;
  for (const News& one : news) happened.emplace(one.queue, &one);

  config_ = std::move(config);
  tracked_.clear();
  for (const QueueConfig& queue : config_.queues) {
    const News& one = *happened.at(queue.name);  // apply_plan() tells of every queue
    const auto known = before.find(queue.name);
    const bool was_there = known != before.end() && known->second.status.state != QueueState::missing;
    // What could not be looked into is what it was.
    const QueueState state = was_not_seen(one) && was_there ? known->second.status.state : state_after(one.kind);
    const bool new_segment = one.kind == EventKind::created || one.kind == EventKind::recreated;
    if (was_there && !new_segment) {
      Tracked tracked = std::move(known->second);
      tracked.status.configured = queue.geometry;
      const bool was_good = tracked.status.state != QueueState::mismatched;
      if (was_good != (state != QueueState::mismatched)) {
        tracked.status.state = state;
      } else if (!was_tried_in_vain(one)) {
        happened.erase(queue.name);  // as before: no news
      }
      tracked_.push_back(std::move(tracked));
      continue;
    }
    QueueStatus status{.name = queue.name, .state = state, .configured = queue.geometry};
    tracked_.push_back({std::move(status), Sampler{}});
    if (known == before.end()) continue;
    tracked_.back().history = std::move(known->second.history);
    tracked_.back().split_brain = std::move(known->second.split_brain);
  }
  for (const News& one : news) {
    const bool about_cursor = !std::any_of(config_.queues.begin(), config_.queues.end(),
                                           [&](const QueueConfig& q) { return q.name == one.queue; });
    if (about_cursor || happened.contains(one.queue)) events_.record(one);
  }
  loaded_ = clock_.wall();
}

// What the running process is bound to; changing it half-way would leave two truths.
void Supervisor::check_unchangeable(const Config& next) const {
  constexpr const char* kRestart = "cannot change while slickqd runs: restart it, or put the old value back";
  if (next.shm_dir != config_.shm_dir) throw next.source->error("/shm_dir", kRestart);
  if (!(next.control == config_.control)) throw next.source->error("/control", kRestart);
  if (next.metrics.listen != config_.metrics.listen) throw next.source->error("/metrics/listen", kRestart);
}

ReloadResult Supervisor::reload() {
  ReloadResult result;
  try {
    Config next = load_config(config_.source->file());
    check_unchangeable(next);
    const std::vector<News> news = plan_and_apply(next);
    adopt_config(std::move(next), news);
  } catch (const std::exception& error) {
    result = refusal_by(error);
  }
  last_reload_ok_ = result.ok;
  last_error_ = result.error;
  if (result.ok) {
    last_reload_at_ = clock_.wall();
    events_.record({EventKind::reload_ok, "", {{"file", config_.source->file()}, {"queues", config_.queues.size()}}});
    return result;
  }
  nlohmann::ordered_json details{{"error", result.error}};
  if (result.where) {
    details["file"] = result.where->file();
    details["line"] = result.where->line();
    details["column"] = result.where->column();
    details["pointer"] = result.where->pointer();
  }
  events_.record({EventKind::reload_failed, "", std::move(details)});
  return result;
}

PlannedReload Supervisor::plan_reload() const {
  PlannedReload planned;
  try {
    const Config next = load_config(config_.source->file());
    check_unchangeable(next);
    Plan plan = plan_for(next, Depth::orphans);
    // Asking who holds what is dear: only where the answer depends on it.
    const auto depends = [](const Step& step) {
      return step.kind == StepKind::recreate || step.kind == StepKind::orphan;
    };
    if (std::ranges::any_of(plan.steps, depends)) plan = plan_for(next, Depth::holders);
    planned.steps = planned_steps(config_, next, plan);
    throw_problems(next, plan.problems);
  } catch (const std::exception& error) {
    planned.verdict = refusal_by(error);
  }
  return planned;
}

std::optional<nlohmann::ordered_json> Supervisor::history_of(std::string_view name) const {
  for (const Tracked& tracked : tracked_) {
    if (tracked.status.name == name) {
      return tracked.history.to_json(tracked.status.name, clock_.monotonic(), clock_.wall());
    }
  }
  return std::nullopt;
}

nlohmann::ordered_json Supervisor::collect_orphans(bool dry_run) {
  const slickq::LeasePatience for_all;
  const auto result = orphans_.round(config_, holders_, clock_.monotonic(), events_,
                                     dry_run ? OrphanAction::report : OrphanAction::remove, OrphanWatch::kAskedBudget);
  const auto list = [](const std::vector<OrphanStatus>& orphans, auto wanted) {
    nlohmann::ordered_json lines = nlohmann::ordered_json::array();
    for (const OrphanStatus& orphan : orphans) {
      if (wanted(orphan)) lines.push_back(to_json(orphan));
    }
    return lines;
  };
  const auto any = [](const OrphanStatus&) { return true; };
  const auto due = [](const OrphanStatus& orphan) { return orphan.due; };
  const auto not_due = [](const OrphanStatus& orphan) { return !orphan.due; };
  nlohmann::ordered_json body{{"ok", true}, {"dry_run", dry_run}};
  body["removed"] = dry_run ? list(result.seen, due) : list(result.removed, any);
  body["complete"] = result.complete;  // false: so many that the time was over before all were looked at
  body["left"] = dry_run ? list(result.seen, not_due) : list(result.seen, any);
  return body;
}

std::vector<std::string> Supervisor::stop(const std::function<void()>& sign_of_life) {
  textfile_.remove();
  const slickq::LeasePatience for_all;
  std::optional<slickq::HolderMap> pass;  // one over all processes, however many queues are held
  std::vector<std::string> stayed;
  const auto stays = [&](const std::string& segment, const slickq::Holders& holders) {
    stayed.push_back(fmt::format("{} stays although remove_on_exit is set: held by {}", segment, holders.describe()));
  };
  const auto remove = [&](const std::string& segment, const auto& inode_of) {
    sign_of_life();
    slickq::RemoveOptions options;
    options.shm_dir = config_.shm_dir;
    try {
      const std::optional<std::uint64_t> inode = inode_of();
      if (!inode) return false;
      options.inode = *inode;
      if (!pass) pass = slickq::scan_holders(config_.shm_dir);
      const auto holders = slickq::find_holders(slickq::segment_path(config_.shm_dir, segment), *pass, true);
      // Lock and lease are certain; the pass only names. What it alone says may be over: the removal finds out.
      const bool certain = holders.proof == slickq::Proof::flock || holders.proof == slickq::Proof::lease;
      if (holders.held && certain) {
        stays(segment, holders);
        return false;
      }
      const slickq::Removal removal = slickq::remove_segment(segment, options);
      if (removal.removed) return true;
      stays(segment, removal.holders);
    } catch (const slickq::Error& error) {
      if (error.code() == slickq::Errc::not_found) return true;
      stayed.push_back(fmt::format("{}: remove_on_exit: {}", segment, error.what()));
    }
    return false;
  };
  for (const QueueConfig& queue : config_.queues) {
    if (!queue.remove_on_exit) continue;
    if (!remove(queue.name, [&] { return inode_of_wanted(queue, config_.shm_dir); })) continue;
    for (const std::string& cursor : queue.cursors) {
      const std::string segment = slickq::cursor_segment_name(queue.name, cursor);
      remove(segment, [&] { return inode_of_cursor(segment, config_.shm_dir); });
    }
  }
  return stayed;
}

}  // namespace slickqd
