// Accepts connections and keeps their number small: the half of a server that is the same for every kind of socket.
//
// Thread safety: everything runs on the io_context's one thread.
// Of more than kMaxConnections the oldest is dropped: it has had the most time, and an honest client is done in a
// millisecond. A round is delayed by what an answer costs to print, and by nothing else.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "http_session.hpp"

namespace slickqd {

template <class Protocol>
class HttpListener {
 public:
  static constexpr std::size_t kMaxConnections = 32;
  using PeerOf = Peer (*)(int fd);

  HttpListener(boost::asio::io_context& io, HttpSite site, PeerOf peer_of)
      : site_(std::move(site)), peer_of_(peer_of), acceptor_(io), pause_(io) {}
  ~HttpListener() { close(); }

  /// For binding; then start().
  typename Protocol::acceptor& acceptor() noexcept { return acceptor_; }

  void start() {
    acceptor_.async_accept([this](boost::system::error_code error, typename Protocol::socket socket) {
      if (!acceptor_.is_open() || error == boost::asio::error::operation_aborted) return;
      if (!error) {
        admit(std::move(socket));
        return start();
      }
      // Out of descriptors, most likely: trying again at once would spin.
      pause_.expires_after(std::chrono::milliseconds(100));
      pause_.async_wait([this](boost::system::error_code stopped) {
        if (!stopped) start();
      });
    });
  }

  void close() {
    boost::system::error_code ignored;
    if (acceptor_.is_open()) acceptor_.close(ignored);
    pause_.cancel();
    for (const auto& weak : sessions_) {
      if (const auto session = weak.lock()) session->cancel();
    }
    sessions_.clear();
    site_.streams.close();
  }

  /// An event, for those who follow.
  void tell(const nlohmann::ordered_json& line) { site_.streams.tell(line); }

 private:
  void admit(typename Protocol::socket socket) {
    std::erase_if(sessions_, [](const auto& weak) { return weak.expired(); });
    if (sessions_.size() >= kMaxConnections) {
      if (const auto oldest = sessions_.front().lock()) oldest->cancel();
      sessions_.pop_front();
    }
    Peer peer = peer_of_(socket.native_handle());
    const auto session = std::make_shared<HttpSession>(std::move(socket), std::move(peer), site_);
    sessions_.push_back(session);
    session->run();
  }

  HttpSite site_;
  PeerOf peer_of_;
  typename Protocol::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::deque<std::weak_ptr<HttpSession>> sessions_;  // oldest first
};

}  // namespace slickqd
