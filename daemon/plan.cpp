#include "plan.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>

#include "probe.hpp"
#include "slickq/glob.hpp"
#include "slickq/inspect.hpp"
#include "slickq/names.hpp"
#include "units.hpp"

namespace slickqd {
namespace {

using slickq::Entry;
using slickq::EntryKind;

constexpr std::array kWords{"create", "adopt",    "mismatch", "mismatch", "create",
                            "adopt",  "mismatch", "unseen",   "orphan"};
static_assert(kWords.size() == static_cast<std::size_t>(StepKind::orphan) + 1, "one word for each StepKind");

std::string describe(const Entry& entry) {
  if (entry.geometry) return entry.geometry->describe();
  if (entry.kind == EntryKind::cursor) return "a cursor";
  return entry.explanation.empty() ? std::string(to_string(entry.kind)) : entry.explanation;
}

// Only what is a queue by its bytes, finished or not, is ever removed. Anything else is somebody else's, and so may be
// what is empty or all zero: of what is half-made the header has to say so.
bool may_be_replaced(const Entry& entry) {
  const bool half_made = entry.kind == EntryKind::initialising && entry.init_state == slickq::InitState::initialising;
  return entry.kind == EntryKind::queue || entry.kind == EntryKind::damaged || half_made;
}

std::string wanted(const QueueConfig& queue) {
  std::string text = fmt::format("{}, {}, mode {}", queue.geometry.describe(),
                                 format_bytes(slickq::bytes_with_annex(queue.geometry)), format_mode(queue.mode));
  if (queue.owner) text += ", owner " + slickq::user_name(*queue.owner);
  if (queue.group) text += ", group " + slickq::group_name(*queue.group);
  return text;
}

// An adopted segment keeps its permissions: others may rely on them. The difference is told.
std::string permissions_that_differ(const QueueConfig& queue, const Entry& entry) {
  std::string text;
  const auto add = [&text](std::string_view what, const std::string& is, const std::string& should) {
    text += fmt::format("; {} {} instead of {}", what, is, should);
  };
  if (entry.file.mode != queue.mode) add("mode", format_mode(entry.file.mode), format_mode(queue.mode));
  // Who made the name first, before us, may be anybody.
  const auto owner = queue.owner.value_or(geteuid());
  if (entry.file.owner != owner) add("owner", entry.owner, slickq::user_name(owner));
  if (queue.group && entry.file.group != *queue.group) add("group", entry.group, slickq::group_name(*queue.group));
  return text;
}

class Planner {
 public:
  Planner(const Config& config, std::span<const Entry> entries) : config_(config), entries_(entries) {
    for (const Entry& entry : entries) by_name_.emplace(entry.name, &entry);
  }

  Plan plan(std::optional<std::uint64_t> free_bytes) {
    for (std::size_t k = 0; k < config_.queues.size(); ++k) {
      plan_queue(k);
      for (std::size_t c = 0; c < config_.queues[k].cursors.size(); ++c) plan_cursor(k, c);
    }
    for (const Entry& entry : entries_) plan_orphan(entry);
    if (free_bytes) check_room(*free_bytes);
    return std::move(plan_);
  }

 private:
  const Entry* find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  // Leased, or we are out of descriptors: no mismatch, and no reason not to start. Whoever owns a file may lease it.
  static bool is_unseen(const Entry& entry) { return entry.kind == EntryKind::unreadable && is_for_now(entry.error); }

  void plan_unseen(std::size_t k, const Entry& entry) {
    plan_.steps.push_back({StepKind::unseen, k, entry.name, entry.explanation + "; taken as it is until that is over",
                           entry.explanation, entry.file.inode, 0});
  }

  void plan_queue(std::size_t k) {
    const QueueConfig& queue = config_.queues[k];
    const Entry* entry = find(queue.name);
    const std::uint64_t bytes = slickq::bytes_with_annex(queue.geometry);
    if (entry == nullptr) {
      plan_.steps.push_back({StepKind::create, k, queue.name, wanted(queue), {}, 0, bytes});
    } else if (entry->geometry && *entry->geometry == queue.geometry) {
      const std::string text = entry->geometry->describe() + permissions_that_differ(queue, *entry);
      plan_.steps.push_back({StepKind::adopt, k, queue.name, text, {}, entry->file.inode, 0});
    } else if (is_unseen(*entry)) {
      plan_unseen(k, *entry);
    } else {
      plan_mismatch(k, *entry);
    }
  }

  void plan_mismatch(std::size_t k, const Entry& entry) {
    const QueueConfig& queue = config_.queues[k];
    const std::string found = describe(entry);
    const char* is = entry.kind == EntryKind::unreadable ? "" : "is ";  // found says what cannot be done with it
    const std::string both = fmt::format("{}{}; configured {}", is, found, queue.geometry.describe());
    const std::uint64_t inode = entry.file.inode;
    if (queue.on_mismatch == OnMismatch::fail) {
      plan_.problems.push_back(
          {queue.pointer,
           fmt::format("{}: {}; correct the config, remove the segment (slickq unlink {}), or set on_mismatch",
                       entry.path, both, queue.name),
           queue.name});
    } else if (queue.on_mismatch == OnMismatch::recreate_if_idle && may_be_replaced(entry)) {
      // Held: left as it is, and takes nothing. Who does not know finds out at the attempt, before anything is lost.
      const bool idle = entry.holders && !entry.holders->held;
      const bool held = entry.holders && entry.holders->held;
      const std::string fate = held ? "held by " + entry.holders->describe() + "; left as it is while that is so"
                                    : "removed and made anew when nobody holds it";
      plan_.steps.push_back({StepKind::recreate, k, queue.name, both + "; " + fate, found, inode,
                             idle ? slickq::bytes_with_annex(queue.geometry) : 0});
    } else {
      plan_.steps.push_back({StepKind::keep, k, queue.name, both + "; left as it is", found, inode, 0});
    }
  }

