// A process whose system calls fail, each once, in each way that the manual knows and that takes another way through
// the code. The kernel's ptrace does it, as in call_moments.hpp.
//
// Thread safety: one thread, as TracedChild.
#pragma once

#include <doctest/doctest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "support/call_moments.hpp"

namespace test_support {

// Calls that are not here have nothing to fail at that anybody could act on (close and munmap free what they free,
// whatever they return), or are not the library's.
inline const std::map<long, std::vector<int>>& call_errors() {
  static const std::map<long, std::vector<int>> table {
    {SYS_openat, {EMFILE, ENOMEM, EACCES, EINTR}}, {SYS_flock, {ENOLCK, EINTR}}, {SYS_fallocate, {ENOSPC, EINTR}},
        {SYS_ftruncate, {ENOSPC}},
#if !defined(__SANITIZE_ADDRESS__)  // whose own memory it would be
        {SYS_mmap, {ENOMEM, EAGAIN}},
#endif
        {SYS_madvise, {ENOMEM, EINVAL}}, {SYS_fchmod, {EPERM}}, {SYS_fchown, {EPERM}}, {SYS_linkat, {ENOSPC, EPERM}},
        {SYS_fcntl, {ENOLCK, EINVAL, EAGAIN}}, {SYS_renameat2, {EINVAL, ENOSPC}}, {SYS_rename, {ENOSPC}},
        {SYS_unlink, {EPERM, EROFS}}, {SYS_newfstatat, {ENOMEM}}, {SYS_fstat, {ENOMEM}}, {SYS_statx, {ENOMEM}},
        {SYS_pread64, {EIO}}, {SYS_read, {EIO, EINTR}}, {SYS_write, {ENOSPC, EINTR}}, {SYS_getdents64, {ENOMEM}},
        {SYS_readlink, {ENOMEM}}, {SYS_statfs, {ENOSYS}}, {SYS_fstatfs, {ENOSYS}}, {SYS_clock_nanosleep, {EINTR}},
  };
  return table;
}

struct CallFault {
  CallMoment at;
  int error;
};

inline std::string describe(const CallFault& fault) {
  return describe(fault.at) + ", time " + std::to_string(fault.at.time) + ": " + std::strerror(fault.error);
}

// Of a call that comes very often, which is one that reads /proc for the holders' names, the first and the last.
inline std::vector<CallFault> faults_at(const std::vector<CallMoment>& moments) {
  constexpr std::uint64_t kOften = 20;
  std::map<long, std::uint64_t> times;
  for (const auto& moment : moments) times[moment.number] = std::max(times[moment.number], moment.time);
  std::vector<CallFault> all;
  for (const auto& moment : moments) {
    const auto row = call_errors().find(moment.number);
    if (!moment.is_entry || row == call_errors().end()) continue;
    const std::uint64_t last = times[moment.number];
    if (last > kOften && moment.time > 1 && moment.time < last) continue;
    for (const int error : row->second) all.push_back({moment, error});
  }
  return all;
}

/// The body of a TracedChild.
using Victim = std::function<void(const Gate&)>;

/// Did it come to that? Of what /proc tells of others there may be less this time.
inline bool let_fail(const Victim& victim, const CallFault& fault) {
  TracedChild child(victim);
  if (!lead(child, fault.at)) return false;
  child.fail_call(fault.error);
  child.run_to_the_end();
  child.leave_stopped();
  CHECK(child.go_on_to_the_end() == 0);
  return true;
}

inline std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace test_support
