// Open-file-description locks (Linux 3.15): byte-range locks that belong to the open file and not to the process.
#include "slickq/journal_lock.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>

#include "slickq/annex.hpp"

namespace slickq {
namespace {

struct flock range(short type, std::uint64_t offset) noexcept {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(offset);
  lock.l_len = sizeof(JournalLine);
  return lock;
}

bool set_lock(int fd, short type, std::uint64_t offset) noexcept {
  struct flock lock = range(type, offset);
  int result;
  do {
    result = fcntl(fd, F_OFD_SETLK, &lock);
  } while (result < 0 && errno == EINTR);
  return result == 0;
}

}  // namespace

std::uint64_t journal_line_offset(const Geometry& geometry, std::uint32_t line) noexcept {
  return annex_offset(geometry) + offsetof(Annex, journal) + sizeof(JournalLine) * std::uint64_t{line};
}

int open_again(int fd, bool for_writing) noexcept {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return open(path, (for_writing ? O_RDWR : O_RDONLY) | O_CLOEXEC);
}

bool try_lock_line(int fd, std::uint64_t offset) noexcept { return set_lock(fd, F_WRLCK, offset); }

bool try_hold_off_line(int fd, std::uint64_t offset) noexcept { return set_lock(fd, F_RDLCK, offset); }

// Cannot fail on a range we hold; where it did, the lock would end with the open file.
void unlock_line(int fd, std::uint64_t offset) noexcept { static_cast<void>(set_lock(fd, F_UNLCK, offset)); }

LineLock ask_line_lock(int fd, std::uint64_t offset) noexcept {
  struct flock lock = range(F_RDLCK, offset);  // in conflict with owners only, who have it for writing
  if (fcntl(fd, F_OFD_GETLK, &lock) != 0) return LineLock::unknown;
  return lock.l_type == F_UNLCK ? LineLock::free : LineLock::taken;
}

}  // namespace slickq
