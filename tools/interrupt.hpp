// Ctrl-C and SIGTERM as a flag: a producer stopped between reserve and publish would leave a hole, so
// commands that run long stop between two items.
//
// Thread safety: one thread, besides the signal handler.
#pragma once

#include <chrono>
#include <initializer_list>

namespace slickq::cli {

/// From here on SIGINT, SIGTERM and `more` only raise the flag, and interrupt blocking system calls.
void catch_interrupts(std::initializer_list<int> more = {});
bool interrupted() noexcept;

/// Sleep, but not beyond an interrupt.
void pause_for(std::chrono::nanoseconds time) noexcept;

/// Waiting for a queue that does not wake anybody: soon again at first, then once in `longest`.
class Backoff {
 public:
  explicit Backoff(std::chrono::nanoseconds longest = std::chrono::milliseconds(1)) noexcept : longest_(longest) {}
  void wait() noexcept;
  void reset() noexcept { next_ = kFirst; }

 private:
  static constexpr std::chrono::nanoseconds kFirst = std::chrono::microseconds(20);
  std::chrono::nanoseconds longest_;
  std::chrono::nanoseconds next_ = kFirst;
};

}  // namespace slickq::cli
