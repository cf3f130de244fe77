// One HTTP request to slickqd over its unix socket.
//
// Thread safety: one thread.
// Contract: gives up after some seconds without an answer; never waits for ever.
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
