// Time, injected: the daemon never asks the system itself, so that tests drive the clock.
//
// Thread safety: const functions from any thread.
#pragma once

#include <chrono>

namespace slickqd {

using Monotonic = std::chrono::steady_clock::time_point;  ///< for ages, rates, grace: never jumps
using WallTime = std::chrono::system_clock::time_point;   ///< for people: what events and the status show

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Monotonic monotonic() const = 0;
  virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  Monotonic monotonic() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
};

}  // namespace slickqd
