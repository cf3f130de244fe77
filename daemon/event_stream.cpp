#include "event_stream.hpp"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "json_text.hpp"

namespace slickqd {

namespace asio = boost::asio;
using boost::system::error_code;

EventStream::EventStream(Socket socket, StreamFormat format, bool chunked)
    : socket_(std::move(socket)), patience_(socket_.get_executor()), format_(format), chunked_(chunked) {}

void EventStream::start(std::string header, const std::string& body) {
  pending_ = std::move(header);
  if (!body.empty()) pending_ += chunk(body);
  write();
  watch_for_the_end();
}

void EventStream::tell(const std::string& json) {
  if (!is_open()) return;
  if (pending_.size() > kMaxPending) return close();
  pending_ += chunk(stream_text(format_, json));
  if (!writing_) write();
}

void EventStream::close() {
  error_code ignored;
  socket_.close(ignored);
  patience_.cancel();
}

std::string EventStream::chunk(const std::string& text) const {
  return chunked_ ? fmt::format("{:x}\r\n{}\r\n", text.size(), text) : text;
}

void EventStream::write() {
  writing_ = true;
  sent_ = std::exchange(pending_, {});
  patience_.expires_after(kPatience);
  patience_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (!cancelled) self->close();
  });
  asio::async_write(socket_, asio::buffer(sent_), [self = shared_from_this()](error_code error, std::size_t) {
    self->patience_.cancel();
    self->writing_ = false;
    if (error) return self->close();
    if (!self->pending_.empty()) self->write();
  });
}

// Nothing more is asked on this connection: what can be read is that the client went away, or noise.
void EventStream::watch_for_the_end() {
  socket_.async_read_some(asio::buffer(&ignored_, 1),
                          [self = shared_from_this()](error_code, std::size_t) { self->close(); });
}

void EventStreams::forget_ended() {
  std::erase_if(streams_, [](const auto& weak) {
    const auto stream = weak.lock();
    return !stream || !stream->is_open();
  });
}

bool EventStreams::is_full() {
  forget_ended();
  return streams_.size() >= kMost;
}

void EventStreams::tell(const nlohmann::ordered_json& line) {
  forget_ended();
  if (streams_.empty()) return;
  const std::string json = json_text(line);
  for (const auto& weak : streams_) {
    if (const auto stream = weak.lock()) stream->tell(json);
  }
}

void EventStreams::close() {
  for (const auto& weak : streams_) {
    if (const auto stream = weak.lock()) stream->close();
  }
  streams_.clear();
}

}  // namespace slickqd
