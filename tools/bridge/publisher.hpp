// Publishing without waiting: many messages under way, each of which says which message it has to follow.
//
// Fence: the first message of a session carries the sequence that the last one of the subject must have
// (Nats-Expected-Last-Subject-Sequence), each one the sequence that the last of the stream must have, and from the
// second on that one's id (Nats-Expected-Last-Msg-Id). The sequence alone does not fence a pipeline: a stranger's
// message that takes the place of our first has just the sequence that our second waits for. The id is of this
// session alone, so once one message is refused, all behind it are. The stream has one subject, so its sequence says
// the same as the subject's, also behind a purge; and nats-server reads a message from its store to know the
// subject's: with each message that halved the rate.
//
// Thread safety: one thread. Acknowledgements come to a subscription that the same thread reads.
// Invariants: 1. at most `pending` messages, and `pending_bytes` bytes, are under way. 2. acknowledgements are taken in
// the order of the messages; anything else ends the session. 3. acked() only grows.
// Crash: what is under way arrives, or not, as a prefix. The stream says which.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "connection.hpp"
#include "packing.hpp"
#include "stream.hpp"

namespace slickq::bridge {

struct PublishLimits {
  std::size_t pending = 4096;
  std::size_t pending_bytes = std::size_t{32} << 20;
  std::chrono::milliseconds patience{10000};  ///< an acknowledgement that takes longer ends the session
};

/// What the stream has acknowledged of this session.
struct Acked {
  std::uint64_t messages = 0;
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
  std::uint64_t lost = 0;
  std::uint64_t gaps = 0;
  std::uint64_t oversize = 0;
  std::uint64_t epochs = 0;
};

class Publisher {
 public:
  /// `head`: how the stream stands, nobody else writing to it. `session`: not used before, part of each message's id.
  Publisher(const Connection& connection, const StreamRules& rules, const StreamHead& head, std::string session,
            const PublishLimits& limits);

  /// Waits up to `patience` for room. Throws Trouble as take_acks().
  bool wait_for_room(std::chrono::milliseconds patience);
  /// Sends it on its way. Call when there is room. Throws Trouble.
  void publish(const Envelope& envelope, std::span<const std::byte> body);
  /// Takes what acknowledgements have come, waiting up to `patience` for one. Throws Trouble: fenced or reconnecting
  /// when the stream went on otherwise, stream_full, no_stream, oversize, denied.
  void take_acks(std::chrono::milliseconds patience = std::chrono::milliseconds(0));
  /// Ends with true when nothing is under way any more.
  bool wait_for_all(std::chrono::milliseconds patience);

  const Acked& acked() const noexcept { return acked_; }
  std::size_t pending() const noexcept { return pending_.size(); }
  /// The Next of the last message that was acknowledged; nothing before the first.
  const std::optional<std::uint64_t>& acked_next() const noexcept { return acked_next_; }

 private:
  struct Pending {
    std::uint64_t sequence;
    std::uint64_t next;
    std::uint64_t items;
    std::size_t bytes;
    std::uint64_t lost;
    Kind kind;
    bool oversize;
    bool takeover;
    std::chrono::steady_clock::time_point sent;
  };

  bool has_room() const noexcept;
  void take_ack(natsMsg* answer);
  void count(const Pending& message);
  [[noreturn]] void on_refusal(int error, const std::string& description) const;

  const Connection* connection_;
  const StreamRules* rules_;
  std::string session_;
  PublishLimits limits_;
  std::string inbox_;
  Subscription answers_;
  std::deque<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  Acked acked_;
  std::optional<std::uint64_t> acked_next_;
  std::uint64_t last_sequence_;    // of the stream, when all that is under way has arrived
  std::uint64_t last_of_subject_;  // of the subject, when the session began
  std::string last_id_;            // of our last message; empty before the first
};

}  // namespace slickq::bridge
