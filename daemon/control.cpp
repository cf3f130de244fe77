#include "control.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/version.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "exit_code.hpp"
#include "slickq/version.hpp"

namespace slickqd {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

Peer peer_of(int fd) {
  Peer peer;
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return peer;  // nobody: may change nothing
  peer.uid = credentials.uid;
  peer.gid = credentials.gid;
  peer.groups.resize(256);
  length = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
  const bool listed = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &length) == 0;
  peer.groups.resize(listed ? length / sizeof(gid_t) : 0);
  return peer;
}

}  // namespace

// One connection: one request, one answer. Keeps itself alive through its pending operation.
class ControlServer::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Protocol::socket socket, const Backend& backend)
      : peer_(peer_of(socket.native_handle())), stream_(std::move(socket)), backend_(backend) {
    parser_.header_limit(kMaxHeaderBytes);
    parser_.body_limit(kMaxBodyBytes);
  }

  void run() {
    stream_.expires_after(kTimeout);  // for reading and writing together
    http::async_read(stream_, buffer_, parser_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) return self->respond();
      if (error == http::error::body_limit) return self->refuse(http::status::payload_too_large);
      if (error == http::error::header_limit) return self->refuse(http::status::request_header_fields_too_large);
      const bool malformed = error.category() == beast::error_code(http::error::bad_method).category();
      if (malformed && error != http::error::end_of_stream) self->refuse(http::status::bad_request);
    });
  }

  void cancel() { stream_.close(); }

 private:
  void respond() {
    const auto& request = parser_.get();
    const Answer made = answer({request.method_string().data(), request.method_string().size()},
                               {request.target().data(), request.target().size()}, peer_, backend_);
    response_.result(made.status);
    response_.body() = made.body;
    if (!made.allow.empty()) response_.set(http::field::allow, {made.allow.data(), made.allow.size()});
    write();
  }

  void refuse(http::status status) {
    response_.result(status);
    response_.body() = "{\"ok\":false,\"error\":\"" + std::string(http::obsolete_reason(status)) + "\"}\n";
    write();
  }

  void write() {
    response_.version(11);
    response_.set(http::field::server, "slickqd/" SLICKQ_VERSION);
    response_.set(http::field::content_type, "application/json");
    response_.set(http::field::cache_control, "no-store");
    response_.keep_alive(false);
    response_.prepare_payload();
    http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code, std::size_t) {
      beast::error_code ignored;  // the client may be gone: nothing is owed to it
      self->stream_.socket().shutdown(Protocol::socket::shutdown_send, ignored);
    });
  }

  Peer peer_;
  beast::basic_stream<Protocol> stream_;
  const Backend& backend_;
  beast::flat_buffer buffer_{kMaxHeaderBytes + kMaxBodyBytes};
  http::request_parser<http::string_body> parser_;
  http::response<http::string_body> response_;
};

ControlServer::ControlServer(asio::io_context& io, const ControlConfig& config, Backend backend)
    : backend_(std::move(backend)), path_(config.socket), acceptor_(io), pause_(io) {
  bind(config);
  accept();
}

ControlServer::~ControlServer() { close(); }

void ControlServer::close() {
  if (!acceptor_.is_open()) return;
  beast::error_code ignored;
  unlink(path_.c_str());
  acceptor_.close(ignored);
  pause_.cancel();
  for (const auto& weak : sessions_) {
    if (const auto session = weak.lock()) session->cancel();
  }
  sessions_.clear();
}

void ControlServer::bind(const ControlConfig& config) {
  const auto fail = [&](const char* action, int error) {
    const bool denied = error == EACCES || error == EPERM;
    return Failure(denied ? ExitCode::no_permission : ExitCode::cannot_create,
                   fmt::format("control.socket {}: {}: {}", path_, action, std::strerror(error)));
  };
  struct stat facts {};
  if (lstat(path_.c_str(), &facts) == 0) {
    if (!S_ISSOCK(facts.st_mode)) throw fail("is there already and is no socket", EEXIST);
    if (unlink(path_.c_str()) != 0) throw fail("cannot replace the old socket", errno);
  }
  beast::error_code error;
  acceptor_.open(Protocol{}, error);
  if (error) throw fail("cannot open a socket", error.value());
  // Nobody may connect before mode and group are what the config wants.
  const mode_t before = umask(0177);
  acceptor_.bind(Protocol::endpoint(path_), error);
  umask(before);
  if (error) throw fail("cannot bind", error.value());
  if (config.group && chown(path_.c_str(), static_cast<uid_t>(-1), *config.group) != 0) {
    throw fail("cannot give it to control.group", errno);
  }
  if (chmod(path_.c_str(), config.mode) != 0) throw fail("cannot set control.mode", errno);
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) throw fail("cannot listen", error.value());
}

void ControlServer::accept() {
  acceptor_.async_accept([this](beast::error_code error, Protocol::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error) {
      admit(std::move(socket));
      return accept();
    }
    // Out of descriptors, most likely: trying again at once would spin.
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](beast::error_code stopped) {
      if (!stopped) accept();
    });
  });
}

void ControlServer::admit(Protocol::socket socket) {
  std::erase_if(sessions_, [](const auto& weak) { return weak.expired(); });
  if (sessions_.size() >= kMaxConnections) {
    // The oldest has had the most time; an honest client is done in a millisecond.
    if (const auto oldest = sessions_.front().lock()) oldest->cancel();
    sessions_.pop_front();
  }
  const auto session = std::make_shared<Session>(std::move(socket), backend_);
  sessions_.push_back(session);
  session->run();
}

}  // namespace slickqd
