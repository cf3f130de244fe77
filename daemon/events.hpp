// What happened, one JSON line each: kept in memory (the newest kCapacity) and handed to a sink (the log).
//
// Thread safety: none; everything in the daemon happens on one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "clock.hpp"

namespace slickqd {

enum class EventKind : std::uint8_t {
  created,
  adopted,
  mismatch,
  vanished,
  recreated,
  stall,
  repaired,
  orphan_found,
  orphan_removed,
  lag_warn,
  lag_critical,
  overrun_soon,
  loss,
  split_brain,
  shm_low,
  reload_ok,
  reload_failed
};
std::string_view to_string(EventKind kind) noexcept;
/// Is it a warning rather than news?
bool is_warning(EventKind kind) noexcept;

/// Something to record; the log adds the time.
struct News {
  EventKind kind;
  std::string queue;               ///< segment name, empty when it is about the daemon
  nlohmann::ordered_json details;  ///< an object, or null for none
};

class EventLog {
 public:
  static constexpr std::size_t kCapacity = 1000;
  using Sink = std::function<void(EventKind, const nlohmann::ordered_json& line)>;

  EventLog(const Clock& clock, Sink sink) : clock_(clock), sink_(std::move(sink)) {}

  /// A text in its details is cut after 600 bytes.
  void record(const News& news);
  /// Oldest first: {"time", "seq", "event", "queue", ...details}. `seq` counts from 1 when slickqd starts, so that
  /// who follows knows what he missed.
  const std::deque<nlohmann::ordered_json>& newest() const noexcept { return lines_; }

 private:
  const Clock& clock_;
  Sink sink_;
  std::deque<nlohmann::ordered_json> lines_;
  std::uint64_t recorded_ = 0;
};

}  // namespace slickqd
