// What the tests of a segment's life share: making one, users of each kind in real processes, looking at a
// directory.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "slickq/error.hpp"
#include "slickq/queue.hpp"
#include "slickq/removal.hpp"
#include "support/shm_dir.hpp"

namespace test_support {

inline constexpr uid_t kNobody = 65534;

inline slickq::CreateOptions creating(const ShmDir& dir, mode_t mode = 0600) {
  slickq::CreateOptions options;
  options.shm_dir = dir.path();
  options.mode = mode;
  return options;
}

inline slickq::Queue make_queue(const ShmDir& dir, const std::string& name = "q", mode_t mode = 0600) {
  return slickq::Queue::create(name, slickq::Geometry::make(slickq::Layout::slq1, 8, 64), creating(dir, mode));
}

inline slickq::RemoveOptions removing(const ShmDir& dir) {
  slickq::RemoveOptions options;
  options.shm_dir = dir.path();
  return options;
}

/// 0 when there is nothing of that name.
inline std::uint64_t inode_of(const std::string& path) {
  struct stat facts {};
  return lstat(path.c_str(), &facts) == 0 ? facts.st_ino : 0;
}

inline std::vector<std::string> names_in(const ShmDir& dir) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    names.push_back(entry.path().filename());
  }
  return names;
}

/// The code of the Error that `attempt` throws, if it does.
inline std::optional<slickq::Errc> refusal(const std::function<void()>& attempt) {
  try {
    attempt();
  } catch (const slickq::Error& error) {
    CHECK_FALSE(error.cause().empty());
    return error.code();
  }
  return std::nullopt;
}

/// A slickq process that is attached until it may go on; exits with 10 when the segment lost its name
/// meanwhile.
inline Child peer(const ShmDir& dir, const std::string& name = "q") {
  return Child([path = dir.path(), name](ChildSide& side) {
    const slickq::Queue queue = slickq::Queue::open(name, path);
    side.report_and_wait();
    return queue.is_detached() ? 10 : 0;
  });
}

/// Cooperates in nothing and keeps only a mapping.
inline Child raw_user(const std::string& path) {
  return Child([path](ChildSide& side) {
    const int fd = open(path.c_str(), O_RDWR);
    if (fd < 0 || mmap(nullptr, 64, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED) return 1;
    close(fd);
    side.report_and_wait();
    return 0;
  });
}

/// Runs `body` as an ordinary user in a child; its result is the exit status.
inline int as_nobody(const std::function<int()>& body) {
  Child child([&](ChildSide&) {
    if (setresgid(kNobody, kNobody, kNobody) != 0 || setresuid(kNobody, kNobody, kNobody) != 0) return 98;
    return body();
  });
  return child.join();
}

}  // namespace test_support
