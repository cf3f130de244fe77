#include "daemon_client.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/rate_policy.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <optional>

#include "slickq/error.hpp"
#include "slickq/version.hpp"

namespace slickq::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

using Protocol = asio::local::stream_protocol;
using Stream = beast::basic_stream<Protocol, asio::io_context::executor_type, beast::unlimited_rate_policy>;

// Beast keeps deadlines for asynchronous operations only: each is started alone and run to its end.
class Client {
 public:
  explicit Client(std::chrono::seconds patience) : stream_(context_.get_executor()), patience_(patience) {}

  template <class Start>
  beast::error_code run(Start start) {
    beast::error_code result;
    stream_.expires_after(patience_);
    start(stream_, [&result](const beast::error_code& error, auto&&...) { result = error; });
    context_.restart();
    context_.run();
    return result;
  }

 private:
  asio::io_context context_;
  Stream stream_;
  std::chrono::seconds patience_;
};

[[noreturn]] void no_daemon(const std::string& socket, const beast::error_code& error) {
  const std::string remedy = "start slickqd, or name its socket: --socket PATH (SLICKQD_SOCKET)";
  if (error == asio::error::access_denied) {
    throw Error(Errc::permission, socket, "connect: " + error.message(), "ask for membership in the daemon's group",
                error.value());
  }
  throw Error(Errc::not_found, socket, fmt::format("no daemon answers: {}", error.message()), remedy, error.value());
}

void check(const std::string& socket, const char* action, const beast::error_code& error) {
  if (error == beast::error::timeout) {
    throw Error(Errc::system, socket, fmt::format("{}: the daemon does not answer", action),
                "it listens, so it runs: is it stopped, or the machine overloaded?", ETIMEDOUT);
  }
  if (error) throw Error(Errc::system, socket, fmt::format("{}: {}", action, error.message()), {}, error.value());
}

}  // namespace

DaemonReply ask_daemon(const std::string& socket, const std::string& method, const std::string& target,
                       std::chrono::seconds patience) {
  std::optional<Protocol::endpoint> endpoint;
  try {
    endpoint.emplace(socket);
  } catch (const boost::system::system_error& error) {
    throw Error(Errc::invalid_argument, socket, fmt::format("is no path of a socket: {}", error.code().message()));
  }
  Client client(patience);
  const auto unreachable = client.run([&](Stream& stream, auto done) { stream.async_connect(*endpoint, done); });
  if (unreachable) no_daemon(socket, unreachable);

  http::request<http::empty_body> request(http::string_to_verb(method), target, 11);
  request.set(http::field::host, "localhost");
  request.set(http::field::user_agent, "slickq/" SLICKQ_VERSION);
  request.set(http::field::connection, "close");
  request.prepare_payload();
  check(socket, "send the request",
        client.run([&](Stream& stream, auto done) { http::async_write(stream, request, done); }));

  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(std::uint64_t{64} << 20);
  check(socket, "read the answer",
        client.run([&](Stream& stream, auto done) { http::async_read(stream, buffer, parser, done); }));
  return {parser.get().result_int(), std::move(parser.get().body())};
}

}  // namespace slickq::cli