  void plan_cursor(std::size_t k, std::size_t c) {
    const QueueConfig& queue = config_.queues[k];
    const std::string segment = slickq::cursor_segment_name(queue.name, queue.cursors[c]);
    const Entry* entry = find(segment);
    if (entry == nullptr) {
      plan_.steps.push_back({StepKind::create_cursor, k, segment, "a cursor at the oldest item", {}, 0, 8});
    } else if (entry->kind == EntryKind::cursor) {
      plan_.steps.push_back({StepKind::adopt_cursor, k, segment, "a cursor", {}, entry->file.inode, 0});
    } else if (is_unseen(*entry)) {
      plan_unseen(k, *entry);
    } else if (queue.on_mismatch == OnMismatch::fail) {
      plan_.problems.push_back(
          {fmt::format("{}/cursors/{}", queue.pointer, c),
           fmt::format("{}: is no cursor: {}; remove it or name another cursor", entry->path, describe(*entry)),
           segment});
    } else {
      plan_.steps.push_back({StepKind::keep_cursor, k, segment,
                             fmt::format("is no cursor: {}; left as it is", describe(*entry)), describe(*entry),
                             entry->file.inode, 0});
    }
  }

  // A cursor is, as long as its queue is.
  bool is_in_use(const Entry& entry) const {
    const auto held = [](const Entry* one) { return one != nullptr && one->holders && one->holders->held; };
    const auto cursor = slickq::split_cursor_name(entry.name);
    return held(&entry) || (cursor && held(find(cursor->queue)));
  }

  void plan_orphan(const Entry& entry) {
    const bool ours = entry.kind == EntryKind::queue ||
                      (entry.kind == EntryKind::cursor && slickq::split_cursor_name(entry.name).has_value());
    if (!ours || !matches_orphans(config_.orphans, entry.name) || is_configured(config_, entry.name)) return;
    if (is_in_use(entry)) return;
    plan_.steps.push_back({StepKind::orphan,
                           0,
                           entry.name,
                           fmt::format("{}; {} when nobody uses it for {} s", describe(entry),
                                       config_.orphans.action == OrphanAction::remove ? "removed" : "reported",
                                       config_.orphans.grace.count() / 1000),
                           {},
                           entry.file.inode,
                           0});
  }

  // Creating would fail half-way with ENOSPC: better to know before anything is touched.
  void check_room(std::uint64_t free_bytes) {
    constexpr std::uint64_t kPage = 4096;
    std::uint64_t need = 0;
    for (const Step& step : plan_.steps) {
      if (step.bytes > 0) need += (step.bytes + kPage - 1) / kPage * kPage;
    }
    if (need <= free_bytes) return;
    plan_.problems.push_back(
        {"/queues", fmt::format("{}: the new queues need {}, free are {}; make the file system larger (mount -o "
                                "remount,size=..., or the container's --shm-size) or the queues smaller",
                                config_.shm_dir, format_bytes(need), format_bytes(free_bytes))});
  }

  const Config& config_;
  std::span<const Entry> entries_;
  std::map<std::string_view, const Entry*> by_name_;
  Plan plan_;
};

}  // namespace

std::vector<std::string> names_to_look_at(const Config& config, std::span<const std::string> there) {
  std::vector<std::string> names;
  for (const QueueConfig& queue : config.queues) {
    names.push_back(queue.name);
    for (const std::string& cursor : queue.cursors) names.push_back(slickq::cursor_segment_name(queue.name, cursor));
  }
  for (const std::string& name : there) {
    if (!matches_orphans(config.orphans, name)) continue;
    names.push_back(name);
    if (const auto cursor = slickq::split_cursor_name(name)) names.emplace_back(cursor->queue);
  }
  return names;
}

Plan make_plan(const Config& config, std::span<const Entry> entries, std::optional<std::uint64_t> free_bytes) {
  return Planner(config, entries).plan(free_bytes);
}

bool is_configured(const Config& config, std::string_view segment) {
  const auto cursor = slickq::split_cursor_name(segment);
  for (const QueueConfig& queue : config.queues) {
    // A cursor of a configured queue is never an orphan, configured itself or not: its queue is in use.
    if (queue.name == segment || (cursor && cursor->queue == queue.name)) return true;
  }
  return false;
}

bool matches_orphans(const OrphanConfig& orphans, const std::string& segment) {
  return slickq::matches_any(orphans.match, segment);
}

std::string describe(const Plan& plan) {
  std::size_t width = 0;
  for (const Step& step : plan.steps) width = std::max(width, step.segment.size());
  std::string text;
  for (const Step& step : plan.steps) {
    text +=
        fmt::format("{:9} {:{}}  {}\n", kWords[static_cast<std::size_t>(step.kind)], step.segment, width, step.text);
  }
  return text;
}

}  // namespace slickqd
