// A private shm directory on tmpfs for one test, removed with everything in it; also what a crashed run left.
#pragma once

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace test_support {

inline constexpr const char* kShmDirPrefix = "slickq-test-";

class ShmDir {
 public:
  ShmDir() {
    std::string pattern = "/dev/shm/" + std::string(kShmDirPrefix) + std::to_string(getpid()) + "-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
    path_ = pattern;
  }
  ShmDir(const ShmDir&) = delete;
  ShmDir& operator=(const ShmDir&) = delete;
  ~ShmDir() {
    if (getpid() != owner_) return;  // a forked child must not remove its parent's directory
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  pid_t owner_ = getpid();
};

/// Directories of runs whose process is gone.
inline void remove_abandoned_shm_dirs() {
  std::error_code error;
  const std::string prefix = kShmDirPrefix;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", error)) {
    const std::string name = entry.path().filename();
    if (name.rfind(prefix, 0) != 0) continue;
    const pid_t pid = static_cast<pid_t>(std::strtol(name.c_str() + prefix.size(), nullptr, 10));
    if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) std::filesystem::remove_all(entry.path(), error);
  }
}

}  // namespace test_support
