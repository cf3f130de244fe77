// systemd's notify protocol: datagrams to the socket that NOTIFY_SOCKET names. Nothing happens without it.
//
// Thread safety: none.
// Invariant: no message is longer than systemd takes, whatever the status says: a long one is cut.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "clock.hpp"

namespace slickqd {

/// How long it may take to make queues of so many bytes: 200 MB/s, a tenth of the speed of a machine that takes 2 us to
/// get, zero and touch a page of 4 KiB.
std::chrono::microseconds time_to_make(std::uint64_t bytes) noexcept;

class Notify {
 public:
  /// `socket`: NOTIFY_SOCKET: a path, "@name" for the abstract namespace, or empty for nobody to tell.
  /// `watchdog`: how often systemd wants to hear; nothing: not at all.
  Notify(std::string_view socket, std::optional<std::chrono::microseconds> watchdog);
  /// From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  static Notify from_environment();
  Notify(Notify&& other) noexcept;
  Notify(const Notify&) = delete;
  Notify& operator=(const Notify&) = delete;
  Notify& operator=(Notify&&) = delete;
  ~Notify();

  /// Queues are there and the control socket answers.
  bool ready(std::string_view status) const;
  /// A round is finished: the status line, and a sign of life when a watchdog wants one.
  bool round_finished(std::string_view status) const;
  bool reloading(Monotonic now) const;
  /// No sign of life, and no end of a start or reload, for so long from now: systemd extends all of these timers.
  bool takes(std::chrono::microseconds time) const;
  bool stopping() const;

  std::optional<std::chrono::microseconds> watchdog() const noexcept { return watchdog_; }

 private:
  bool send(std::string_view message) const;

  std::string address_;  // sun_path as the kernel wants it; empty: nobody to tell
  std::optional<std::chrono::microseconds> watchdog_;
  int fd_ = -1;
};

}  // namespace slickqd
