#include "sampler.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>
#include <utility>

#include "ring_walk.hpp"
#include "slickq/glob.hpp"
#include "slickq/names.hpp"
#include "source.hpp"
#include "values.hpp"

namespace slickq::cli {
namespace {

constexpr std::size_t kCursorFileBytes = sizeof(std::uint64_t);

bool is_glob(const std::string& name) { return !is_path(name) && name.find_first_of("*?[") != std::string::npos; }

struct CloseSampledDirectory {
  void operator()(DIR* directory) const noexcept { closedir(directory); }
};

std::vector<std::string> sorted_files_of(const std::string& path) {
  const std::unique_ptr<DIR, CloseSampledDirectory> open(opendir(path.c_str()));
  if (!open) {
    throw system_failure(path, "cannot list the shm directory", errno,
                         errno == ENOENT ? "choose another by --shm-dir or SLICKQ_SHM_DIR" : "");
  }
  std::vector<std::string> names;
  while (const dirent* entry = readdir(open.get())) {
    const std::string_view name = entry->d_name;
    const bool file = entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN;
    if (file && !name.starts_with(kPrivatePrefix)) names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

enum class CursorRead : std::uint8_t { value, unreadable, no_cursor };

// By pread, not mapped: somebody who truncates the file must not take us down by SIGBUS.
CursorRead read_cursor_file(const std::string& path, std::uint64_t& value) {
  struct stat facts {};
  if (lstat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size != kCursorFileBytes) {
    return CursorRead::no_cursor;
  }
  const int fd = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return CursorRead::unreadable;
  const ssize_t got = pread(fd, &value, sizeof value, 0);
  close(fd);
  return got == ssize_t{kCursorFileBytes} ? CursorRead::value : CursorRead::unreadable;
}

std::size_t count_lasting(const Scan& before, const Scan& after) {
  return static_cast<std::size_t>(
      std::ranges::count_if(after.holes, [&](const Hole& hole) { return hole_at(before, hole.index) != nullptr; }));
}

bool is_overrun(const QueueSample& sample) noexcept {
  const CursorSample* worst = sample.worst_cursor();
  return worst != nullptr && worst->lag > sample.geometry->capacity();
}

bool has_cursor_ahead(const QueueSample& sample) noexcept {
  return std::ranges::any_of(sample.cursors, [&](const CursorSample& c) { return c.value > sample.scan.reserved; });
}

// What may be said of a queue that is there, the most urgent last.
struct Remark {
  Concern concern;
  bool (*applies)(const QueueSample&) noexcept;
  std::string (*text)(const QueueSample&);
};
constexpr Remark kRemarks[] = {
    {Concern::notice, [](const QueueSample& s) noexcept { return s.news == QueueSample::News::made_anew; },
     [](const QueueSample&) -> std::string { return "made anew"; }},
    {Concern::notice, [](const QueueSample& s) noexcept { return s.news == QueueSample::News::reset; },
     [](const QueueSample&) -> std::string { return "reset"; }},
    {Concern::none, [](const QueueSample& s) noexcept { return !s.scan.consistent; },
     [](const QueueSample&) -> std::string { return "inconsistent"; }},
    {Concern::notice, [](const QueueSample& s) noexcept { return !s.unreadable_cursors.empty(); },
     [](const QueueSample& s) {
       const std::size_t count = s.unreadable_cursors.size();
       return count == 1 ? fmt::format("cursor {} unreadable", s.unreadable_cursors.front())
                         : fmt::format("{} cursors unreadable", count);
     }},
    {Concern::notice, has_cursor_ahead, [](const QueueSample&) -> std::string { return "cursor ahead"; }},
    {Concern::notice, [](const QueueSample& s) noexcept { return s.lasting_holes > 0; },
     [](const QueueSample& s) { return count_of(s.lasting_holes, "hole"); }},
    {Concern::alarm, is_overrun, [](const QueueSample&) -> std::string { return "overrun"; }},
};

}  // namespace

const CursorSample* QueueSample::worst_cursor() const noexcept {
  const auto worst = std::ranges::max_element(cursors, {}, &CursorSample::lag);
  return worst == cursors.end() ? nullptr : &*worst;
}

Concern concern_of(const QueueSample& sample) noexcept {
  if (!sample.is_there()) return Concern::alarm;
  Concern gravest = Concern::none;
  for (const Remark& remark : kRemarks) {
    if (remark.applies(sample)) gravest = std::max(gravest, remark.concern);
  }
  return gravest;
}

std::string state_of_sample(const QueueSample& sample) {
  if (sample.sight == QueueSample::Sight::gone) return "gone";
  if (sample.sight == QueueSample::Sight::unreadable) return "unreadable: " + sample.reason;
  std::string text;
  for (const Remark& remark : kRemarks) {
    if (remark.applies(sample)) text += (text.empty() ? "" : ", ") + remark.text(sample);
  }
  return text.empty() ? "ok" : text;
}

Sampler::Sampler(SamplerOptions options) : options_(std::move(options)) {
  for (std::string& name : options_.names) {
    if (!is_path(name)) name = segment_name(name);
  }
}

std::vector<QueueSample> Sampler::round(SampleTime now) {
  const Directory directory = list();
  std::set<std::string> names;
  for (const std::string& name : directory.names) {
    if (is_wanted(name)) names.insert(name);
  }
  for (const std::string& name : options_.names) {
    if (!is_glob(name)) names.insert(name);
  }
  for (const auto& [name, track] : tracks_) names.insert(name);

  std::vector<QueueSample> samples;
  for (const std::string& name : names) {
    if (auto sample = look(name, directory, now)) samples.push_back(*std::move(sample));
  }
  return samples;
}

Sampler::Directory Sampler::list() const {
  Directory directory;
  for (std::string& name : sorted_files_of(options_.shm_dir)) {
    if (const auto parts = split_cursor_name(name)) {
      std::uint64_t value = 0;
      const CursorRead read = read_cursor_file(options_.shm_dir + "/" + name, value);
      if (read == CursorRead::unreadable) directory.unreadable[parts->queue].push_back(parts->cursor);
      if (read == CursorRead::value) directory.cursors[parts->queue][parts->cursor] = value;
      if (read != CursorRead::no_cursor) continue;
    }
    directory.names.push_back(std::move(name));
  }
  return directory;
}

View Sampler::open(const std::string& name) const {
  return is_path(name) ? View::open_file(name) : View::open_segment(name, options_.shm_dir);
}

bool Sampler::is_plain(const std::string& name) const { return std::ranges::count(options_.names, name) != 0; }

bool Sampler::is_wanted(const std::string& name) const {
  return options_.names.empty() || is_plain(name) || matches_any(options_.names, name);
}

std::optional<QueueSample> Sampler::look(const std::string& name, const Directory& directory, SampleTime now) {
  try {
    const View view = open(name);
    Track& track = tracks_[name];
    QueueSample sample = measure(track, view, now);
    const auto cursors = directory.cursors.find(name);
    measure_cursors(track, sample,
                    cursors == directory.cursors.end() ? std::map<std::string, std::uint64_t>{} : cursors->second);
    const auto unreadable = directory.unreadable.find(name);
    if (unreadable != directory.unreadable.end()) sample.unreadable_cursors = unreadable->second;
    if (track.compares) {
      const double seconds = std::chrono::duration<double>(now - track.at).count();
      if (seconds > 0) sample.lost_per_s = static_cast<double>(sample.lost - track.last.lost) / seconds;
    }
    track.seen = track.compares = true;
    track.at = now;
    track.last = sample;
    return sample;
  } catch (const Error& error) {
    return look_away(name, error);
  }
}

// There is nothing to measure: what is to be told instead?
std::optional<QueueSample> Sampler::look_away(const std::string& name, const Error& error) {
  auto track = tracks_.find(name);
  const bool known = track != tracks_.end();
  // Somebody asks the kernel about the segment just now: the numbers of the round before will do.
  if (error.code() == Errc::busy && known && track->second.seen) return track->second.last;
  if (error.code() == Errc::busy) return std::nullopt;

  const bool gone = error.code() == Errc::not_found;
  const bool refused = error.code() == Errc::permission;
  if (!known) {
    if (is_plain(name) && !is_glob(name) && (gone || error.code() == Errc::corrupt)) throw error;
    // Like `list`, without names we tell only of queues, and this one may be anything.
    if (gone || options_.names.empty() || (!refused && !is_plain(name))) return std::nullopt;
    track = tracks_.try_emplace(name).first;
  }
  Track& lost_sight = track->second;
  lost_sight.compares = false;
  QueueSample sample = lost_sight.last;
  sample.name = name;
  sample.path = is_path(name) ? name : segment_path(options_.shm_dir, name);
  sample.news = QueueSample::News::none;
  sample.published_per_s = sample.lost_per_s = std::nullopt;
  sample.sight = gone ? QueueSample::Sight::gone : QueueSample::Sight::unreadable;
  sample.reason = gone ? "" : error.cause();
  if (gone && !is_plain(name)) {
    tracks_.erase(track);
  } else {
    lost_sight.last = sample;
  }
  return sample;
}

QueueSample Sampler::measure(Track& track, const View& view, SampleTime now) const {
  QueueSample sample;
  sample.name = view.name();
  sample.path = view.path();
  sample.geometry = view.geometry();
  sample.inode = view.facts().inode;
  const std::uint64_t reserved = view.reserved_index();
  if (track.seen && sample.inode != track.last.inode) {
    sample.news = QueueSample::News::made_anew;
  } else if (track.seen && reserved < track.last.scan.reserved) {
    sample.news = QueueSample::News::reset;
  }
  if (sample.news != QueueSample::News::none) {
    // What was taken of the old ring says nothing about the new one; what was lost stays lost.
    for (auto& [name, cursor] : track.cursors) cursor.settled = 0;
    track.published_most = 0;
    track.behind = true;
    track.compares = false;
  }
  ScanOptions scanning;
  scanning.frontier = choose_frontier(track, reserved, view.geometry().capacity());
  scanning.slot_budget = options_.slot_budget;
  sample.scan = scan(view, scanning);
  if (!sample.scan.consistent) track.behind = true;
  if (!sample.scan.holes.empty()) sample.hole_owners = owners_of(view, sample.scan.holes);
  sample.lasting_holes = track.compares ? count_lasting(track.last.scan, sample.scan) : sample.scan.holes.size();

  const std::uint64_t before = track.published_most;
  track.published_most = std::max(before, sample.scan.published);
  const double seconds = std::chrono::duration<double>(now - track.at).count();
  if (track.compares && seconds > 0) {
    sample.published_per_s = static_cast<double>(track.published_most - before) / seconds;
  }
  return sample;
}

// Where the scan goes on. A ring that lapped since the last round holds no hole older than that round, so only the
// current lap is read, which begins at a multiple of the capacity: no item straddles the end. Once the ring is slower
// again, the part before that is made up for in one full scan.
std::uint64_t Sampler::choose_frontier(Track& track, std::uint64_t reserved, std::uint64_t capacity) const {
  const Scan& last = track.last.scan;
  if (track.compares && reserved - last.reserved >= capacity) {
    track.behind = true;
    return reserved / capacity * capacity;
  }
  if (track.behind || !track.compares) {
    track.behind = false;
    return kNoIndex;
  }
  return last.published;
}

void Sampler::measure_cursors(Track& track, QueueSample& sample, const std::map<std::string, std::uint64_t>& cursors) {
  const std::uint64_t reserved = sample.scan.reserved;
  const std::uint64_t capacity = sample.geometry->capacity();
  const std::uint64_t oldest = reserved > capacity ? reserved - capacity : 0;
  for (const auto& [name, value] : cursors) {
    CursorTrack& cursor = track.cursors[name];
    cursor.settled = std::max(cursor.settled, value);
    if (oldest > cursor.settled) cursor.lost += oldest - std::exchange(cursor.settled, oldest);
    const std::uint64_t lag = reserved > value ? reserved - value : 0;
    const double percent = 100.0 * static_cast<double>(lag) / static_cast<double>(capacity);
    sample.cursors.push_back({name, value, lag, percent, cursor.lost});
  }
  for (const auto& [name, cursor] : track.cursors) sample.lost += cursor.lost;
}

}  // namespace slickq::cli
