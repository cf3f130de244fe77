// What slickqd does, without sockets and signals: start, rounds, reload, stop.
//
// Thread safety: none; one thread calls. The Snapshot it hands out may be kept and read by anybody.
// Invariants: 1. a config is in force only when all of it was parsed, planned and applied; until then, and
// after any failure, the one before is. 2. between two calls no queue is open, mapped or locked: nobody is
// delayed, refused or kept from removing a queue because slickqd runs. Crash: killed at any moment nothing is
// half-made; the next start adopts.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock.hpp"
#include "config.hpp"
#include "cursor_watch.hpp"
#include "events.hpp"
#include "history.hpp"
#include "holder_pass.hpp"
#include "orphans.hpp"
#include "plan.hpp"
#include "reload_plan.hpp"
#include "sampler.hpp"
#include "snapshot.hpp"
#include "space_watch.hpp"
#include "split_brain.hpp"
#include "stall_repair.hpp"
#include "textfile.hpp"

namespace slickqd {

/// The verdict on a reload. `where` is set when the config itself, or one value of it, is to blame.
struct ReloadResult {
  bool ok = true;
  std::string error;
  std::optional<ConfigError> where;
};

/// What reload() would say and do, as far as that can be known before.
struct PlannedReload {
  ReloadResult verdict;
  std::vector<PlannedStep> steps;  ///< none when the config itself is no good
};

/// How much of the world a plan takes in; each level costs more.
enum class Depth : std::uint8_t {
  configured,  ///< the config's queues and cursors: all that is done at once
  orphans,     ///< and what matches orphans.match
  holders      ///< and who uses it
};
/// What make_plan() says about the world as it is now. Throws slickq::Error for the shm directory itself.
Plan plan_for(const Config& config, Depth depth);

class Supervisor {
 public:
  using SpaceProbe = std::function<std::optional<ShmSpace>(const std::string& shm_dir)>;
  Supervisor(Config config, const Clock& clock, EventLog::Sink sink, SpaceProbe space = shm_space);

  /// Rounds are made at least so often, whatever monitor.interval says: whoever calls has a watchdog to please.
  void longest_interval(std::chrono::milliseconds longest) noexcept { longest_interval_ = longest; }
  /// Between two rounds: what all that is measured over rounds goes by, and what the snapshot tells.
  std::chrono::milliseconds interval() const noexcept { return std::min(config_.monitor.interval, longest_interval_); }

  /// Called at a start or reload that makes something, before it does: nothing else happens until that is finished.
  using BeforeMaking = std::function<void(std::uint64_t bytes)>;
  void before_making(BeforeMaking tell) { before_making_ = std::move(tell); }

  /// Finishes removals a killed remover left, creates and adopts. Throws ConfigError when what exists
  /// contradicts the config, slickq::Error when something cannot be made; nothing that was created is left
  /// then.
  void start();
  /// Names in the shm directory came or went: the next round asks anew who has what, as soon as it may.
  void names_changed() noexcept { holders_.hurry(); }
  /// One look at everything. Throws only what is a defect: without the shm directory every queue is missing, and the
  /// snapshot says why.
  void round();
  /// Reads the config file again.
  ReloadResult reload();
  /// Reads the config file as reload() does, and looks; nothing is changed, recorded or remembered.
  PlannedReload plan_reload() const;
  /// Nothing: no such queue. Else an object with "ok"; why not in "error", the plan and what was done in the others.
  std::optional<nlohmann::ordered_json> repair_as_asked(std::string_view name, const RepairWish& wish);
  /// Removes the orphans that are due, whatever orphans.action is; a dry run only tells.
  nlohmann::ordered_json collect_orphans(bool dry_run);
  /// metrics.textfile goes; remove_on_exit, never for what is held. Returns one line for each queue that stays
  /// although it should go. `sign_of_life` is called before each piece of work that may take seconds.
  std::vector<std::string> stop(const std::function<void()>& sign_of_life = [] {});

  const Config& config() const noexcept { return config_; }
  const EventLog& events() const noexcept { return events_; }
  std::shared_ptr<const Snapshot> snapshot() const noexcept { return snapshot_; }
  /// The object of GET /v1/history/NAME; nothing when no such queue is configured.
  std::optional<nlohmann::ordered_json> history_of(std::string_view name) const;

 private:
  struct Tracked {
    QueueStatus status;
    Sampler sampler;
    std::vector<CursorWatch> cursors{};  // in the config's order
    History history{};
    SplitBrainWatch split_brain{};
    std::string repair_failure{};             // the last that was told
    std::optional<Monotonic> locked_since{};  // somebody keeps us from repairing it
    std::optional<Monotonic> blind_since{};   // or from looking at it
    bool blindness_told = false;
  };

  std::vector<News> plan_and_apply(const Config& config) const;
  void adopt_config(Config config, const std::vector<News>& news);
  void check_unchangeable(const Config& next) const;
  void look_at(const QueueConfig& queue, Tracked& tracked, Monotonic now);
  void tell_of_blindness(const QueueConfig& queue, Tracked& tracked, Monotonic now);
  void perform(Action action, const QueueConfig& queue, Tracked& tracked, const Look& look, Monotonic now);
  void announce_stall(const QueueConfig& queue, Tracked& tracked, Monotonic now);
  void repair(const QueueConfig& queue, Tracked& tracked, std::uint64_t inode, Monotonic now);
  void look_at_cursors(const QueueConfig& queue, Tracked& tracked, Monotonic now);
  void look_at_cursor_of(const QueueConfig& queue, const QueueNumbers* numbers, CursorWatch& watch, Monotonic now);
  void look_for_split_brain(Tracked& tracked, Monotonic now);
  void look_at_space();
  void publish_snapshot(Monotonic begun, std::vector<OrphanStatus> orphans);

  Config config_;
  const Clock& clock_;
  EventLog events_;
  std::vector<Tracked> tracked_;  // one for each of config_.queues, same order
  OrphanWatch orphans_;
  HolderPass holders_;
  SpaceProbe probe_space_;
  std::chrono::milliseconds longest_interval_ = std::chrono::milliseconds::max();
  BeforeMaking before_making_ = [](std::uint64_t) {};
  SpaceWatch space_watch_;
  std::optional<ShmSpace> space_;
  std::string shm_problem_;
  Textfile textfile_;
  std::uint64_t rounds_ = 0;
  std::chrono::microseconds rounds_duration_{};
  WallTime started_{};
  Monotonic begun_{};
  WallTime loaded_{};
  WallTime last_reload_at_{};
  bool last_reload_ok_ = true;
  std::string last_error_;
  std::shared_ptr<const Snapshot> snapshot_ = std::make_shared<Snapshot>();
};

}  // namespace slickqd
