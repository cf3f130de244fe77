// One connection: one HTTP request, one answer; or a stream of events, which goes on by itself.
//
// Thread safety: everything runs on the io_context's one thread.
// Hostile input: header and body are limited in size, reading and writing each in time. Keeps itself alive through its
// pending operation.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "event_stream.hpp"
#include "routes.hpp"

namespace slickqd {

/// What all connections of one listener share.
struct HttpSite {
  Backend backend;
  EventStreams streams{};
  /// Nobody's credentials are known: GET alone, and only for who says in his Host header that he means this machine.
  bool loopback_only = false;
  /// For reading a request, and again for writing its answer; what making it took is not the client's fault.
  std::chrono::steady_clock::duration patience = std::chrono::seconds(5);
};

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  static constexpr std::size_t kMaxHeaderBytes = 8192;
  static constexpr std::size_t kMaxBodyBytes = 4096;

  /// `site` outlives all sessions.
  HttpSession(Socket socket, Peer peer, HttpSite& site);
  void run();
  void cancel() { stream_.close(); }

 private:
  void respond();
  void refuse(boost::beast::http::status status);
  void write(Answer answer);
  void follow(const Answer& answer);

  Peer peer_;
  boost::beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
  HttpSite& site_;
  boost::beast::flat_buffer buffer_{kMaxHeaderBytes + kMaxBodyBytes};
  boost::beast::http::request_parser<boost::beast::http::string_body> parser_;
  boost::beast::http::response<boost::beast::http::string_body> response_;
};

}  // namespace slickqd
