#include "log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <array>
#include <cstddef>

#include "json_text.hpp"
#include "units.hpp"

namespace slickqd {
namespace {

using nlohmann::ordered_json;

struct LevelRow {
  LogLevel level;
  spdlog::level::level_enum spdlog_level;
  std::string_view name;
};
constexpr std::array kLevelRows{
    LevelRow{LogLevel::debug, spdlog::level::debug, "debug"}, LevelRow{LogLevel::info, spdlog::level::info, "info"},
    LevelRow{LogLevel::warn, spdlog::level::warn, "warn"}, LevelRow{LogLevel::error, spdlog::level::err, "error"}};
static_assert(kLevelRows[static_cast<std::size_t>(LogLevel::error)].level == LogLevel::error &&
                  kLevelRows.size() == static_cast<std::size_t>(LogLevel::error) + 1,
              "one row for each LogLevel, in its order");

const LevelRow& row(LogLevel level) { return kLevelRows[static_cast<std::size_t>(level)]; }

// "stall ticks hole=3 age_ms=2000": the event as a person reads it.
std::string as_text(const ordered_json& line) {
  std::string text = line.value("event", "");
  if (line.contains("queue")) text += fmt::format(" {}", line["queue"].get<std::string>());
  for (const auto& [key, value] : line.items()) {
    if (key == "time" || key == "seq" || key == "event" || key == "queue") continue;
    text += fmt::format(" {}={}", key, value.is_string() ? value.get<std::string>() : json_text(value));
  }
  return one_line(text);
}

}  // namespace

Log::Log(const Clock& clock, bool for_a_person)
    : clock_(clock),
      logger_(std::make_shared<spdlog::logger>("slickqd", std::make_shared<spdlog::sinks::stderr_sink_st>())),
      for_a_person_(for_a_person) {
  logger_->set_pattern("%v");
  logger_->flush_on(spdlog::level::trace);
  configure({});
}

void Log::configure(const LogConfig& config) {
  const bool machine_reads = !for_a_person_ && isatty(STDERR_FILENO) == 0;
  json_ = config.format == LogFormat::json || (config.format == LogFormat::automatic && machine_reads);
  logger_->set_level(row(config.level).spdlog_level);
}

void Log::write(LogLevel level, std::string_view message) {
  const std::string time = format_time(clock_.wall());
  const ordered_json line{{"time", time}, {"level", row(level).name}, {"message", message}};
  logger_->log(row(level).spdlog_level, "{}",
               json_ ? json_text(line) : fmt::format("{} {:5} {}", time, row(level).name, message));
}

void Log::event(EventKind kind, const ordered_json& line) {
  const LevelRow& level = row(is_warning(kind) ? LogLevel::warn : LogLevel::info);
  logger_->log(level.spdlog_level, "{}",
               json_ ? json_text(line) : fmt::format("{} {:5} {}", line.value("time", ""), level.name, as_text(line)));
}

}  // namespace slickqd
