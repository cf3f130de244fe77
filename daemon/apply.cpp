#include "apply.hpp"

#include <fmt/format.h>

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

class Applier {
 public:
  Applier(const Config& config, const Plan& plan) : config_(config), plan_(plan), is_new_(config.queues.size()) {}

  std::vector<News> run() {
    try {
      for (const Step& step : plan_.steps) before_the_point_of_no_return(step);
      for (const Step& step : plan_.steps) {
        if (step.kind == StepKind::recreate) recreate(step);
        if (step.kind == StepKind::adopt_cursor && is_new_[step.queue]) rewind(step.segment);
      }
    } catch (...) {
      undo();
      throw;
    }
    return std::move(news_);
  }

 private:
  const QueueConfig& queue_of(const Step& step) const { return config_.queues[step.queue]; }

  void before_the_point_of_no_return(const Step& step) {
    switch (step.kind) {
      case StepKind::create: return create(step);
      case StepKind::create_cursor: return create_cursor(step);
      case StepKind::adopt: return tell(EventKind::adopted, step, {{"found", step.text}});
      case StepKind::keep:
      case StepKind::keep_cursor:
        return tell(EventKind::mismatch, step, {{"found", step.found}, {"action", "keep"}, {"why", step.text}});
      case StepKind::adopt_cursor:
      case StepKind::recreate:
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

  void recreate(const Step& step) {
    const QueueConfig& queue = queue_of(step);
    slickq::RemoveOptions options;
    options.shm_dir = config_.shm_dir;
    options.inode = step.inode;
    const slickq::Removal removal = slickq::remove_segment(queue.name, options);
    if (!removal.removed) {
      const std::string holders = removal.holders.describe();
      return tell(
          EventKind::mismatch, step,
          {{"found", step.found}, {"action", "recreate_if_idle"}, {"why", "held by " + holders + "; left as it is"}});
    }
    slickq::Queue::create(queue.name, queue.geometry, options_of(config_, queue));
    for (const std::string& cursor : queue.cursors) rewind(slickq::cursor_segment_name(queue.name, cursor));
    tell(EventKind::recreated, step, {{"found", step.found}, {"geometry", queue.geometry.describe()}});
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
  std::vector<bool> is_new_;                                    // by position in config_.queues: was it created here?
};

}  // namespace

std::vector<News> apply_plan(const Config& config, const Plan& plan) { return Applier(config, plan).run(); }

}  // namespace slickqd
