#include "instance_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "exit_code.hpp"

namespace slickqd {
namespace {

[[noreturn]] void fail(const std::string& path, const char* action, int error) {
  const bool denied = error == EACCES || error == EPERM || error == EROFS;
  throw Failure(denied ? ExitCode::no_permission : ExitCode::cannot_create,
                fmt::format("{}: {}: {}; make the directory for this user, or set control.socket to one that is", path,
                            action, std::strerror(error)));
}

std::string owner_of(int fd) {
  char text[32] = {};
  const ssize_t got = pread(fd, text, sizeof text - 1, 0);
  std::string pid(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!pid.empty() && pid.back() == '\n') pid.pop_back();
  return pid.empty() ? "?" : pid;
}

}  // namespace

InstanceLock::InstanceLock(const std::string& socket) {
  const std::string directory = socket.substr(0, socket.rfind('/') + 1);
  const std::string path = directory + "slickqd.lock";
  if (mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) fail(directory, "cannot make the directory", errno);
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd_ < 0) fail(path, "cannot open the lock file", errno);
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const std::string pid = owner_of(fd_);
    close(fd_);
    if (error != EWOULDBLOCK) fail(path, "cannot lock", error);
    throw Failure(
        ExitCode::already_running,
        fmt::format("{} is locked: slickqd runs already (pid {}); stop it, or set another control.socket", path, pid));
  }
  // For people and for the message above; nothing depends on it.
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd_, 0) != 0 || pwrite(fd_, pid.data(), pid.size(), 0) < 0) fail(path, "cannot write", errno);
}

InstanceLock::~InstanceLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace slickqd
