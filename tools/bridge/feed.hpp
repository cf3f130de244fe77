// What comes out of a stream: a durable pull consumer on the server, begun anew where the queue stands.
//
// Thread safety: as Connection. Memory: one batch of messages.
// Crash: the consumer stays on the server with what was acknowledged; its floor is where to go on when the queue that
// knew better is gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connection.hpp"
#include "stream.hpp"

namespace slickq::bridge {

struct FeedMessage {
  Message message;
  std::uint64_t sequence = 0;
  std::uint64_t delivery = 0;  ///< counts what this consumer has delivered
  std::uint64_t behind = 0;    ///< messages of the stream behind it
};

/// Up to which sequence everything is acknowledged; nothing without such a consumer.
std::optional<std::uint64_t> acknowledged(const Connection& connection, const std::string& stream,
                                          const std::string& durable);

class Feed {
 public:
  /// Makes the consumer anew, to begin with the message `first`. Throws Trouble.
  Feed(const Connection& connection, const StreamRules& rules, const std::string& durable, std::uint64_t first);

  /// Some messages; none when nothing came for `patience`. Throws Trouble.
  std::vector<FeedMessage> next(std::chrono::milliseconds patience);
  /// Everything up to this message is done.
  void acknowledge(const FeedMessage& message);

 private:
  void require_consumer();

  const Connection* connection_;
  std::string stream_;
  std::string durable_;
  Subscription subscription_;
  std::chrono::steady_clock::time_point heard_ = std::chrono::steady_clock::now();
};

}  // namespace slickq::bridge
