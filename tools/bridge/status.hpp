// What a bridge tells of itself while it runs: a JSON file ("slickq.bridge/1"), metrics in a file for node_exporter's
// textfile collector, a line on stderr for each change, and systemd.
//
// Thread safety: one thread.
// Who reads a file sees one moment, whole. A bridge that was killed leaves its last file: --status tells that the
// process is gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "notify.hpp"
#include "trouble.hpp"

namespace slickq::bridge {

enum class Direction : std::uint8_t { out, in };
constexpr std::string_view to_string(Direction direction) noexcept {
  return direction == Direction::out ? "out" : "in";
}

/// Since the process began.
struct Counters {
  std::uint64_t items = 0;  ///< out: acknowledged by the stream; in: delivered into the queue
  std::uint64_t bytes = 0;  ///< of elements
  std::uint64_t messages = 0;
  std::uint64_t acks = 0;        ///< out: received; in: sent
  std::uint64_t gaps = 0;        ///< places where elements are missing
  std::uint64_t lost = 0;        ///< elements missing there
  std::uint64_t oversize = 0;    ///< items larger than a message may be, counted in lost, too
  std::uint64_t epochs = 0;      ///< times that another source queue, or a reset one, began
  std::uint64_t reconnects = 0;  ///< sessions but the first
  std::uint64_t repeated = 0;    ///< in: messages that were there already, left out
  std::uint64_t doubtful = 0;    ///< in: items of which nobody knows whether readers saw them
};

struct Lag {
  std::uint64_t elements = 0;  ///< out: in the queue, not acknowledged by the stream
  std::uint64_t messages = 0;  ///< out: under way; in: in the stream, not delivered
};

struct StatusPlaces {
  std::string status_file;
  std::string metrics_file;  ///< empty: none
};

/// Where the state of a bridge is kept unless said otherwise: in RUNTIME_DIRECTORY, XDG_RUNTIME_DIR or the shm
/// directory.
std::string default_status_file(Direction direction, const std::string& queue, const std::string& shm_dir);

class Status {
 public:
  Status(Direction direction, std::string queue, std::string server, std::string stream, std::string subject,
         StatusPlaces places);
  Status(const Status&) = delete;
  Status& operator=(const Status&) = delete;

  Counters counters;
  Lag lag;
  std::uint64_t position = 0;  ///< out: index of the queue; in: sequence of the stream

  /// Written at once when it is another one.
  void set(State state, const std::string& detail = {});
  State state() const noexcept { return state_; }
  /// A line on stderr, beside the states: what was lost, what began.
  void tell(const std::string& text) const;
  /// Call often: writes once a second.
  void tick();
  /// The last file, and the metrics are taken away: old numbers must not pass for new ones.
  void finish();

  nlohmann::ordered_json json() const;

 private:
  void write();

  Direction direction_;
  std::string queue_;
  std::string server_;
  std::string stream_;
  std::string subject_;
  StatusPlaces places_;
  Notify notify_;
  State state_ = State::connecting;
  std::string detail_;
  std::int64_t since_ = 0;
  bool complained_ = false;
  std::chrono::steady_clock::time_point written_{};
};

/// Prints the state that a status file tells, as JSON or text, and whether its process lives.
cli::Exit print_status(const std::string& path, bool as_json);

}  // namespace slickq::bridge
