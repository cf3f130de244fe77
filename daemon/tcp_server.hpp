// The same pages on loopback TCP, read-only, for scrapers and browsers.
//
// Thread safety: everything runs on the io_context's one thread.
// Whoever may connect to a port of this machine may read; a page of another site in a browser on it may not (Host
// header, no CORS).
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>

#include "http_listener.hpp"
#include "loopback.hpp"

namespace slickqd {

class TcpServer {
 public:
  /// Throws Failure: cannot_create, no_permission.
  TcpServer(boost::asio::io_context& io, const LoopbackAddress& address, Backend backend);

  void close() { listener_.close(); }
  void tell(const nlohmann::ordered_json& event) { listener_.tell(event); }
  std::uint16_t port() { return listener_.acceptor().local_endpoint().port(); }

 private:
  HttpListener<boost::asio::ip::tcp> listener_;
};

}  // namespace slickqd
