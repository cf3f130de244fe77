// Looking at a file that may be anything: what kind it is, its facts, its bytes. Internal.
//
// Thread safety: pure functions on arguments. Nothing is mapped or written.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "slickq/error.hpp"
#include "slickq/view.hpp"

namespace slickq {

/// What a file that is not a regular one is, with its article; empty for a regular file.
inline std::string_view special_kind(mode_t mode) noexcept {
  switch (mode & S_IFMT) {
    case S_IFREG: return {};
    case S_IFDIR: return "a directory";
    case S_IFIFO: return "a FIFO";
    case S_IFSOCK: return "a socket";
    case S_IFLNK: return "a symbolic link (never followed)";
    case S_IFBLK: return "a block device";
    case S_IFCHR: return "a character device";
    default: return "a file of unknown kind";
  }
}

/// Throws Error(corrupt) with what `name` is when it is not a regular file.
inline void require_regular(const struct stat& facts, const std::string& name) {
  const std::string_view kind = special_kind(facts.st_mode);
  if (!kind.empty()) throw Error(Errc::corrupt, name, "not a segment: " + std::string(kind));
}

inline FileFacts facts_of(const struct stat& s) noexcept {
  FileFacts facts;
  facts.bytes = static_cast<std::uint64_t>(s.st_size);
  facts.resident_bytes = static_cast<std::uint64_t>(s.st_blocks) * 512;
  facts.inode = s.st_ino;
  facts.device = s.st_dev;
  facts.links = static_cast<std::uint32_t>(s.st_nlink);
  facts.mode = s.st_mode & 07777;
  facts.owner = s.st_uid;
  facts.group = s.st_gid;
  facts.changed = s.st_ctim;
  return facts;
}

/// pread until `bytes` are there or the file ends; returns how many came, or -1 with errno.
inline ssize_t read_fully(int fd, void* to, std::size_t bytes, std::uint64_t offset) noexcept {
  std::size_t have = 0;
  while (have < bytes) {
    const ssize_t got = pread(fd, static_cast<std::byte*>(to) + have, bytes - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(have);
}

/// Why it is not a queue; a half-made one with how long nobody has changed its size or owner.
inline std::string explain(const Recognition& found, const FileFacts& facts) {
  if (found.verdict != Verdict::initialising) return found.problem;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const auto age = now.tv_sec > facts.changed.tv_sec ? now.tv_sec - facts.changed.tv_sec : 0;
  return found.problem + " (the file was created or resized " + std::to_string(age) + " s ago)";
}

}  // namespace slickq
