#include "apply.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "probe.hpp"
#include "slickq/cursor.hpp"
#include "slickq/error.hpp"
#include "slickq/names.hpp"
#include "slickq/queue.hpp"
#include "slickq/removal.hpp"
#include "slickq/scan.hpp"
#include "slickq/truncation.hpp"
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

// For a cursor that somebody has locked: rounds and signs of life wait meanwhile.
constexpr std::chrono::milliseconds kPatience{5};

// Each queue without a name keeps descriptors open, of which there are a thousand or so.
std::size_t most_prepared() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 1;
  return std::max<std::size_t>(1, files.rlim_cur / 4);
}

// A finished queue without a name, to be made or for the place of another one.
struct Prepared {
  const Step& step;
  slickq::Queue queue;
};

class Applier {
 public:
  Applier(const Config& config, const Plan& plan) : config_(config), plan_(plan) {}

  std::vector<News> run() {
    try {
      for (const Step& step : plan_.steps) before_the_point_of_no_return(step);
      name_prepared();
    } catch (...) {
      undo();
      throw;
    }
    for (Prepared& one : replacements_) replace(one);
    return std::move(news_);
  }

 private:
  const QueueConfig& queue_of(const Step& step) const { return config_.queues[step.queue]; }

  void before_the_point_of_no_return(const Step& step) {
    switch (step.kind) {
      case StepKind::create: return prepare_new(step);
      case StepKind::create_cursor: return create_cursor(step);
      case StepKind::recreate: return prepare_replacement(step);
      case StepKind::adopt: return tell(EventKind::adopted, step, {{"found", step.text}});
      case StepKind::keep:
      case StepKind::keep_cursor:
        return tell(EventKind::mismatch, step, {{"found", step.found}, {"action", "keep"}, {"why", step.text}});
      case StepKind::unseen: return tell_unseen(step);
      case StepKind::adopt_cursor:
      case StepKind::orphan: return;
    }
  }

  void prepare_new(const Step& step) {
    // Those of earlier steps, whose cursors are there by now.
    if (created_.size() >= most_prepared_) name_prepared();
    created_.push_back(prepared(step));
    tell(EventKind::created, step, {{"geometry", queue_of(step).geometry.describe()}});
  }

  void name_prepared() {
    for (Prepared& one : created_) create(one);
    created_.clear();
  }

  // Of a cursor there is nothing to tell: the rounds show it missing until they see it.
  void tell_unseen(const Step& step) {
    if (step.segment != queue_of(step).name) return;
    tell(EventKind::adopted, step, {{"found", step.text}, {"unseen", true}});
  }

  Prepared prepared(const Step& step) const {
    const QueueConfig& queue = queue_of(step);
    return {step, slickq::Queue::prepare(queue.name, queue.geometry, options_of(config_, queue))};
  }

  void create(Prepared& one) {
    appear(one);
    made_.push_back({one.step.segment, one.queue.segment().inode()});
  }

  // First the cursors: who sees the queue sees them at its beginning, whenever we die.
  void appear(Prepared& one) {
    for (const Step& step : plan_.steps) {
      const bool cursor = step.kind == StepKind::adopt_cursor || step.kind == StepKind::unseen;
      if (cursor && step.queue == one.step.queue) rewind(step.segment);
    }
    one.queue.give_name();
  }

  void create_cursor(const Step& step) {
    const QueueConfig& queue = queue_of(step);
    const auto start = oldest_index(queue);
    if (!start) return;  // the rounds show it missing, and the next reload makes it
    const auto made = slickq::NamedCursor::create(step.segment, *start, options_of(config_, queue));
    made_.push_back({step.segment, made.segment().inode()});
    tell(EventKind::created, step, {{"cursor", made.cursor().load()}});
  }

  // A new cursor must not lose what an adopted queue still holds. 0 is right for a fresh one, and for what
  // will be recreated; nothing where the queue cannot be looked into for the moment.
  std::optional<std::uint64_t> oldest_index(const QueueConfig& queue) const {
    try {
      // By pread, not mapped: somebody who truncates the segment must not take the daemon down by SIGBUS.
      const auto existing = slickq::View::open_segment(queue.name, config_.shm_dir);
      return existing.geometry() == queue.geometry ? slickq::scan(existing).oldest : 0;
    } catch (const slickq::Error& error) {
      if (is_for_now(error)) return std::nullopt;
      return 0;
    }
  }

  // Everything that may fail for a reason of our own: the right to remove the old one, room for the new one.
  void prepare_replacement(const Step& step) {
    const slickq::Removal removal = slickq::remove_segment(step.segment, removal_of(step, /*dry_run=*/true));
    if (!removal.removed) return tell_of_holders(step, removal.holders);
    try {
      replacements_.push_back(prepared(step));
    } catch (const slickq::Error& error) {
      if (error.system_error() != ENOSPC) throw;
      throw slickq::Error(error.code(), error.object(),
                          error.cause() + "; it is made before the old one goes, so that a failure loses neither",
                          "if the old one may go first: slickq unlink " + step.segment + "; or " + error.remedy(),
                          error.system_error());
    }
  }

  // What goes wrong here is others' doing: it is told, and the next queue is not made to suffer for it.
  void replace(Prepared& one) {
    try {
      const slickq::Removal removal = slickq::remove_segment(one.step.segment, removal_of(one.step, /*dry_run=*/false));
      if (!removal.removed) return tell_of_holders(one.step, removal.holders);
      appear(one);
    } catch (const slickq::Error& error) {
      return tell_kept(one.step, error.what());
    }
    const slickq::Geometry& geometry = queue_of(one.step).geometry;
    tell(EventKind::recreated, one.step, {{"found", one.step.found}, {"geometry", geometry.describe()}});
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

  // A cursor of a queue that is gone would point far beyond the end of the new one.
  void rewind(const std::string& cursor) {
    const slickq::TruncationCheck truncation;
    try {
      auto named = slickq::NamedCursor::open(cursor, config_.shm_dir, slickq::Access::read_write, kPatience);
      if (named.cursor().load() != 0) named.cursor().store(0);
      truncation.require_whole(cursor);
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
    created_.clear();  // or we would be the ones who use them
    for (auto made = made_.rbegin(); made != made_.rend(); ++made) {
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
  const std::size_t most_prepared_ = most_prepared();
  std::vector<News> news_;
  std::vector<Prepared> created_;
  std::vector<Prepared> replacements_;
  std::vector<std::pair<std::string, std::uint64_t>> made_;  // name, inode: what a failure takes back
};

}  // namespace

std::vector<News> apply_plan(const Config& config, const Plan& plan) { return Applier(config, plan).run(); }

}  // namespace slickqd
