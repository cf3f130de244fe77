// What slickqd is told to do. Keys, defaults and units are documented in config/slickqd.schema.json.
//
// Thread safety: a plain value.
// Invariants of a Config that was returned: every queue has a valid geometry; all segment names (queues and
// "queue@cursor") differ; owners and groups exist; warn <= critical.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "document.hpp"
#include "loopback.hpp"
#include "slickq/geometry.hpp"

namespace slickqd {

enum class OnMismatch : std::uint8_t { keep, fail, recreate_if_idle };
enum class StallAction : std::uint8_t { report, repair };
enum class OrphanAction : std::uint8_t { report, remove };
enum class LogFormat : std::uint8_t { automatic, text, json };
enum class LogLevel : std::uint8_t { debug, info, warn, error };

struct StallPolicy {
  std::chrono::milliseconds after{2000};
  StallAction action = StallAction::report;
};

struct LagPolicy {
  double warn_percent = 50;
  double critical_percent = 90;
};

struct QueueConfig {
  std::string name;
  slickq::Geometry geometry = slickq::Geometry::make(slickq::Layout::slq1, 1, 1);
  mode_t mode = 0660;
  std::optional<uid_t> owner;
  std::optional<gid_t> group;
  bool prefault = false;
  std::vector<std::string> cursors;
  OnMismatch on_mismatch = OnMismatch::fail;
  StallPolicy stall;
  LagPolicy lag;
  bool remove_on_exit = false;
  std::string pointer;  ///< where it stands in the document
};

struct MonitorConfig {
  std::chrono::milliseconds interval{1000};
};

struct OrphanConfig {
  std::vector<std::string> match;  ///< shell patterns of segment names
  std::chrono::milliseconds grace{600'000};
  OrphanAction action = OrphanAction::report;
};

struct ControlConfig {
  std::string socket = "/run/slickq/slickqd.sock";
  mode_t mode = 0660;
  std::optional<gid_t> group;
  friend bool operator==(const ControlConfig&, const ControlConfig&) = default;
};

struct MetricsConfig {
  std::optional<LoopbackAddress> listen;
  std::optional<std::string> textfile;
};

struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::automatic;
};

struct Config {
  std::string shm_dir;
  std::vector<QueueConfig> queues;
  MonitorConfig monitor;
  OrphanConfig orphans;
  ControlConfig control;
  MetricsConfig metrics;
  LogConfig log;
  std::shared_ptr<const Document> source;  ///< places for errors found later (plan, reload)
};

/// Throws ConfigError.
Config load_config(const std::string& file);
Config parse_config(const std::string& file_name, std::string text);

}  // namespace slickqd
