// slickq-bridge in: from a stream into a queue.
//
// Where it stands is known by the queue's own sidecar, not by the server: position and items are in the same memory, so
// they agree wherever the bridge was killed (delivery.hpp). The server's consumer is begun anew at the position with
// each session, and told afterwards, so that its lag can be seen there.
//
// Twice guarded: messages are taken by their sequence, and items by the index of the source that the headers account
// for. So a stream that was purged, or lost its end with its server's disk, brings nothing twice, and what is missing
// is counted.
//
// Thread safety: one thread. Memory: one batch of messages.
// Crash: the next start goes on behind the last item.
#pragma once

#include <memory>
#include <string>

#include "feed.hpp"
#include "options.hpp"
#include "session.hpp"
#include "sidecar.hpp"

namespace slickq::bridge {

class InBridge {
 public:
  InBridge(const Options& options, Status& status);
  ~InBridge();

  Ended session();

 private:
  struct Target;

  void find_target();
  void make_target(const Envelope& envelope);
  void use(std::unique_ptr<Target> target);
  Position position_for(const Connection& connection, const StreamHead& head);
  void move_to(const Position& position);
  bool take(const FeedMessage& message);
  bool take_envelope(const FeedMessage& message, const Envelope& envelope);
  bool is_old(const Envelope& envelope);
  bool deliver(const FeedMessage& message, const Envelope& envelope, std::uint64_t expected);
  void note_missing(std::uint64_t from, std::uint64_t to);
  bool is_another_queue();
  void count_delivered();

  const Options& options_;
  Status& status_;
  std::unique_ptr<Target> target_;  // kept between sessions; nothing as long as there is no queue
  Position position_;
  std::uint64_t deliveries_ = 0;  // of this session's consumer
};

/// Would it work? Prints what it found.
cli::Exit check_in(const Options& options);

}  // namespace slickq::bridge
