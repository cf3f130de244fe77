// Reading lines of /proc/PID/maps and /proc/locks.
//
// Thread safety: pure functions.
// Hostile input: file names are chosen by other users. Any bytes give an answer, never more than the line.
#pragma once

#include <sys/sysmacros.h>
#include <sys/types.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "slickq/holders.hpp"

namespace slickq {

namespace proc_lines {

inline constexpr std::string_view kDeleted = " (deleted)";

/// Takes fields off the front of a line. Once a field was not what was asked for, all further ones fail too.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  template <class Number>
  bool number(Number& value, int base) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, base);
    if (error != std::errc{}) return fail();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }
  bool literal(char expected) {
    if (rest_.empty() || rest_.front() != expected) return fail();
    rest_.remove_prefix(1);
    return true;
  }
  bool text(std::string_view& value, std::size_t length) {
    if (rest_.size() < length) return fail();
    value = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }
  /// The next run of bytes that are not spaces; spaces before it are skipped.
  bool word(std::string_view& value) {
    skip_spaces();
    return text(value, std::min(rest_.find(' '), rest_.size())) && !value.empty();
  }
  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size())); }
  std::string_view rest() const { return rest_; }

 private:
  bool fail() {
    rest_ = {};
    return false;
  }
  std::string_view rest_;
};

}  // namespace proc_lines

/// One mapping of a file.
struct MapsLine {
  FileId file;
  bool writes = false;    ///< shared and writable: what it writes reaches the file
  bool deleted = false;   ///< the path ends in " (deleted)"; a file may really be called so
  std::string_view path;  ///< part of the line, as the kernel wrote it (see unescape_path), without " (deleted)"
};

/// "7f00-7f10 rw-s 00000000 00:1a 123      /dev/shm/q". Nothing for garbage and for mappings of no file.
inline std::optional<MapsLine> parse_maps_line(std::string_view line) {
  proc_lines::Fields fields(line);
  std::uint64_t begin = 0, end = 0, offset = 0;
  unsigned major_number = 0, minor_number = 0;
  std::string_view permissions;
  MapsLine result;
  const bool sound = fields.number(begin, 16) && fields.literal('-') && fields.number(end, 16) && fields.literal(' ') &&
                     fields.text(permissions, 4) && fields.literal(' ') && fields.number(offset, 16) &&
                     fields.literal(' ') && fields.number(major_number, 16) && fields.literal(':') &&
                     fields.number(minor_number, 16) && fields.literal(' ') && fields.number(result.file.inode, 10);
  if (!sound || result.file.inode == 0) return std::nullopt;
  fields.skip_spaces();
  result.path = fields.rest();
  if (!result.path.starts_with('/')) return std::nullopt;  // "[heap]" and its like
  result.file.device = makedev(major_number, minor_number);
  result.writes = permissions[1] == 'w' && permissions[3] == 's';
  result.deleted = result.path.ends_with(proc_lines::kDeleted);
  if (result.deleted) result.path.remove_suffix(proc_lines::kDeleted.size());
  return result;
}

/// The kernel writes a newline in a path as \012, and nothing else in another way than it is.
inline std::string unescape_path(std::string_view raw) {
  constexpr std::string_view kNewline = "\\012";
  std::string path;
  path.reserve(raw.size());
  while (!raw.empty()) {
    const bool newline = raw.starts_with(kNewline);
    path += newline ? '\n' : raw.front();
    raw.remove_prefix(newline ? kNewline.size() : 1);
  }
  return path;
}

/// A shared flock that somebody holds.
struct LocksLine {
  FileId file;
  pid_t pid = 0;  ///< who took it; a child that inherited it may be the one alive
};

/// "1: FLOCK  ADVISORY  READ 4711 00:1a:123 0 EOF". Nothing for other kinds of lock, for those that only wait
/// ("1: -> FLOCK ..."), and for exclusive ones: these belong to askers and removers, not to users.
inline std::optional<LocksLine> parse_locks_line(std::string_view line) {
  proc_lines::Fields fields(line);
  std::string_view number, kind, advisory, access;
  LocksLine result;
  unsigned major_number = 0, minor_number = 0;
  if (!fields.word(number) || !fields.word(kind) || kind != "FLOCK") return std::nullopt;
  if (!fields.word(advisory) || !fields.word(access) || access != "READ") return std::nullopt;
  fields.skip_spaces();
  const bool sound = fields.number(result.pid, 10) && fields.literal(' ') && fields.number(major_number, 16) &&
                     fields.literal(':') && fields.number(minor_number, 16) && fields.literal(':') &&
                     fields.number(result.file.inode, 10);
  if (!sound || result.pid <= 0) return std::nullopt;
  result.file.device = makedev(major_number, minor_number);
  return result;
}

}  // namespace slickq
