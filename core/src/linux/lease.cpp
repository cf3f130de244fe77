#include "linux/lease.hpp"

#include <sched.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "regular_file.hpp"
#include "slickq/error.hpp"
#include "slickq/lease_patience.hpp"

namespace slickq {
namespace {

constexpr int kBreakSignal = SIGURG;

thread_local LeasePatience* innermost_patience = nullptr;

}  // namespace

LeasePatience::LeasePatience(unsigned waits) noexcept : waits_(waits), outer_(innermost_patience) {
  innermost_patience = this;
}

LeasePatience::~LeasePatience() { innermost_patience = outer_; }

bool LeasePatience::take() noexcept {
  for (const LeasePatience* one = innermost_patience; one != nullptr; one = one->outer_) {
    if (one->spent_ >= one->waits_) return false;
  }
  for (LeasePatience* one = innermost_patience; one != nullptr; one = one->outer_) ++one->spent_;
  return true;
}

FileId file_id(const struct stat& facts) noexcept { return {facts.st_dev, facts.st_ino}; }

struct stat regular_file(const std::string& path, const std::string& name) {
  struct stat facts {};
  if (lstat(path.c_str(), &facts) != 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) {
      throw Error(Errc::not_found, name, "no such segment: " + path, "see what exists: slickq list", error);
    }
    throw system_failure(name, "cannot look at " + path, error);
  }
  require_regular(facts, name);
  return facts;
}

Fd open_probe(const std::string& path) noexcept {
  for (unsigned waited = 0;; ++waited) {
    Fd fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    const bool may_change = errno == EWOULDBLOCK || errno == EINTR;
    if (fd || !may_change || waited == LeasePatience::kOneFile || !LeasePatience::take()) return fd;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

LockAnswer ask_lock(int fd) noexcept {
  // Twice: the shared lock this takes to tell users from askers looks, for that microsecond, like a user's to
  // another asker. Two such coincidences in a row are left to the caller, who finds nobody to name.
  for (int round = 0; round < 2; ++round) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return LockAnswer::free;
    if (errno != EWOULDBLOCK) return LockAnswer::unknown;
    if (flock(fd, LOCK_SH | LOCK_NB) != 0) return LockAnswer::contended;
    unlock(fd);
    sched_yield();
  }
  return LockAnswer::peers;
}

void unlock(int fd) noexcept { flock(fd, LOCK_UN); }

Lease::Lease(int fd) noexcept : fd_(fd) {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, kBreakSignal);
  pthread_sigmask(SIG_BLOCK, &blocked, &previous_mask_);
  fcntl(fd, F_GETOWN_EX, &previous_owner_);
  previous_signal_ = fcntl(fd, F_GETSIG);
  // To this thread: a signal to the process would find another thread that does not block it.
  f_owner_ex self{F_OWNER_TID, gettid()};
  if (fcntl(fd, F_SETOWN_EX, &self) != 0 || fcntl(fd, F_SETSIG, kBreakSignal) != 0) return;
  if (fcntl(fd, F_SETLEASE, F_WRLCK) == 0) {
    answer_ = LeaseAnswer::granted;
  } else if (errno == EAGAIN) {
    answer_ = LeaseAnswer::refused;
  }
}

Lease::~Lease() {
  if (answer_ == LeaseAnswer::granted) {
    fcntl(fd_, F_SETLEASE, F_UNLCK);  // from here on no further signal is sent
    take_back_signal();
  }
  // The descriptor may belong to a segment of the program: its settings are put back too.
  fcntl(fd_, F_SETSIG, previous_signal_ < 0 ? 0 : previous_signal_);
  fcntl(fd_, F_SETOWN_EX, &previous_owner_);
  pthread_sigmask(SIG_SETMASK, &previous_mask_, nullptr);
}

void Lease::take_back_signal() noexcept {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, kBreakSignal);
  siginfo_t info{};
  const timespec now{};
  // One is enough: the kernel keeps at most one per thread, and hands out the thread's own before the
  // process's.
  if (sigtimedwait(&blocked, &info, &now) != kBreakSignal) return;
  const bool ours = info.si_code == POLL_MSG && info.si_fd == fd_;
  if (!ours) raise(kBreakSignal);  // somebody else's that came meanwhile: it stays pending
}

}  // namespace slickq
