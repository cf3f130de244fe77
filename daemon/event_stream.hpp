// One client that follows the events, and all of a server's.
//
// Thread safety: everything runs on the io_context's one thread.
// Nobody is waited for: who does not read has kMaxPending bytes of events kept for him and kPatience for what was sent;
// then he is dropped, and sees that his stream ends. Keeps itself alive through its pending operations.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "routes.hpp"

namespace slickqd {

class EventStream : public std::enable_shared_from_this<EventStream> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  static constexpr std::size_t kMaxPending = std::size_t{64} << 10;
  static constexpr std::chrono::seconds kPatience{30};

  /// `chunked`: HTTP/1.1; an older client reads until the end.
  EventStream(Socket socket, StreamFormat format, bool chunked);

  /// `header`: of the answer, whole. `body`: what is there already.
  void start(std::string header, const std::string& body);
  /// One event, as JSON.
  void tell(const std::string& json);
  void close();
  bool is_open() const { return socket_.is_open(); }

 private:
  std::string chunk(const std::string& text) const;
  void write();
  void watch_for_the_end();

  Socket socket_;
  boost::asio::steady_timer patience_;
  StreamFormat format_;
  bool chunked_;
  bool writing_ = false;
  std::string sent_;     // by the write that is under way
  std::string pending_;  // what came meanwhile
  char ignored_{};       // whatever a client says while it listens
};

class EventStreams {
 public:
  static constexpr std::size_t kMost = 16;

  bool is_full();
  void add(const std::shared_ptr<EventStream>& stream) { streams_.push_back(stream); }
  void tell(const nlohmann::ordered_json& line);
  void close();

 private:
  void forget_ended();
  std::vector<std::weak_ptr<EventStream>> streams_;
};

}  // namespace slickqd
