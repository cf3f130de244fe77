#include "apply.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <string>
#include <utility>

#include "slickq/cursor.hpp"
#include "slickq/error.hpp"
#include "slickq/names.hpp"
#include "slickq/queue.hpp"
#include "slickq/removal.hpp"
#include "slickq/scan.hpp"
#include "slickq/view.hpp"

namespace slickqd {
namespace {

using nlohmann::ordered_json;

slickq::CreateOptions options_of(const Config& config, const QueueConfig& queue) {
  slickq::CreateOptions options;
  options.shm_dir = config.shm_dir;
  options.mode = queue.mode;
  options.owner = queue.owner;
  options.group = queue.group;
  options.prefault = queue.prefault;
  return options;
}

// A finished queue without a name, for the place of another one.
struct Replacement {
  Step step;
  slickq::Queue fresh;
};

class Applier {
 public:
  Applier(const Config& config, const Plan& plan) : config_(config), plan_(plan), is_new_(config.queues.size()) {}

  std::vector<News> run() {
    try {
      for (const Step& step : plan_.steps) before_the_point_of_no_return(step);
    } catch (...) {
      undo();
      throw;
    }
    for (Replacement& replacement : replacements_) replace(replacement);
    for (const Step& step : plan_.steps) {
      if (step.kind == StepKind::adopt_cursor && is_new_[step.queue]) rewind(step.segment);
    }
    return std::move(news_);
  }

 private:
  const QueueConfig& queue_of(const Step& step) const { return config_.queues[step.queue]; }

  void before_the_point_of_no_return(const Step& step) {
    switch (step.kind) {
      case StepKind::create: return create(step);
      case StepKind::create_cursor: return create_cursor(step);
      case StepKind::recreate: return prepare_replacement(step);
      case StepKind::adopt: return tell(EventKind::adopted, step, {{"found", step.text}});
      case StepKind::keep:
      case StepKind::keep_cursor:
        return tell(EventKind::mismatch, step, {{"found", step.found}, {"action", "keep"}, {"why", step.text}});
      case StepKind::adopt_cursor:
      case StepKind::orphan: return;
    }
  }

  void create(const Step& step) {
    const QueueConfig& queue = queue_of(step);
    const auto made = slickq::Queue::create(queue.name, queue.geometry, options_of(config_, queue));
    created_.push_back({queue.name, made.segment().inode()});
    is_new_[step.queue] = true;
    tell(EventKind::created, step, {{"geometry", queue.geometry.describe()}});
  }

  void create_cursor(const Step& step) {
    const QueueConfig& queue = queue_of(step);
    const auto made = slickq::NamedCursor::create(step.segment, oldest_index(queue), options_of(config_, queue));
    created_.push_back({step.segment, made.segment().inode()});
    tell(EventKind::created, step, {{"cursor", made.cursor().load()}});
  }

  // A new cursor must not lose what an adopted queue still holds. 0 is right for a fresh one, and for what
  // will be recreated.
  std::uint64_t oldest_index(const QueueConfig& queue) const {
    try {
      // By pread, not mapped: somebody who truncates the segment must not take the daemon down by SIGBUS.
      const auto existing = slickq::View::open_segment(queue.name, config_.shm_dir);
      return existing.geometry() == queue.geometry ? slickq::scan(existing).oldest : 0;
    } catch (const slickq::Error&) {
      return 0;
    }
  }

  // Everything that may fail for a reason of our own: the right to remove the old one, room for the new one.
  void prepare_replacement(const Step& step) {
    const slickq::Removal removal = slickq::remove_segment(step.segment, removal_of(step, /*dry_run=*/true));
    if (!removal.removed) return tell_of_holders(step, removal.holders);
    const QueueConfig& queue = queue_of(step);
    try {
      replacements_.push_back({step, slickq::Queue::prepare(queue.name, queue.geometry, options_of(config_, queue))});
    } catch (const slickq::Error& error) {
      if (error.system_error() != ENOSPC) throw;
      throw slickq::Error(error.code(), error.object(),
                          error.cause() + "; it is made before the old one goes, so that a failure loses neither",
                          "if the old one may go first: slickq unlink " + queue.name + "; or " + error.remedy(),
                          error.system_error());
    }
  }

  // What goes wrong here is others' doing: it is told, and the next queue is not made to suffer for it.
  void replace(Replacement& replacement) {
    const Step& step = replacement.step;
    const QueueConfig& queue = queue_of(step);
    try {
      const slickq::Removal removal = slickq::remove_segment(step.segment, removal_of(step, /*dry_run=*/false));
      if (!removal.removed) return tell_of_holders(step, removal.holders);
      replacement.fresh.give_name();
    } catch (const slickq::Error& error) {
      return tell_kept(step, error.what());
    }
    for (const std::string& cursor : queue.cursors) rewind(slickq::cursor_segment_name(queue.name, cursor));
    tell(EventKind::recreated, step, {{"found", step.found}, {"geometry", queue.geometry.describe()}});
  }

  slickq::RemoveOptions removal_of(const Step& step, bool dry_run) const {
    slickq::RemoveOptions options;
    options.shm_dir = config_.shm_dir;
    options.inode = step.inode;
    options.dry_run = dry_run;
    return options;
  }

  void tell_of_holders(const Step& step, const slickq::Holders& holders) {
    tell_kept(step, "held by " + holders.describe() + "; left as it is");
  }

  void tell_kept(const Step& step, const std::string& why) {
    tell(EventKind::mismatch, step, {{"found", step.found}, {"action", "recreate_if_idle"}, {"why", why}});
  }

  // A cursor of a queue that was removed would point far beyond the end of the new one.
  void rewind(const std::string& cursor) {
    try {
      slickq::NamedCursor::open(cursor, config_.shm_dir).cursor().store(0);
    } catch (const slickq::Error& error) {
      news_.push_back(
          {EventKind::mismatch,
           cursor,
           {{"why", fmt::format("the queue was made anew, its cursor could not be set to 0: {}", error.what())}}});
    }
  }

  void tell(EventKind kind, const Step& step, ordered_json details) {
    news_.push_back({kind, step.segment, std::move(details)});
  }

  void undo() noexcept {
    for (auto made = created_.rbegin(); made != created_.rend(); ++made) {
      try {
        slickq::RemoveOptions options;
        options.shm_dir = config_.shm_dir;
        options.inode = made->second;
        slickq::remove_segment(made->first, options);
      } catch (const std::exception&) {
        continue;  // the failure that led here is the one to report
      }
    }
  }

  const Config& config_;
  const Plan& plan_;
  std::vector<News> news_;
  std::vector<std::pair<std::string, std::uint64_t>> created_;  // name, inode
  std::vector<Replacement> replacements_;
  std::vector<bool> is_new_;  // by position in config_.queues: was it created here?
};

}  // namespace

std::vector<News> apply_plan(const Config& config, const Plan& plan) { return Applier(config, plan).run(); }

}  // namespace slickqd
