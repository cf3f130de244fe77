#include "status.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

#include "file.hpp"
#include "metrics.hpp"
#include "slickq/error.hpp"

namespace slickq::bridge {
namespace {

using nlohmann::ordered_json;
constexpr auto kInterval = std::chrono::seconds(1);

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// When the process began, in ticks since boot: with the pid it names a process for good. 0: there is none.
std::uint64_t start_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string stat{std::istreambuf_iterator<char>(file), {}};
  const std::size_t name_end = stat.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return 0;
  const char* at = stat.c_str() + name_end + 1;
  for (int field = 3; field <= 22 && at != nullptr; ++field) {
    at = std::strchr(at, ' ');
    if (at != nullptr) ++at;
  }
  return at == nullptr ? 0 : std::strtoull(at, nullptr, 10);
}

const char* directory(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

std::string default_status_file(Direction direction, const std::string& queue, const std::string& shm_dir) {
  const std::string name = fmt::format("{}-{}.json", to_string(direction), queue);
  for (const char* variable : {"RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"}) {
    // systemd may name several, with colons between them.
    if (const char* value = directory(variable)) {
      return fmt::format("{}/slickq-bridge-{}", std::string(value, std::strcspn(value, ":")), name);
    }
  }
  return fmt::format("{}/.slickq-bridge.{}", shm_dir, name);
}

Status::Status(Direction direction, std::string queue, std::string server, std::string stream, std::string subject,
               StatusPlaces places)
    : direction_(direction),
      queue_(std::move(queue)),
      server_(std::move(server)),
      stream_(std::move(stream)),
      subject_(std::move(subject)),
      places_(std::move(places)),
      since_(now_ms()) {
  write();
  notify_.ready();
}

void Status::set(State state, const std::string& detail) {
  if (state == state_ && detail == detail_) return tick();
  if (state != state_) since_ = now_ms();
  state_ = state;
  detail_ = detail;
  tell(detail.empty() ? std::string(to_string(state)) : fmt::format("{}: {}", to_string(state), detail));
  if (state == State::draining) notify_.stopping();
  write();
}

void Status::tell(const std::string& text) const {
  std::fputs(fmt::format("slickq-bridge: {} {}: {}\n", to_string(direction_), queue_, text).c_str(), stderr);
}

void Status::tick() {
  if (std::chrono::steady_clock::now() - written_ >= kInterval) write();
}

void Status::finish() {
  set(State::stopped, detail_);
  if (!places_.metrics_file.empty()) unlink(places_.metrics_file.c_str());
}

ordered_json Status::json() const {
  return {{"schema", "slickq.bridge/1"},
          {"direction", to_string(direction_)},
          {"queue", queue_},
          {"server", server_},
          {"stream", stream_},
          {"subject", subject_},
          {"state", to_string(state_)},
          {"detail", detail_},
          {"since_ms", since_},
          {"updated_ms", now_ms()},
          {"pid", getpid()},
          {"process_start", start_of(getpid())},
          {"position", position},
          {"lag_elements", lag.elements},
          {"lag_messages", lag.messages},
          {"items", counters.items},
          {"bytes", counters.bytes},
          {"messages", counters.messages},
          {"acks", counters.acks},
          {"gaps", counters.gaps},
          {"lost", counters.lost},
          {"oversize", counters.oversize},
          {"epochs", counters.epochs},
          {"reconnects", counters.reconnects},
          {"repeated", counters.repeated},
          {"doubtful", counters.doubtful}};
}

void Status::write() {
  written_ = std::chrono::steady_clock::now();
  const ordered_json told = json();
  int error =
      replace_file(places_.status_file, told.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  std::string failed = error == 0 ? "" : places_.status_file;
  if (!places_.metrics_file.empty() && state_ != State::stopped) {
    const int metrics_error = replace_file(places_.metrics_file, metrics_text(told));
    if (metrics_error != 0) failed = places_.metrics_file, error = metrics_error;
  }
  // Said once, not each second; the bridge goes on.
  if (error != 0 && !complained_) tell(fmt::format("cannot write {}: {}", failed, std::strerror(error)));
  complained_ = error != 0;
  notify_.alive(detail_.empty() ? to_string(state_) : detail_);
}

cli::Exit print_status(const std::string& path, bool as_json) {
  const auto text = read_file(path);
  if (!text) {
    throw system_failure(path, "no state of a bridge", errno,
                         "is it running, and with the same --status-file or environment?");
  }
  ordered_json told = ordered_json::parse(*text, nullptr, false);
  if (!told.is_object() || told.value("schema", "") != "slickq.bridge/1") {
    throw Error(Errc::corrupt, path, "this is not the state of a bridge");
  }
  const std::int64_t age = now_ms() - told.value("updated_ms", std::int64_t{0});
  const auto started = told.value("process_start", std::uint64_t{0});
  const bool alive = started != 0 && start_of(told.value("pid", 0)) == started;
  constexpr std::int64_t kStaleMs = 10000;
  const char* process = !alive ? "gone" : age > kStaleMs ? "stale" : "alive";
  told["process"] = process;
  told["age_ms"] = age;
  std::string out;
  if (as_json) {
    out = told.dump() + "\n";
  } else {
    for (const auto& [key, value] : told.items()) {
      out += fmt::format("{:14}{}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  std::fputs(out.c_str(), stdout);
  if (std::fflush(stdout) != 0) throw system_failure("standard output", "cannot write", errno);
  return alive && age <= kStaleMs && told.value("state", "") == "running" ? cli::Exit::ok : cli::Exit::condition;
}

}  // namespace slickq::bridge
