// The control socket: HTTP/1.1 on a unix stream socket, one request for each connection.
//
// Thread safety: everything runs on the io_context's one thread.
// The kernel says who connects; what changes something is answered by Backend::may_change.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <string>

#include "config.hpp"
#include "http_listener.hpp"

namespace slickqd {

class ControlServer {
 public:
  /// Binds config.socket; a socket a killed slickqd left is replaced (the caller holds the InstanceLock).
  /// Throws Failure: cannot_create, no_permission.
  ControlServer(boost::asio::io_context& io, const ControlConfig& config, Backend backend);
  ~ControlServer();

  /// No more requests; takes the socket's name away.
  void close();
  void tell(const nlohmann::ordered_json& event) { listener_.tell(event); }

 private:
  using Protocol = boost::asio::local::stream_protocol;

  void bind(const ControlConfig& config);

  std::string path_;
  HttpListener<Protocol> listener_;
};

}  // namespace slickqd
