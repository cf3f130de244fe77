// The control socket: HTTP/1.1 on a unix stream socket, one request for each connection.
//
// Thread safety: everything runs on the io_context's one thread.
// A client is never waited for: each connection has kTimeout in all, requests are limited in size, and of
// more than kMaxConnections the oldest is dropped. A round is delayed by what an answer costs to print, and
// by nothing else.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "config.hpp"
#include "routes.hpp"

namespace slickqd {

class ControlServer {
 public:
  static constexpr std::size_t kMaxConnections = 32;
  static constexpr std::size_t kMaxHeaderBytes = 8192;
  static constexpr std::size_t kMaxBodyBytes = 4096;
  static constexpr std::chrono::seconds kTimeout{5};

  /// Binds config.socket; a socket a killed slickqd left is replaced (the caller holds the InstanceLock).
  /// Throws Failure: cannot_create, no_permission.
  ControlServer(boost::asio::io_context& io, const ControlConfig& config, Backend backend);
  ~ControlServer();

  /// No more requests; takes the socket's name away.
  void close();

 private:
  class Session;
  using Protocol = boost::asio::local::stream_protocol;

  void bind(const ControlConfig& config);
  void accept();
  void admit(Protocol::socket socket);

  Backend backend_;
  std::string path_;
  Protocol::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::deque<std::weak_ptr<Session>> sessions_;  // oldest first
};

}  // namespace slickqd
