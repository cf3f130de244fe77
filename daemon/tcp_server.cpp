#include "tcp_server.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>
#include <utility>

#include "exit_code.hpp"

namespace slickqd {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

Peer nobody(int) { return {}; }

}  // namespace

TcpServer::TcpServer(asio::io_context& io, const LoopbackAddress& address, Backend backend)
    : listener_(io, {.backend = std::move(backend), .loopback_only = true}, nobody) {
  const tcp::endpoint endpoint(asio::ip::make_address(address.address), address.port);
  auto& acceptor = listener_.acceptor();
  try {
    acceptor.open(endpoint.protocol());
    acceptor.set_option(asio::socket_base::reuse_address(true));  // not kept out by connections of the one before
    acceptor.bind(endpoint);
    acceptor.listen();
  } catch (const boost::system::system_error& error) {
    const bool denied = error.code() == boost::system::errc::permission_denied;
    throw Failure(denied ? ExitCode::no_permission : ExitCode::cannot_create,
                  fmt::format("metrics.listen {}: {}", address.text(), error.code().message()));
  }
  listener_.start();
}

}  // namespace slickqd
