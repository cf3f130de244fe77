// One slickqd for each runtime directory: a lock on a file beside the control socket.
//
// Thread safety: none.
// Crash: the kernel drops the lock with the process; the file stays and means nothing.
#pragma once

#include <string>

namespace slickqd {

class InstanceLock {
 public:
  /// `socket`: the control socket; the lock is slickqd.lock in its directory, which is made when it is
  /// missing. Throws Failure: already_running (75) with the other's pid, no_permission, cannot_create.
  explicit InstanceLock(const std::string& socket);
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;
  ~InstanceLock();

 private:
  int fd_ = -1;
};

}  // namespace slickqd
