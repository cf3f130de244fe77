#include "event_stream.hpp"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <utility>

#include "json_text.hpp"

namespace slickqd {

namespace asio = boost::asio;
using boost::system::error_code;

EventStream::EventStream(Socket socket, StreamFormat format, bool chunked, std::chrono::steady_clock::duration patience)
    : socket_(std::move(socket)),
      patience_(patience),
      end_of_patience_(socket_.get_executor()),
      format_(format),
      chunked_(chunked) {
  error_code ignored;  // of a connection that broke already: sending will tell
  socket_.non_blocking(true, ignored);
}

void EventStream::start(std::string header, const std::string& body) {
  pending_ = std::move(header);
  if (!body.empty()) pending_ += chunk(body);
  send();
  watch_for_the_end();
}

void EventStream::tell(const std::string& json) {
  if (!is_open()) return;
  pending_ += chunk(stream_text(format_, json));
  send();
  if (pending_.size() > kMaxPending) close();
}

void EventStream::close() {
  error_code ignored;
  socket_.close(ignored);
  end_of_patience_.cancel();
}

std::string EventStream::chunk(const std::string& text) const {
  return chunked_ ? fmt::format("{:x}\r\n{}\r\n", text.size(), text) : text;
}

// As much as the kernel takes now, without waiting. Was it anything?
bool EventStream::send() {
  error_code error;
  const std::size_t sent = socket_.write_some(asio::buffer(pending_), error);
  if (error && error != asio::error::would_block) {
    close();
    return false;
  }
  pending_.erase(0, sent);
  if (pending_.empty()) {
    pending_.shrink_to_fit();  // a burst is rare
    end_of_patience_.cancel();
  } else {
    if (sent > 0 || !waiting_) be_patient();
    wait_for_room();
  }
  return sent > 0;
}

void EventStream::wait_for_room() {
  if (std::exchange(waiting_, true)) return;
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](error_code error) {
    self->waiting_ = false;
    if (!error && !self->pending_.empty()) self->send();
  });
}

void EventStream::be_patient() {
  end_of_patience_.expires_after(patience_);
  end_of_patience_.async_wait([self = shared_from_this()](error_code cancelled) {
    const bool renewed = self->end_of_patience_.expiry() > std::chrono::steady_clock::now();
    if (cancelled || renewed || self->pending_.empty()) return;
    // The loop may have stood still for all that time, which is no fault of who reads: one more chance.
    if (!self->send()) self->close();
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

void EventStreams::add(const std::shared_ptr<EventStream>& stream) {
  forget_ended();
  if (streams_.size() >= kMost) {
    if (const auto oldest = streams_.front().lock()) oldest->close();
    streams_.erase(streams_.begin());
  }
  streams_.push_back(stream);
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
