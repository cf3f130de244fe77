// One pass over /proc: which process has which file open or mapped. Internal.
//
// Thread safety: an object belongs to one thread.
// Cost: 25 to 60 us a process, nearly all of it the kernel's. Descriptors are told apart by readlink() first:
// a stat() of what is no file, or lies on a dead network mount, is never made. Processes that end meanwhile
// are left out.
#pragma once

#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "linux/lease.hpp"
#include "linux/proc_lines.hpp"
#include "linux/quarantine.hpp"
#include "slickq/holders.hpp"
#include "slickq/recognise.hpp"

namespace slickq {

struct CloseDir {
  void operator()(DIR* dir) const noexcept { closedir(dir); }
};
using OpenDir = std::unique_ptr<DIR, CloseDir>;

/// The lines of a file of any length, some at a time.
class Lines {
 public:
  explicit Lines(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)), error_(fd_ ? 0 : errno) {}

  int error() const noexcept { return error_; }  ///< 0, or the errno that ended it
  /// Calls `line(text)` for each line of the next read(). False: there are no more.
  template <class Line>
  bool next(Line line) {
    if (error_ != 0) return false;
    std::array<char, 16384> chunk;
    ssize_t got;
    do got = read(fd_.get(), chunk.data(), chunk.size());
    while (got < 0 && errno == EINTR);
    if (got < 0) error_ = errno;
    if (got <= 0) {
      if (got == 0 && !text_.empty()) line(std::string_view(text_));
      return false;
    }
    text_.append(chunk.data(), static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end; (end = text_.find('\n', begin)) != text_.npos; begin = end + 1) {
      line(std::string_view(text_).substr(begin, end - begin));
    }
    text_.erase(0, begin);
    return true;
  }

 private:
  Fd fd_;
  int error_;
  std::string text_;  // a line that has only begun
};

/// Calls `line(text)` for each line of a file. Returns 0, or the errno that ended it.
template <class Line>
int for_each_line(const std::string& path, Line line) {
  Lines lines(path);
  while (lines.next(line)) {
  }
  return lines.error();
}

/// Calls `number(n, dir, name)` for the next entries of a directory, `most` of them, that are plain numbers: the value,
/// the directory's descriptor and the entry's name, for the ...at() calls. False: there are no more; errno says why, 0
/// at the directory's end.
template <class Number>
bool for_next_numbers(DIR* dir, std::size_t most, Number number) {
  for (std::size_t k = 0; k < most; ++k) {
    errno = 0;
    const dirent* entry = readdir(dir);
    if (entry == nullptr) return false;
    const std::string_view name = entry->d_name;
    int value = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
    if (error == std::errc{} && end == name.data() + name.size()) number(value, dirfd(dir), entry->d_name);
  }
  return true;
}

/// For all of them. Returns 0 or errno.
template <class Number>
int for_each_number(const std::string& path, Number number) {
  const OpenDir dir(opendir(path.c_str()));
  if (!dir) return errno;
  while (for_next_numbers(dir.get(), static_cast<std::size_t>(-1), number)) {
  }
  return errno;
}

class ProcPass {
 public:
  ProcPass(std::string_view dir, std::vector<FileId> only) : only_(std::move(only)) {
    std::sort(only_.begin(), only_.end());
    if (dir.empty()) return;
    // /proc shows paths without symbolic links.
    const std::unique_ptr<char, decltype(&std::free)> real(realpath(std::string(dir).c_str(), nullptr), &std::free);
    dir_ = (real ? std::string(real.get()) : std::string(dir)) + "/";
    struct stat facts {};
    if (stat(dir_.c_str(), &facts) == 0) device_ = facts.st_dev;
  }

  HolderMap run() {
    begin();
    step([] { return false; });
    return finish();
  }

  /// Who is there.
  void begin() {
    // Where processes are hidden from us (hidepid) even the first one is, and what we see is not all. Nor is it in a
    // container, whose processes see each other and nobody else.
    map_.complete = access("/proc/1", F_OK) == 0 && sees_all_processes();
    const pid_t self = getpid();
    const int failed = for_each_number("/proc", [&](pid_t pid, int, const char*) {
      if (pid != self) processes_.push_back(pid);
    });
    if (failed != 0) map_.complete = false;
    std::reverse(processes_.begin(), processes_.end());  // the next one is the last
  }

  /// Looks at more of them, or at more of one: a process may have a million descriptors and mappings. The time is asked
  /// for after each kDescriptors of them, or what costs as much. True: that were all.
  bool step(const std::function<bool()>& is_time_up) {
    std::size_t looked = 0;
    while (current_ || !processes_.empty()) {
      if (looked >= kDescriptors) {
        if (is_time_up()) return false;
        looked = 0;
      }
      looked += current_ ? look_on() : look_into_next();
    }
    return true;
  }

  HolderMap finish() {
    add_locks(getpid());
    return std::move(map_);
  }

