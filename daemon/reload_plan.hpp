// What a reload would do, told without doing it: the answer of GET /v1/plan.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config.hpp"
#include "plan.hpp"

namespace slickqd {

enum class PlannedAction : std::uint8_t {
  create,    ///< make it
  adopt,     ///< it is there as configured, and would be watched from then on
  keep,      ///< watched already, and as configured: nothing would change
  mismatch,  ///< something else has the name and would be left there
  recreate,  ///< something else has the name and would make room, unless somebody uses it
  refused,   ///< the reason why the whole reload would be refused
  forget,    ///< no longer in the configuration: would be watched no more; the segment stays
  orphan     ///< belongs to nobody; what becomes of it is not the reload's but orphans.action's
};
std::string_view to_string(PlannedAction action) noexcept;

struct PlannedStep {
  PlannedAction action;
  std::string name;         ///< of the segment; empty: the reason is no single segment's
  std::string why;          ///< for people
  std::uint64_t bytes = 0;  ///< create, recreate of an idle one: what the new one takes
};

/// `now`: in force. `next`: what was read, with its plan. In the order of `next`'s queues, each before its cursors;
/// then what would be forgotten; orphans last.
std::vector<PlannedStep> planned_steps(const Config& now, const Config& next, const Plan& plan);

nlohmann::ordered_json to_json(const PlannedStep& step);

}  // namespace slickqd
