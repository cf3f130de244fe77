// What the daemon's tests share: a clock they move themselves, and a supervisor on a private shm directory.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clock.hpp"
#include "config.hpp"
#include "probe.hpp"
#include "supervisor.hpp"
#include "support/shm_dir.hpp"

namespace daemon_test {

using nlohmann::ordered_json;
using std::chrono::milliseconds;

/// Moves only when told; or each question takes its time, so that budgets end.
class FakeClock : public slickqd::Clock {
 public:
  milliseconds per_question{0};
  slickqd::Monotonic monotonic() const override { return monotonic_ += per_question; }
  slickqd::WallTime wall() const override { return wall_; }
  void advance(milliseconds by) {
    monotonic_ += by;
    wall_ += by;
  }
  /// Somebody sets the time of day.
  void jump(std::chrono::hours by) { wall_ += by; }

 private:
  mutable slickqd::Monotonic monotonic_{std::chrono::hours(1)};
  slickqd::WallTime wall_{std::chrono::seconds(1'800'000'000)};
};

/// As long as it lives, this process may open nothing: EMFILE.
class NoFiles {
 public:
  NoFiles() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{0, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  NoFiles(const NoFiles&) = delete;
  NoFiles& operator=(const NoFiles&) = delete;
  ~NoFiles() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

/// A supervisor, its shm directory and its config file; `queues` and `rest` are JSON text.
class World {
 public:
  explicit World(const std::string& queues = "[]", const std::string& rest = "") { write_config(queues, rest); }

  void write_config(const std::string& queues, const std::string& rest = "") {
    write_text("{\"shm_dir\": \"" + shm.path() + "\", \"queues\": " + queues + (rest.empty() ? "" : ", " + rest) + "}");
  }
  void write_text(const std::string& text) { std::ofstream(config_file) << text; }

  slickqd::Supervisor& start() {
    supervisor = std::make_unique<slickqd::Supervisor>(slickqd::load_config(config_file), clock, nullptr,
                                                       [this](const std::string&) { return space; });
    supervisor->start();
    return *supervisor;
  }
  void round(milliseconds later = milliseconds(1000)) {
    clock.advance(later);
    supervisor->round();
  }

  /// "event queue" of everything that happened, oldest first.
  std::vector<std::string> happened() const {
    std::vector<std::string> all;
    for (const ordered_json& line : supervisor->events().newest()) {
      std::string what = line.value("event", "");
      if (line.contains("queue")) what.append(1, ' ').append(line.value("queue", ""));
      all.push_back(std::move(what));
    }
    return all;
  }
  std::size_t count(const std::string& what) const {
    const auto all = happened();
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), what));
  }
  ordered_json last_event() const { return supervisor->events().newest().back(); }
  ordered_json status() const { return slickqd::to_json(*supervisor->snapshot()); }
  ordered_json queue_status(std::size_t k = 0) const { return status()["queues"][k]; }

  test_support::ShmDir shm;
  test_support::ShmDir etc;  // the config file must not lie among the segments
  std::string config_file = etc.file("slickqd.json");
  FakeClock clock;
  std::optional<slickqd::ShmSpace> space = slickqd::ShmSpace{1 << 30, 1 << 30};  ///< what the file system tells
  std::unique_ptr<slickqd::Supervisor> supervisor;
};

}  // namespace daemon_test