 private:
  // The number of the first pid namespace is fixed in the kernel (PROC_PID_INIT_INO).
  static bool sees_all_processes() {
    char name[32]{};
    const ssize_t length = readlink("/proc/self/ns/pid", name, sizeof name - 1);
    return length > 0 && std::string_view(name) == "pid:[4026531836]";
  }

  struct Use {
    bool open = false;
    bool mapped = false;
    bool writes = false;
    bool deleted = false;
  };

  // The process that is looked into: first its mappings, then its descriptors.
  struct Current {
    pid_t pid;
    Lines maps;
    bool maps_done = false;
    OpenDir descriptors{};
    bool denied = false;       // some kernels let us list what we may not follow
    std::string path{};        // of the last descriptor of a file of interest
    bool path_noted = false;   // with all that a further one could say
    std::size_t repeated = 0;  // how often that path came again
  };

  static constexpr std::size_t kDescriptors = 2048;  // some 10 ms
  static constexpr std::size_t kPart = 256;
  static constexpr std::size_t kRepeats = 64;
  // What else costs as much as how many descriptors.
  static constexpr std::size_t kCostOfProcess = 4;
  static constexpr std::size_t kCostOfLines = 16;

  std::size_t look_into_next() {
    const pid_t pid = processes_.back();
    processes_.pop_back();
    const std::string process = "/proc/" + std::to_string(pid);
    // A kernel thread has no program, and nothing open or mapped: most processes of an idle machine.
    char program;
    const bool is_thread = readlink((process + "/exe").c_str(), &program, 1) < 0 && errno == ENOENT;
    if (!is_thread) current_.emplace(Current{.pid = pid, .maps = Lines(process + "/maps")});
    return kCostOfProcess;
  }

  std::size_t look_on() {
    Current& now = *current_;
    if (!now.maps_done) {
      now.maps_done = !now.maps.next([&](std::string_view line) { look_at_mapping(now.pid, line); });
      if (!now.maps_done) return kCostOfLines;
      note_failure(now.maps.error());
      now.descriptors.reset(opendir(("/proc/" + std::to_string(now.pid) + "/fd").c_str()));
      if (now.descriptors) return kCostOfLines;
      note_failure(errno);
      current_.reset();
      return kCostOfLines;
    }
    std::size_t looked = 0;
    const bool more = for_next_numbers(now.descriptors.get(), kPart, [&](int, int dir, const char* name) {
      ++looked;
      if (!now.denied) now.denied = !look_at_descriptor(now, dir, name);
    });
    if (!more) note_failure(errno);
    if (now.denied) map_.complete = false;
    if (!more || now.denied) current_.reset();
    return looked;
  }

  // What ended meanwhile uses nothing any more; of everything else, want of descriptors too, nobody knows.
  void note_failure(int error) {
    if (error != 0 && error != ENOENT && error != ESRCH) map_.complete = false;
  }

  void look_at_mapping(pid_t pid, std::string_view text) {
    const auto line = parse_maps_line(text);
    if (!line || !is_wanted(line->file)) return;
    if (only_.empty() && !is_below_dir(line->path)) return;
    const bool deleted =
        line->deleted && !exists(unescape_path(line->path) + std::string(proc_lines::kDeleted), line->file);
    note(line->file, pid, {.mapped = true, .writes = line->writes, .deleted = deleted});
    if (!deleted || !is_new_here(line->file)) return;
    // Its name in map_files is the range of addresses that the line begins with.
    const std::string mapping = "/proc/" + std::to_string(pid) + "/map_files/";
    if (may_be_queue(AT_FDCWD, (mapping + std::string(text.substr(0, text.find(' ')))).c_str())) {
      note_removed(line->file, unescape_path(line->path));
    }
  }

  // False when we may not look at this process's descriptors.
  bool look_at_descriptor(Current& now, int dir, const char* link) {
    std::array<char, PATH_MAX> path;
    const ssize_t length = readlinkat(dir, link, path.data(), path.size());
    if (length < 0) return errno == ENOENT || errno == ESRCH;
    if (length == 0 || path[0] != '/') return true;  // sockets, pipes, anonymous inodes
    std::string_view name{path.data(), static_cast<std::size_t>(length)};
    if (only_.empty() && !is_below_dir(name)) return true;
    // Of twenty thousand duplicates some are as good as all. A few are looked at: in another mount namespace another
    // file may be called so.
    if (now.path_noted && now.path == name && ++now.repeated > kRepeats) return true;
    if (now.path != name) now.repeated = 0;
    now.path_noted = false;
    struct statx facts {};
    constexpr int kFlags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
    if (statx(dir, link, kFlags, STATX_TYPE | STATX_INO | STATX_NLINK, &facts) != 0) return true;
    const FileId file{makedev(facts.stx_dev_major, facts.stx_dev_minor), facts.stx_ino};
    if (!S_ISREG(facts.stx_mode) || !is_wanted(file)) return true;
    struct stat opened {};  // the link's own permission bits say how the descriptor was opened
    if (fstatat(dir, link, &opened, AT_SYMLINK_NOFOLLOW) != 0) return true;
    if ((opened.st_mode & (S_IRUSR | S_IWUSR)) == 0) return true;  // O_PATH: a name, not an open file
    const bool writes = (opened.st_mode & S_IWUSR) != 0;
    note(file, now.pid, {.open = true, .writes = writes, .deleted = facts.stx_nlink == 0});
    now.path = name;
    now.path_noted = writes && facts.stx_nlink > 0;
    if (facts.stx_nlink == 0 && name.ends_with(proc_lines::kDeleted) && is_new_here(file) && may_be_queue(dir, link)) {
      name.remove_suffix(proc_lines::kDeleted.size());
      note_removed(file, std::string(name));
    }
    return true;
  }

