// Queues as tests make them, and other processes that hold them.
#pragma once

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <string>

#include "core/child_process.hpp"
#include "slickq/cursor.hpp"
#include "slickq/names.hpp"
#include "slickq/producer.hpp"
#include "slickq/queue.hpp"

namespace daemon_test {

/// The `queues` of a config with one small queue.
inline const std::string kOneQueue = R"([{"name":"q","size":8,"elem":8}])";

inline slickq::CreateOptions in(const std::string& shm_dir) {
  slickq::CreateOptions options;
  options.shm_dir = shm_dir;
  options.mode = 0660;
  return options;
}

inline void make_queue(const std::string& shm_dir, const std::string& name, unsigned size, unsigned elem = 8,
                       slickq::Layout layout = slickq::Layout::slq1) {
  slickq::Queue::create(name, slickq::Geometry::make(layout, size, elem), in(shm_dir));
}

/// `items` elements of eight zeros, of a producer that is gone afterwards.
inline void push(slickq::Queue& queue, int items) {
  slickq::Producer producer(queue);
  const std::array<std::byte, 8> element{};
  for (int k = 0; k < items; ++k) REQUIRE(producer.push(element) == slickq::Push::pushed);
}

/// Another process that holds the queue until it is destroyed.
inline test_support::Child holder(const std::string& shm_dir, const std::string& name) {
  test_support::Child child([=](test_support::ChildSide& side) {
    const auto queue = slickq::Queue::open(name, shm_dir);
    side.report_and_wait();
    return 0;
  });
  if (!child.reported()) throw std::runtime_error("the holder did not start");
  return child;
}

/// Another process that keeps everybody from attaching to a file, as a remover does for a moment.
inline test_support::Child lock_out(const std::string& path) {
  test_support::Child child([=](test_support::ChildSide& side) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0) return 1;
    side.report_and_wait();
    return 0;
  });
  if (!child.reported()) throw std::runtime_error("nobody was locked out");
  return child;
}

inline std::uint64_t inode_of(const std::string& shm_dir, const std::string& name) {
  return slickq::Queue::open(name, shm_dir).segment().inode();
}

/// As if its remover had died half-way.
inline void leave_in_quarantine(const std::string& shm_dir, const std::string& name) {
  const std::string gone = ".slickq-gone-" + std::to_string(inode_of(shm_dir, name)) + "-" + name;
  std::filesystem::rename(shm_dir + "/" + name, shm_dir + "/" + gone);
}

/// Somebody asks the kernel for the users of a file, for as long as this lives: no open() of it succeeds.
class Leased {
 public:
  explicit Leased(const std::string& path) : before_(std::signal(SIGIO, SIG_IGN)), fd_(open(path.c_str(), O_RDWR)) {
    REQUIRE(fcntl(fd_, F_SETLEASE, F_WRLCK) == 0);
  }
  Leased(const Leased&) = delete;
  Leased& operator=(const Leased&) = delete;
  ~Leased() {
    close(fd_);
    std::signal(SIGIO, before_);
  }

 private:
  void (*before_)(int);
  int fd_;
};

}  // namespace daemon_test
