// Two file descriptors of the kernel, one to write and one to read.
//
// Thread safety: one thread makes and closes them.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "bench/payload.hpp"

namespace slickq::peers {

struct Descriptors {
  Descriptors() = default;
  ~Descriptors() {
    for (const int fd : fds) {
      if (fd >= 0) close(fd);
    }
  }
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;

  std::array<int, 2> fds{-1, -1};
};

/// What a call that would not wait gave: so many, or none because it would have had to. Throws CheckFailed.
template <class Count>
std::size_t count_or_none(Count result, const char* call) {
  if (result >= 0) return static_cast<std::size_t>(result);
  if (errno == EAGAIN || errno == EINTR) return 0;
  throw bench::CheckFailed(fmt::format("{}: {}", call, std::strerror(errno)));
}

}  // namespace slickq::peers
