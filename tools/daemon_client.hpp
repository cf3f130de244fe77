// One HTTP request to slickqd over its unix socket.
//
// Thread safety: one thread.
// Contract: gives up when connecting, asking or the answer takes longer than `patience`, and when the daemon ends.
#pragma once

#include <chrono>
#include <string>

namespace slickq::cli {

struct DaemonReply {
  unsigned status = 0;  ///< HTTP status
  std::string body;
};

/// Throws Error: not_found when no daemon listens at `socket`, permission, system.
DaemonReply ask_daemon(const std::string& socket, const std::string& method, const std::string& target,
                       std::chrono::seconds patience);

}  // namespace slickq::cli
