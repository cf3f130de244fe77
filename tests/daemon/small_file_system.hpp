// A tmpfs of a given size on a directory, seen by this process and its children alone.
#pragma once

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace daemon_test {

class SmallFileSystem {
 public:
  /// False, and the test says SKIPPED, for whoever may not mount.
  static bool may_be_made() {
    if (geteuid() == 0) return true;
    MESSAGE("SKIPPED: only root may mount");
    return false;
  }
  explicit SmallFileSystem(std::string at, const std::string& size = "1m") : at_(std::move(at)) {
    REQUIRE(unshare(CLONE_NEWNS) == 0);
    REQUIRE(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    REQUIRE(mount("tmpfs", at_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0);
  }
  SmallFileSystem(const SmallFileSystem&) = delete;
  SmallFileSystem& operator=(const SmallFileSystem&) = delete;
  ~SmallFileSystem() { CHECK(umount2(at_.c_str(), MNT_DETACH) == 0); }

 private:
  std::string at_;
};

}  // namespace daemon_test
