// Asking the kernel whether a file is in use: an exclusive flock, a write lease.
//
// Thread safety: any thread; a Lease is made and destroyed by the same one.
// Invariants: 1. no signal disposition is ever touched. 2. the signal mask and the pending signals of the
// thread are afterwards what they were. 3. what was asked for is given back explicitly, not by close() alone:
// a child forked meanwhile by another thread shares the open file and would keep lock and lease alive. Crash:
// the kernel drops lock and lease with the last descriptor of the open file.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdint>
#include <string>

#include "linux/fd.hpp"
#include "slickq/holders.hpp"

namespace slickq {

FileId file_id(const struct stat& facts) noexcept;

/// lstat() of what must be a regular file. Throws Error: not_found, permission, corrupt with what it is
/// instead.
struct stat regular_file(const std::string& path, const std::string& name);

/// A descriptor of our own to ask with: read-only, follows no link, waits for nobody. A lease that is just
/// being held by another asker is waited out for some milliseconds (slickq/lease_patience.hpp). Not valid: errno says
/// why, EWOULDBLOCK = still leased.
Fd open_probe(const std::string& path) noexcept;

enum class LockAnswer : std::uint8_t {
  free,       ///< nobody had it; the exclusive lock is ours now: give it back with unlock()
  peers,      ///< shared locks: slickq peers use the file
  contended,  ///< an exclusive lock: somebody asks, or removes, just now
  unknown     ///< could not be asked
};
/// flock(LOCK_EX | LOCK_NB), and what it means. Takes microseconds, never waits.
LockAnswer ask_lock(int fd) noexcept;
void unlock(int fd) noexcept;

enum class LeaseAnswer : std::uint8_t {
  granted,   ///< nobody else has the file open or mapped
  refused,   ///< somebody has, this process's other descriptors and mappings included
  forbidden  ///< may not be asked: not the owner and no CAP_LEASE, or the file system has no leases
};

/// A write lease on an open file for the lifetime of the object, which others spend waiting in open(): keep
/// it below 5 ms, and open nothing yourself meanwhile.
///
/// The kernel tells a lease holder by a signal that somebody waits. SIGIO, the usual one, kills by default.
/// This one is SIGURG, which is ignored by default, sent to this thread alone, blocked as long as the lease
/// lives, and taken back before it is unblocked: nobody ever sees it, whatever handlers the program has.
class Lease {
 public:
  explicit Lease(int fd) noexcept;
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  LeaseAnswer answer() const noexcept { return answer_; }

 private:
  void take_back_signal() noexcept;

  int fd_;
  LeaseAnswer answer_ = LeaseAnswer::forbidden;
  int previous_signal_ = 0;
  f_owner_ex previous_owner_{};
  sigset_t previous_mask_{};
};

}  // namespace slickq
