#include "events.hpp"

#include <array>
#include <cstddef>

#include "units.hpp"

namespace slickqd {
namespace {

struct Row {
  EventKind kind;
  std::string_view name;
  bool warning;
};

constexpr std::array kRows{
    Row{EventKind::created, "created", false},
    Row{EventKind::adopted, "adopted", false},
    Row{EventKind::mismatch, "mismatch", true},
    Row{EventKind::vanished, "vanished", true},
    Row{EventKind::recreated, "recreated", true},
    Row{EventKind::stall, "stall", true},
    Row{EventKind::repaired, "repaired", true},
    Row{EventKind::orphan_found, "orphan_found", true},
    Row{EventKind::orphan_removed, "orphan_removed", false},
    Row{EventKind::lag_warn, "lag_warn", true},
    Row{EventKind::lag_critical, "lag_critical", true},
    Row{EventKind::overrun_soon, "overrun_soon", true},
    Row{EventKind::loss, "loss", true},
    Row{EventKind::split_brain, "split_brain", true},
    Row{EventKind::shm_low, "shm_low", true},
    Row{EventKind::reload_ok, "reload_ok", false},
    Row{EventKind::reload_failed, "reload_failed", true},
};

constexpr bool rows_follow_the_enum() {
  for (std::size_t k = 0; k < kRows.size(); ++k) {
    if (static_cast<std::size_t>(kRows[k].kind) != k) return false;
  }
  return kRows.size() == static_cast<std::size_t>(EventKind::reload_failed) + 1;
}
static_assert(rows_follow_the_enum(), "one row for each EventKind, in its order");

// What is read as one line. A thousand events are kept, and sent at once to who follows them.
constexpr std::size_t kLongestText = 600;

nlohmann::ordered_json bounded(const nlohmann::ordered_json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  return text != nullptr ? nlohmann::ordered_json(shortened(*text, kLongestText)) : value;
}

}  // namespace

std::string_view to_string(EventKind kind) noexcept { return kRows[static_cast<std::size_t>(kind)].name; }

bool is_warning(EventKind kind) noexcept { return kRows[static_cast<std::size_t>(kind)].warning; }

void EventLog::record(const News& news) {
  nlohmann::ordered_json line;
  line["time"] = format_time(clock_.wall());
  line["seq"] = ++recorded_;
  line["event"] = to_string(news.kind);
  if (!news.queue.empty()) line["queue"] = news.queue;
  if (news.details.is_object()) {
    for (const auto& [key, value] : news.details.items()) line[key] = bounded(value);
  }
  if (lines_.size() == kCapacity) lines_.pop_front();
  lines_.push_back(line);
  if (sink_) sink_(news.kind, line);
}

}  // namespace slickqd
