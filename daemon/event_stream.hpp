// One client that follows the events, and all of a server's.
//
// Thread safety: everything runs on the io_context's one thread.
// Nobody is waited for: an event goes to the kernel when it is told, whether the io_context runs meanwhile or not, for
// all the news of a reload come in one go. What the kernel does not take, because the client does not read, is kept: up
// to kMaxPending bytes, and for kPatience without anything being taken. Then he is dropped, and sees that his stream
// ends. Keeps itself alive through its pending operations.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "events.hpp"
#include "routes.hpp"

namespace slickqd {

class EventStream : public std::enable_shared_from_this<EventStream> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  /// As many events as are remembered, in one burst: few are longer than 200 bytes.
  static constexpr std::size_t kMaxPending = EventLog::kCapacity * 1024;
  static constexpr std::chrono::seconds kPatience{30};

  /// `chunked`: HTTP/1.1; an older client reads until the end.
  EventStream(Socket socket, StreamFormat format, bool chunked,
              std::chrono::steady_clock::duration patience = kPatience);

  /// `header`: of the answer, whole. `body`: what is there already.
  void start(std::string header, const std::string& body);
  /// One event, as JSON.
  void tell(const std::string& json);
  void close();
  bool is_open() const { return socket_.is_open(); }

 private:
  std::string chunk(const std::string& text) const;
  bool send();
  void wait_for_room();
  void be_patient();
  void watch_for_the_end();

  Socket socket_;
  std::chrono::steady_clock::duration patience_;
  boost::asio::steady_timer end_of_patience_;
  StreamFormat format_;
  bool chunked_;
  bool waiting_ = false;
  std::string pending_;  // what the kernel has not taken yet
  char ignored_{};       // whatever a client says while it listens
};

class EventStreams {
 public:
  static constexpr std::size_t kMost = 16;

  /// Where there are kMost already, the one that has been there longest is dropped: who only connects must not keep
  /// everybody else away.
  void add(const std::shared_ptr<EventStream>& stream);
  void tell(const nlohmann::ordered_json& line);
  void close();

 private:
  void forget_ended();
  std::vector<std::weak_ptr<EventStream>> streams_;
};

}  // namespace slickqd
