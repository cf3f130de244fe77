// What comes out of a stream: a durable pull consumer on the server, begun anew where the queue stands.
//
// The consumer is asked for batches, the next one before the last has come whole, so that the server is never idle.
//
// Thread safety: as Connection. Memory: at most two batches of messages, of at most 4 MiB each, or one message.
// Crash: the consumer stays on the server with what was acknowledged; its floor is where to go on when the queue that
// knew better is gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "stream.hpp"

namespace slickq::bridge {

/// What the server says of a message that it delivers, by the subject it wants the acknowledgement at.
struct Delivered {
  std::uint64_t sequence = 0;
  std::uint64_t delivery = 0;  ///< counts what this consumer has delivered
  std::uint64_t behind = 0;    ///< messages of the stream behind it
};
/// Nothing when that is no such subject:
/// $JS.ACK.[DOMAIN.ACCOUNT.]STREAM.CONSUMER.TRIES.SEQUENCE.DELIVERY.TIME.BEHIND[.RANDOM]
std::optional<Delivered> parse_ack_subject(std::string_view subject);

struct FeedMessage : Delivered {
  Message message;
};

/// Up to which sequence everything is acknowledged; nothing without such a consumer.
std::optional<std::uint64_t> acknowledged(const Connection& connection, const std::string& stream,
                                          const std::string& durable);

class Feed {
 public:
  /// Makes the consumer anew, to begin with the message `first`. Throws Trouble.
  Feed(const Connection& connection, const StreamRules& rules, const std::string& durable, std::uint64_t first);

  /// Some messages, those that are there; none when nothing came for `patience`. Throws Trouble.
  std::vector<FeedMessage> next(std::chrono::milliseconds patience);
  /// Everything up to this message is done.
  void acknowledge(const FeedMessage& message);

 private:
  void ask();
  std::optional<FeedMessage> receive(std::chrono::milliseconds patience);
  void take_status(natsMsg* message, const std::string& status);
  void require_consumer();

  const Connection* connection_;
  std::string stream_;
  std::string durable_;
  std::string inbox_;
  Subscription subscription_;
  std::uint64_t expected_ = 0;  // messages that were asked for and have not come
  std::chrono::steady_clock::time_point asked_{};
  std::chrono::steady_clock::time_point heard_ = std::chrono::steady_clock::now();
};

}  // namespace slickq::bridge
