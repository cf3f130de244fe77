#include "reload_plan.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "slickq/names.hpp"

namespace slickqd {
namespace {

constexpr std::array<std::string_view, 8> kPlannedWords{"create",   "adopt",   "keep",   "mismatch",
                                                        "recreate", "refused", "forget", "orphan"};
static_assert(kPlannedWords.size() == static_cast<std::size_t>(PlannedAction::orphan) + 1,
              "one word for each PlannedAction");

struct ActionRow {
  StepKind kind;
  PlannedAction new_to_us;
  PlannedAction known;  // watched already
};
constexpr std::array kActionRows{
    ActionRow{StepKind::create, PlannedAction::create, PlannedAction::create},
    ActionRow{StepKind::adopt, PlannedAction::adopt, PlannedAction::keep},
    ActionRow{StepKind::keep, PlannedAction::mismatch, PlannedAction::mismatch},
    ActionRow{StepKind::recreate, PlannedAction::recreate, PlannedAction::recreate},
    ActionRow{StepKind::create_cursor, PlannedAction::create, PlannedAction::create},
    ActionRow{StepKind::adopt_cursor, PlannedAction::adopt, PlannedAction::keep},
    ActionRow{StepKind::keep_cursor, PlannedAction::mismatch, PlannedAction::mismatch},
    ActionRow{StepKind::unseen, PlannedAction::adopt, PlannedAction::keep},
    ActionRow{StepKind::orphan, PlannedAction::orphan, PlannedAction::orphan},
};
constexpr bool action_rows_follow_the_enum() {
  for (std::size_t k = 0; k < kActionRows.size(); ++k) {
    if (static_cast<std::size_t>(kActionRows[k].kind) != k) return false;
  }
  return kActionRows.size() == static_cast<std::size_t>(StepKind::orphan) + 1;
}
static_assert(action_rows_follow_the_enum(), "one row for each StepKind, in its order");

// Segments that a config watches: its queues, and the cursors it names.
std::vector<std::string> watched_by(const Config& config) {
  std::vector<std::string> names;
  for (const QueueConfig& queue : config.queues) {
    names.push_back(queue.name);
    for (const std::string& cursor : queue.cursors) names.push_back(slickq::cursor_segment_name(queue.name, cursor));
  }
  return names;
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::string_view to_string(PlannedAction action) noexcept { return kPlannedWords[static_cast<std::size_t>(action)]; }

std::vector<PlannedStep> planned_steps(const Config& now, const Config& next, const Plan& plan) {
  const std::vector<std::string> before = watched_by(now);
  const std::vector<std::string> wanted = watched_by(next);
  std::vector<PlannedStep> steps;
  std::vector<PlannedStep> orphans;
  for (const Step& step : plan.steps) {
    const ActionRow& row = kActionRows[static_cast<std::size_t>(step.kind)];
    const PlannedAction action = is_among(before, step.segment) ? row.known : row.new_to_us;
    (action == PlannedAction::orphan ? orphans : steps).push_back({action, step.segment, step.text, step.bytes});
  }
  for (const Problem& problem : plan.problems) {
    steps.push_back({PlannedAction::refused, problem.segment, problem.text, 0});
  }
  // A problem's step stands where its queue's would.
  std::ranges::stable_sort(steps, {}, [&](const PlannedStep& step) { return std::ranges::find(wanted, step.name); });
  for (const std::string& name : before) {
    if (!is_among(wanted, name)) steps.push_back({PlannedAction::forget, name, "left the configuration; it stays", 0});
  }
  std::ranges::move(orphans, std::back_inserter(steps));
  return steps;
}

nlohmann::ordered_json to_json(const PlannedStep& step) {
  return {{"action", to_string(step.action)},
          {"name", step.name.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(step.name)},
          {"why", step.why},
          {"bytes", step.bytes}};
}

}  // namespace slickqd
