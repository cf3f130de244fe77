// HTTP requests to slickqd over its unix socket: one answer, or a stream of lines.
//
// Thread safety: one thread.
// Contract: ask_daemon() gives up when connecting, asking or the answer takes longer than `patience`, and when the
// daemon ends. A DaemonStream waits for lines as long as its caller likes: a daemon to which nothing happens says
// nothing.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace slickq::cli {

struct DaemonReply {
  unsigned status = 0;  ///< HTTP status
  std::string body;
};

/// Throws Error: not_found when no daemon listens at `socket`, permission, system.
DaemonReply ask_daemon(const std::string& socket, const std::string& method, const std::string& target,
                       std::chrono::seconds patience);

/// GET whose answer goes on: a line as soon as the daemon writes it.
class DaemonStream {
 public:
  /// Throws as ask_daemon().
  DaemonStream(const std::string& socket, const std::string& target, std::chrono::seconds patience);
  DaemonStream(DaemonStream&&) noexcept;
  DaemonStream& operator=(DaemonStream&&) noexcept;
  ~DaemonStream();

  unsigned status() const noexcept;   ///< other than 200: refused, why in body(), and there are no lines
  std::string body();                 ///< of a refusal
  pid_t daemon_pid() const noexcept;  ///< as the kernel says; two streams of one pid are of one daemon

  /// The next line, without its end. Nothing when none came in time, or when the stream has ended.
  std::optional<std::string> next_line(std::chrono::milliseconds wait);
  bool has_ended() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slickq::cli
