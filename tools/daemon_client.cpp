#include "daemon_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/rate_policy.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>

#include "slickq/error.hpp"
#include "slickq/version.hpp"

namespace slickq::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

using Protocol = asio::local::stream_protocol;
using Stream = beast::basic_stream<Protocol, asio::io_context::executor_type, beast::unlimited_rate_policy>;

Protocol::endpoint endpoint_of(const std::string& socket) {
  try {
    return Protocol::endpoint(socket);
  } catch (const boost::system::system_error& error) {
    throw Error(Errc::invalid_argument, socket, fmt::format("is no path of a socket: {}", error.code().message()));
  }
}

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

// One request and what comes back. Beast keeps deadlines for asynchronous operations only: each is started alone and
// run to its end.
class Exchange {  // not unnamed: DaemonStream::Impl is one
 public:
  using Parser = http::response_parser<http::string_body>;

  Exchange(std::string socket, std::chrono::seconds patience)
      : socket_(std::move(socket)), stream_(context_.get_executor()), patience_(patience) {}

  void send(const std::string& method, const std::string& target) {
    const Protocol::endpoint endpoint = endpoint_of(socket_);
    const auto unreachable = run([&](auto done) { stream_.async_connect(endpoint, done); });
    if (unreachable) no_daemon(socket_, unreachable);

    http::request<http::empty_body> request(http::string_to_verb(method), target, 11);
    request.set(http::field::host, "localhost");
    request.set(http::field::user_agent, "slickq/" SLICKQ_VERSION);
    request.set(http::field::connection, "close");
    request.prepare_payload();
    check(socket_, "send the request", run([&](auto done) { http::async_write(stream_, request, done); }));
  }

  void read_header() {
    check(socket_, "read the answer",
          run([this](auto done) { http::async_read_header(stream_, buffer_, parser_, done); }));
  }
  void read_all() {
    check(socket_, "read the answer", run([this](auto done) { http::async_read(stream_, buffer_, parser_, done); }));
  }

  /// Some more of a body without end, into parser(). False: nothing came in time. The read goes on for the next call.
  bool read_some(std::chrono::milliseconds wait) {
    if (!std::exchange(reading_, true)) {
      stream_.expires_never();
      http::async_read_some(stream_, buffer_, parser_, [this](const beast::error_code& error, std::size_t) {
        reading_ = false;
        ended_ = error || parser_.is_done();
      });
    }
    context_.restart();
    context_.run_for(wait);
    return !reading_;
  }
  bool ended() const noexcept { return ended_; }

  Parser& parser() noexcept { return parser_; }
  const Parser& parser() const noexcept { return parser_; }
  int fd() { return stream_.socket().native_handle(); }

 private:
  template <class Start>
  beast::error_code run(Start start) {
    beast::error_code result;
    stream_.expires_after(patience_);
    start([&result](const beast::error_code& error, auto&&...) { result = error; });
    context_.restart();
    context_.run();
    return result;
  }

  std::string socket_;
  asio::io_context context_;
  Stream stream_;
  std::chrono::seconds patience_;
  beast::flat_buffer buffer_;
  Parser parser_;
  bool reading_ = false;
  bool ended_ = false;
};

DaemonReply ask_daemon(const std::string& socket, const std::string& method, const std::string& target,
                       std::chrono::seconds patience) {
  Exchange exchange(socket, patience);
  exchange.send(method, target);
  exchange.parser().body_limit(std::uint64_t{64} << 20);
  exchange.read_all();
  return {exchange.parser().get().result_int(), std::move(exchange.parser().get().body())};
}

class DaemonStream::Impl : public Exchange {
 public:
  using Exchange::Exchange;
  std::string text;      // that came and was not handed out
  std::size_t done = 0;  // so much of it was
};

DaemonStream::DaemonStream(const std::string& socket, const std::string& target, std::chrono::seconds patience)
    : impl_(std::make_unique<Impl>(socket, patience)) {
  impl_->send("GET", target);
  impl_->parser().body_limit(std::numeric_limits<std::uint64_t>::max());  // Boost 1.74 takes none for 0, at times
  impl_->read_header();
}

DaemonStream::DaemonStream(DaemonStream&&) noexcept = default;
DaemonStream& DaemonStream::operator=(DaemonStream&&) noexcept = default;
DaemonStream::~DaemonStream() = default;

unsigned DaemonStream::status() const noexcept { return impl_->parser().get().result_int(); }

std::string DaemonStream::body() {
  impl_->read_all();
  return std::move(impl_->parser().get().body());
}

pid_t DaemonStream::daemon_pid() const noexcept {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  getsockopt(impl_->fd(), SOL_SOCKET, SO_PEERCRED, &credentials, &length);
  return credentials.pid;
}

std::optional<std::string> DaemonStream::next_line(std::chrono::milliseconds wait) {
  for (bool waited = false;; waited = true) {
    const std::size_t end = impl_->text.find('\n', impl_->done);
    if (end != std::string::npos) {
      std::string line = impl_->text.substr(impl_->done, end - impl_->done);
      impl_->done = end + 1;
      return line;
    }
    impl_->text.erase(0, std::exchange(impl_->done, 0));
    if (waited || impl_->ended()) return std::nullopt;
    impl_->read_some(wait);
    impl_->text += std::exchange(impl_->parser().get().body(), {});
  }
}

bool DaemonStream::has_ended() const noexcept {
  return impl_->ended() && impl_->text.find('\n', impl_->done) == std::string::npos;
}

}  // namespace slickq::cli
