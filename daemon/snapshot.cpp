#include "snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "slickq/version.hpp"
#include "units.hpp"

namespace slickqd {
namespace {

using nlohmann::ordered_json;

// One digit: more would be noise, and would make every answer differ from the last.
double rounded(double value) { return std::round(value * 10) / 10; }

ordered_json seconds_or_null(const std::optional<double>& seconds) {
  return seconds ? ordered_json(std::round(*seconds * 1000) / 1000) : ordered_json();
}

ordered_json holes_of(const QueueNumbers& numbers, Monotonic now) {
  ordered_json holes = ordered_json::array();
  for (const AgedHole& hole : numbers.holes) {
    ordered_json line{{"index", hole.index}, {"next", hole.next}, {"owner_pid", nullptr}, {"owner_alive", nullptr}};
    if (hole.owner.pid != 0) line["owner_pid"] = hole.owner.pid;
    if (hole.owner.owner != slickq::Owner::unknown) line["owner_alive"] = hole.owner.owner == slickq::Owner::live;
    line["age_ms"] = in_ms(now - hole.since);
    holes.push_back(std::move(line));
  }
  return holes;
}

ordered_json processes_of(const slickq::Holders& holders) {
  ordered_json processes = ordered_json::array();
  for (const slickq::Holder& holder : holders.processes) {
    processes.push_back({{"pid", holder.pid}, {"command", holder.command}, {"access", holder.access}});
  }
  return processes;
}

ordered_json cursors_of(const QueueStatus& queue) {
  static constexpr std::array kLevels{"ok", "warn", "critical"};
  ordered_json cursors = ordered_json::array();
  for (const CursorStatus& cursor : queue.cursors) {
    ordered_json line{{"name", cursor.name}, {"value", nullptr}, {"lag", nullptr}, {"lag_pct", nullptr}};
    if (cursor.value) {
      line["value"] = *cursor.value;
      line["lag"] = cursor.lag;
      line["lag_pct"] = rounded(cursor.lag_percent);
    }
    line["advance_per_s"] = rounded(cursor.advance_per_s);
    line["overrun_in_s"] = seconds_or_null(cursor.overrun_in_s);
    line["lost"] = cursor.lost;
    line["level"] = kLevels[static_cast<std::size_t>(cursor.level)];
    cursors.push_back(std::move(line));
  }
  return cursors;
}

// The keys are always there, null when the queue is not.
void add_numbers(ordered_json& line, const std::optional<QueueNumbers>& numbers, Monotonic now) {
  for (const char* key :
       {"reserved_index", "published_index", "last_published_index", "unpublished", "gap", "laps", "turnover_s"}) {
    line[key] = nullptr;
  }
  line["holes"] = ordered_json::array();
  line["reserved_per_s"] = 0.0;
  line["published_per_s"] = 0.0;
  line["holders"] = 0;
  line["holder_proof"] = nullptr;
  line["holder_processes"] = ordered_json::array();
  line["bytes"] = nullptr;
  line["resident_bytes"] = nullptr;
  if (!numbers) return;
  line["reserved_index"] = numbers->reserved;
  line["published_index"] = numbers->published;
  if (numbers->last_published) line["last_published_index"] = *numbers->last_published;
  line["unpublished"] = numbers->unpublished;
  // Of a scan that did not reach the end nothing is known about the rest.
  if (numbers->complete) line["gap"] = numbers->reserved - numbers->published;
  line["laps"] = numbers->laps;
  line["turnover_s"] = seconds_or_null(numbers->turnover_s);
  line["holes"] = holes_of(*numbers, now);
  line["scan_complete"] = numbers->complete && numbers->consistent;
  line["reserved_per_s"] = rounded(numbers->reserved_per_s);
  line["published_per_s"] = rounded(numbers->published_per_s);
  line["holders"] = numbers->holders.count();
  line["holder_proof"] = slickq::to_string(numbers->holders.proof);
  line["holder_processes"] = processes_of(numbers->holders);
  line["bytes"] = numbers->bytes;
  line["resident_bytes"] = numbers->resident_bytes;
}

}  // namespace

ordered_json to_json(const QueueStatus& queue, Monotonic now) {
  const slickq::Geometry& geometry = queue.numbers ? queue.numbers->geometry : queue.configured;
  ordered_json line;
  line["name"] = queue.name;
  line["state"] = to_string(queue.state);
  if (!queue.problem.empty()) line["problem"] = queue.problem;
  line["blind_s"] = queue.blind ? ordered_json(static_cast<double>(queue.blind->count()) / 1000) : ordered_json();
  line["layout"] = slickq::to_string(geometry.layout());
  line["capacity"] = geometry.capacity();
  line["element_size"] = geometry.element_size();
  line["items_per_slot"] = geometry.items_per_slot();
  add_numbers(line, queue.numbers, now);
  line["repaired"] = queue.repaired;
  line["repair_problem"] = queue.repair_problem.empty() ? ordered_json() : ordered_json(queue.repair_problem);
  line["split_brain"] = ordered_json::array();
  for (const SplitHolder& holder : queue.split_brain) {
    line["split_brain"].push_back({{"pid", holder.pid}, {"command", holder.command}});
  }
  line["cursors"] = cursors_of(queue);
  return line;
}

ordered_json to_json(const OrphanStatus& orphan) {
  return {{"name", orphan.name},
          {"bytes", orphan.bytes},
          {"held", orphan.held},
          {"due", orphan.due},
          {"idle_ms", orphan.idle.count()}};
}

ordered_json to_json(const Snapshot& s) {
  ordered_json status;
  status["schema"] = "slickqd.status/1";
  status["version"] = SLICKQ_VERSION;
  status["pid"] = s.pid;
  status["host"] = s.host;
  status["started"] = format_time(s.started);
  status["uptime_s"] = static_cast<double>(in_ms(s.uptime)) / 1000;
  status["interval_ms"] = s.interval.count();
  status["rounds"] = s.rounds;
  status["last_round"] = {{"at", format_time(s.round_at)},
                          {"duration_ms", static_cast<double>(s.round_duration.count()) / 1000}};
  status["config"] = {{"file", s.config_file},
                      {"loaded", format_time(s.config_loaded)},
                      {"last_reload_ok", s.last_reload_ok},
                      {"last_reload_at", format_time(s.last_reload_at)},
                      {"last_error", s.last_error.empty() ? ordered_json() : ordered_json(s.last_error)}};
  status["shm"] = {{"dir", s.shm_dir},
                   {"size_bytes", s.shm_size_bytes},
                   {"free_bytes", s.shm_free_bytes},
                   {"low", s.shm_low},
                   {"problem", s.shm_problem.empty() ? ordered_json() : ordered_json(s.shm_problem)}};
  status["queues"] = ordered_json::array();
  for (const QueueStatus& queue : s.queues) status["queues"].push_back(to_json(queue, s.round_finished));
  status["orphans"] = ordered_json::array();
  for (const OrphanStatus& orphan : s.orphans) {
    status["orphans"].push_back(to_json(orphan));
  }
  status["orphans_seen"] = s.orphans_seen;
  status["orphans_complete"] = s.orphans_complete;
  status["orphans_detected"] = s.orphans_detected;
  status["orphans_removed"] = s.orphans_removed;
  status["metrics"] = {{"textfile", s.textfile ? ordered_json(*s.textfile) : ordered_json()},
                       {"textfile_error", s.textfile_error.empty() ? ordered_json() : ordered_json(s.textfile_error)}};
  return status;
}

std::string status_line(const Snapshot& s) {
  std::array<std::size_t, kStates> in_state{};
  for (const QueueStatus& queue : s.queues) ++in_state[static_cast<std::size_t>(queue.state)];
  std::string text = count_of_queues(s.queues.size());
  for (std::size_t k = 0; k < kStates; ++k) {
    if (in_state[k] > 0) text += fmt::format(", {} {}", in_state[k], to_string(static_cast<QueueState>(k)));
  }
  const auto is_blind = [](const QueueStatus& queue) { return queue.blind.has_value(); };
  if (const auto blind = std::ranges::count_if(s.queues, is_blind); blind > 0) text += fmt::format(", {} blind", blind);
  text += fmt::format("; round {} took {:.1f} ms", s.rounds, static_cast<double>(s.round_duration.count()) / 1000);
  if (!s.last_reload_ok) text += "; last reload failed: " + s.last_error.substr(0, s.last_error.find('\n'));
  return text;
}

}  // namespace slickqd
