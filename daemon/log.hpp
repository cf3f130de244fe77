// The log: on stderr, as JSON lines or as text for a person.
//
// Thread safety: as a spdlog logger with a single-threaded sink: one thread.
// An event is one JSON line of its own keys; any other line is {"time", "level", "message"}.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "clock.hpp"
#include "config.hpp"
#include "events.hpp"

namespace spdlog {
class logger;
}

namespace slickqd {

class Log {
 public:
  /// `for_a_person`: `automatic` means text wherever stderr goes (--foreground).
  Log(const Clock& clock, bool for_a_person);

  /// `automatic` is text on a terminal and JSON everywhere else.
  void configure(const LogConfig& config);

  void write(LogLevel level, std::string_view message);
  void event(EventKind kind, const nlohmann::ordered_json& line);

 private:
  const Clock& clock_;
  std::shared_ptr<spdlog::logger> logger_;
  bool for_a_person_;
  bool json_ = false;
};

}  // namespace slickqd