  bool is_wanted(FileId file) const { return only_.empty() || std::binary_search(only_.begin(), only_.end(), file); }
  bool is_below_dir(std::string_view path) const { return dir_.empty() || path.starts_with(dir_); }

  static bool exists(const std::string& path, FileId file) {
    struct stat facts {};
    return lstat(path.c_str(), &facts) == 0 && file_id(facts) == file;
  }

  void note(FileId file, pid_t pid, Use use) {
    std::vector<Holder>& holders = map_.files[file];
    // Processes are visited one after the other: the current one is the last, or not there yet.
    if (holders.empty() || holders.back().pid != pid) {
      holders.push_back({.pid = pid, .command = command_of(pid), .access = "read-only"});
    }
    Holder& holder = holders.back();
    if (use.writes) holder.access = "read-write";
    holder.open |= use.open;
    holder.mapped |= use.mapped;
    holder.deleted |= use.deleted;
  }

  // The same path on another file system, as every container has one, is another place.
  bool is_new_here(FileId file) const { return file.device == device_ && !map_.removed.contains(file); }

  // Anybody may call a file of his own as he likes before he removes it. Its bytes say what it was, where we may look;
  // of who keeps us from it by a lease we believe nothing.
  static bool may_be_queue(int dir, const char* link) {
    const Fd fd(openat(dir, link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) return errno != EWOULDBLOCK;
    struct stat facts {};
    if (fstat(fd.get(), &facts) != 0) return false;
    const auto found = recognise_file(fd.get(), static_cast<std::uint64_t>(facts.st_size));
    return found && (found->verdict == Verdict::queue || found->verdict == Verdict::truncated);
  }

  // What was removed by slickq has the quarantine's name. What was made without a name is shown as "#<inode>", whatever
  // it was called later.
  void note_removed(FileId file, const std::string& path) {
    if (dir_.empty() || !path.starts_with(dir_)) return;
    std::string name = path.substr(dir_.size());
    if (name == "#" + std::to_string(file.inode)) return;
    if (name.starts_with(quarantine_prefix())) name = original_name(name, file.inode).value_or(name);
    map_.removed.emplace(file, std::move(name));
  }

  // Peers we may not look into are named by their locks, which everybody may read. A lock line has no path:
  // with a directory it counts when the inode is one of its entries.
  void add_locks(pid_t self) {
    for_each_line("/proc/locks", [&](std::string_view text) {
      const auto line = parse_locks_line(text);
      if (!line || line->pid == self || !is_wanted(line->file) || is_noted(*line)) return;
      if (only_.empty() && !dir_.empty() && !is_entry_of_dir(line->file)) return;
      std::string command = command_of(line->pid);
      if (command.empty()) return;  // it took the lock and ended: a child of it holds it, and is named itself
      map_.files[line->file].push_back(
          {.pid = line->pid, .command = std::move(command), .access = "unknown", .open = true});
    });
  }

  bool is_noted(const LocksLine& line) const {
    const auto& holders = map_.of(line.file);
    return std::any_of(holders.begin(), holders.end(), [&](const Holder& holder) { return holder.pid == line.pid; });
  }

  bool is_entry_of_dir(FileId file) {
    if (file.device != device_) return false;
    if (entries_.empty()) {
      const OpenDir dir(opendir(dir_.c_str()));
      while (const dirent* entry = dir ? readdir(dir.get()) : nullptr) entries_.insert(entry->d_ino);
    }
    return entries_.contains(file.inode);
  }

  // Without control characters: a process may call itself anything.
  static std::string command_of(pid_t pid) {
    std::string command;
    for_each_line("/proc/" + std::to_string(pid) + "/comm", [&](std::string_view line) {
      if (command.empty()) command = line;
    });
    for (char& c : command) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
    return command;
  }

  std::string dir_;
  std::uint64_t device_ = 0;
  std::set<std::uint64_t> entries_;  // inodes in dir_, read when a lock line asks for them
  std::vector<FileId> only_;
  std::vector<pid_t> processes_;  // yet to be looked at
  std::optional<Current> current_;
  HolderMap map_;
};

}  // namespace slickq
