#include "http_session.hpp"

#include <fmt/format.h>

#include <utility>

#include "loopback.hpp"
#include "slickq/version.hpp"

namespace slickqd {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr const char* kServer = "slickqd/" SLICKQ_VERSION;

std::string_view text_of(beast::string_view text) { return {text.data(), text.size()}; }
beast::string_view beast_text(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

HttpSession::HttpSession(Socket socket, Peer peer, HttpSite& site)
    : peer_(std::move(peer)), stream_(std::move(socket)), site_(site) {
  parser_.header_limit(kMaxHeaderBytes);
  parser_.body_limit(kMaxBodyBytes);
}

void HttpSession::run() {
  stream_.expires_after(site_.patience);
  http::async_read(stream_, buffer_, parser_, [self = shared_from_this()](beast::error_code error, std::size_t) {
    if (!error) return self->respond();
    if (error == http::error::body_limit) return self->refuse(http::status::payload_too_large);
    if (error == http::error::header_limit) return self->refuse(http::status::request_header_fields_too_large);
    const bool malformed = error.category() == beast::error_code(http::error::bad_method).category();
    if (malformed && error != http::error::end_of_stream) self->refuse(http::status::bad_request);
  });
}

void HttpSession::respond() {
  const auto& request = parser_.get();
  if (site_.loopback_only && !names_loopback(text_of(request[http::field::host]))) {
    return write(error_answer(403, "the Host header must be localhost or a loopback address"));
  }
  const Request asked{.method = text_of(request.method_string()),
                      .target = text_of(request.target()),
                      .accept = text_of(request[http::field::accept]),
                      .peer = peer_,
                      .read_only = site_.loopback_only};
  Answer made = answer(asked, site_.backend);
  if (!made.stream) return write(std::move(made));
  follow(made);
}

void HttpSession::refuse(http::status status) {
  const std::string reason(text_of(http::obsolete_reason(status)));
  write(error_answer(static_cast<unsigned>(status), reason));
}

void HttpSession::write(Answer answer) {
  response_.version(11);
  response_.result(answer.status);
  response_.set(http::field::server, kServer);
  response_.set(http::field::content_type, beast_text(answer.content_type));
  response_.set(http::field::cache_control, "no-store");
  response_.set("X-Content-Type-Options", "nosniff");
  if (!answer.content_policy.empty()) response_.set("Content-Security-Policy", beast_text(answer.content_policy));
  if (!answer.allow.empty()) response_.set(http::field::allow, beast_text(answer.allow));
  response_.body() = std::move(answer.body);
  response_.keep_alive(false);
  response_.prepare_payload();
  stream_.expires_after(site_.patience);
  http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code, std::size_t) {
    beast::error_code ignored;  // the client may be gone: nothing is owed to it
    self->stream_.socket().shutdown(Socket::shutdown_send, ignored);
  });
}

// From here on the connection is the stream's.
void HttpSession::follow(const Answer& answer) {
  const bool chunked = parser_.get().version() >= 11;
  const std::string header =
      fmt::format("HTTP/1.1 200 OK\r\nServer: {}\r\nContent-Type: {}\r\nCache-Control: no-store\r\n{}\r\n", kServer,
                  answer.content_type, chunked ? "Transfer-Encoding: chunked\r\n" : "Connection: close\r\n");
  const auto stream = std::make_shared<EventStream>(stream_.release_socket(), *answer.stream, chunked);
  site_.streams.add(stream);
  stream->start(header, answer.body);
}

}  // namespace slickqd
