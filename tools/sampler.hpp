// Queues of a directory, looked at once per round: their numbers, and what happened since the round before. What
// `slickq watch` and `slickq top` show.
//
// Thread safety: none. Everything is read by pread; nothing is written, mapped or locked: read permission is enough.
// Invariants: 1. between two rounds no queue is open: an open one would be held by who only looks, and nobody could
// remove it. The segment of the last round is known again by its inode instead. 2. the cost of a round does not grow
// with the rings: a scan goes on where the last one ended, with a budget.
// Losses are counted from what rounds see: an element counts when it was overwritten while a named cursor still stood
// before it, what was overwritten before the first round included. A cursor that was overrun and went on between two
// rounds lost more than is counted, never less.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "slickq/error.hpp"
#include "slickq/repair.hpp"
#include "slickq/scan.hpp"
#include "slickq/view.hpp"

namespace slickq::cli {

using SampleTime = std::chrono::steady_clock::time_point;

struct CursorSample {
  std::string cursor;
  std::uint64_t value = 0;
  std::uint64_t lag = 0;  ///< elements from the cursor to the reserved index
  double lag_percent = 0;
  std::uint64_t lost = 0;
};

struct QueueSample {
  enum class Sight : std::uint8_t { there, gone, unreadable };
  enum class News : std::uint8_t { none, made_anew, reset };

  std::string name;
  std::string path;
  Sight sight = Sight::there;
  News news = News::none;  ///< since the round before
  std::string reason;      ///< unreadable: why there are no numbers

  // Of a queue that is there, else as they were last, if ever.
  std::optional<Geometry> geometry;
  std::uint64_t inode = 0;
  Scan scan;
  std::vector<HoleOwner> hole_owners;  ///< one for each of scan.holes
  std::size_t lasting_holes = 0;       ///< holes that the round before saw, too; in the first round all of them
  std::vector<CursorSample> cursors;   ///< by name
  std::vector<std::string> unreadable_cursors;
  std::uint64_t lost = 0;  ///< by all its cursors
  // Since the round before; nothing in the first one, nor when there is nothing to compare with.
  std::optional<double> published_per_s;
  std::optional<double> lost_per_s;

  bool is_there() const noexcept { return sight == Sight::there; }
  std::uint64_t gap() const noexcept { return scan.reserved - scan.published; }
  /// The one that is farthest behind; null without cursors.
  const CursorSample* worst_cursor() const noexcept;
};

/// How much a person should care.
enum class Concern : std::uint8_t { none, notice, alarm };
Concern concern_of(const QueueSample& sample) noexcept;
/// "ok", "2 holes", "made anew, overrun", "gone", "unreadable: ...".
std::string state_of_sample(const QueueSample& sample);

struct SamplerOptions {
  std::string shm_dir;
  /// Names, globs of the shell, or paths of files with a segment's bytes; none: every queue there is.
  std::vector<std::string> names{};
  std::uint64_t slot_budget = std::uint64_t{1} << 21;  ///< slots that a round reads of one queue at most: 32 MiB
};

class Sampler {
 public:
  /// Throws Error(invalid_argument) for what no segment can be called.
  explicit Sampler(SamplerOptions options);

  /// Sorted by name. Throws Error: the directory cannot be listed; a plain name was never there, or is not a queue.
  /// A queue that went away is told in one round when a glob found it, else in each.
  std::vector<QueueSample> round(SampleTime now);

 private:
  struct CursorTrack {
    std::uint64_t settled = 0;  // below it every element was taken or is counted as lost
    std::uint64_t lost = 0;
  };
  struct Track {
    QueueSample last;
    std::uint64_t published_most = 0;  // a hole that is found late sets the prefix back
    bool behind = true;                // a part of the ring before the frontier was never looked at
    bool seen = false;                 // its numbers, in some round
    bool compares = false;             // with those of the round before
    SampleTime at{};
    std::map<std::string, CursorTrack> cursors;
  };
  struct Directory {
    std::vector<std::string> names;                                       // no cursors among them
    std::map<std::string, std::map<std::string, std::uint64_t>> cursors;  // queue, cursor, value
    std::map<std::string, std::vector<std::string>> unreadable;           // queue, cursors
  };

  Directory list() const;
  View open(const std::string& name) const;
  bool is_plain(const std::string& name) const;
  bool is_wanted(const std::string& name) const;
  std::optional<QueueSample> look(const std::string& name, const Directory& directory, SampleTime now);
  std::optional<QueueSample> look_away(const std::string& name, const Error& error);
  QueueSample measure(Track& track, const View& view, SampleTime now) const;
  std::uint64_t choose_frontier(Track& track, std::uint64_t reserved, std::uint64_t capacity) const;
  static void measure_cursors(Track& track, QueueSample& sample, const std::map<std::string, std::uint64_t>& cursors);

  SamplerOptions options_;
  std::map<std::string, Track> tracks_;
};

}  // namespace slickq::cli
