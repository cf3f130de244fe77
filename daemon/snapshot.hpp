// What one round saw: built once, never changed after, printed by everybody who is asked.
//
// Thread safety: immutable when shared; to_json() is a pure function.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "clock.hpp"
#include "hole_watch.hpp"
#include "queue_state.hpp"
#include "slickq/geometry.hpp"
#include "slickq/holders.hpp"

namespace slickqd {

enum class LagLevel : std::uint8_t { ok, warn, critical };

struct CursorStatus {
  std::string name;                      ///< the part behind the '@'
  std::optional<std::uint64_t> value{};  ///< nothing: there is no such cursor segment
  std::uint64_t lag = 0;                 ///< elements from the cursor to the reserved index
  double lag_percent = 0;                ///< of the ring; above 100 items were lost
  LagLevel level = LagLevel::ok;
  double advance_per_s = 0;
  std::optional<double> overrun_in_s{};  ///< at the present speeds; nothing when it does not fall behind
  std::uint64_t lost = 0;                ///< elements overwritten before it, since this daemon first saw it
};

/// What is known of a queue that is there.
struct QueueNumbers {
  slickq::Geometry geometry;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t reserved = 0;
  std::uint64_t published = 0;
  /// The most that published was since the segment was made or reset: an older hole that is found later takes published
  /// back, but a counter must not fall.
  std::uint64_t published_most = 0;
  std::optional<std::uint64_t> last_published{};
  std::uint64_t unpublished = 0;
  /// False: the slot budget ended before the reserved index; published is a lower bound, the gap unknown.
  bool complete = true;
  bool consistent = true;  ///< false: the ring was lapped while it was read
  double reserved_per_s = 0;
  double published_per_s = 0;
  std::uint64_t laps = 0;              ///< times the ring was written over
  std::optional<double> turnover_s{};  ///< for one lap at the present rate; nothing when nothing flows
  slickq::Holders holders{};
  std::vector<AgedHole> holes{};
};

/// Still has a removed segment that had the queue's name, while another is there now.
struct SplitHolder {
  pid_t pid = 0;
  std::string command;
};

struct QueueStatus {
  std::string name;
  QueueState state = QueueState::missing;
  slickq::Geometry configured;
  std::optional<QueueNumbers> numbers{};
  std::string problem{};  ///< mismatch: what is there instead
  /// For so long nobody could look into it: all the numbers are that old. Nothing: they are of this round.
  std::optional<std::chrono::milliseconds> blind{};
  std::uint64_t repaired = 0;    ///< elements jumped over by this daemon's repairs
  std::string repair_problem{};  ///< why the last repair that was due could not be made
  std::vector<SplitHolder> split_brain{};
  std::vector<CursorStatus> cursors{};
};

struct OrphanStatus {
  std::string name;
  std::uint64_t bytes = 0;
  bool held = false;
  bool due = false;                  ///< the grace time is over
  std::chrono::milliseconds idle{};  ///< unchanged and held by nobody for so long
};

struct Snapshot {
  std::int64_t pid = 0;
  std::string host;  ///< its name, for people
  WallTime started{};
  std::chrono::steady_clock::duration uptime{};  ///< by the clock that nobody sets
  std::chrono::milliseconds interval{};          ///< between two rounds, as they are made
  std::uint64_t rounds = 0;
  WallTime round_at{};
  Monotonic round_finished{};
  std::chrono::microseconds round_duration{};
  std::chrono::microseconds rounds_duration{};  ///< of all rounds together
  std::string config_file;
  WallTime config_loaded{};
  bool last_reload_ok = true;
  WallTime last_reload_at{};  ///< of the last good one; the start, when there was none
  std::string last_error;
  std::string shm_dir;
  std::string shm_problem;  ///< why it cannot be read: then every queue is missing
  std::uint64_t shm_size_bytes = 0;
  std::uint64_t shm_free_bytes = 0;
  bool shm_low = false;
  std::vector<QueueStatus> queues;
  std::vector<OrphanStatus> orphans;   ///< the first of them
  std::uint64_t orphans_seen = 0;      ///< how many there are
  bool orphans_complete = true;        ///< false: there are more than are kept in mind
  std::uint64_t orphans_waiting = 0;   ///< announced, not removed, still unused
  std::uint64_t orphans_detected = 0;  ///< by this daemon, since it started
  std::uint64_t orphans_removed = 0;
  std::optional<std::string> textfile{};  ///< where this snapshot's metrics were written to
  std::string textfile_error{};           ///< why they were not
};

/// The object of GET /v1/status.
nlohmann::ordered_json to_json(const Snapshot& snapshot);
/// One element of its "queues"; `now`: when the round was finished.
nlohmann::ordered_json to_json(const QueueStatus& queue, Monotonic now);
nlohmann::ordered_json to_json(const OrphanStatus& orphan);
/// "3 queues, 1 missing, 1 stalled; round 17 took 0.4 ms", for systemctl status; and why the last reload failed.
std::string status_line(const Snapshot& snapshot);

}  // namespace slickqd
