// slickq-bridge out: from a queue into a stream.
//
// The stream is the only memory: its last message says up to which index everything is accounted for. A session begins
// by reading it, sets the reader there, and goes on; what was overwritten meanwhile becomes a gap record.
//
// Thread safety: one thread.
// Memory: one packet, and what is under way (PublishLimits). While the server is away nothing is read from the queue.
// Crash: the next start goes on behind the last message.
#pragma once

#include <optional>
#include <string>

#include "options.hpp"
#include "session.hpp"
#include "slickq/queue.hpp"

namespace slickq::bridge {

class OutBridge {
 public:
  OutBridge(const Options& options, Status& status);

  /// Until the connection breaks, the queue is another one, or a signal comes.
  Ended session();

 private:
  struct Source;
  class Work;

  void open_queue();
  void require_not_fenced(const StreamHead& head);

  const Options& options_;
  Status& status_;
  std::string bridge_;  // our id
  std::uint64_t sessions_ = 0;
  std::optional<Queue> queue_;  // kept when the connection breaks: what is in it is still to be sent
  std::string identity_;
  std::uint64_t epoch_ = 0;
  bool took_part_ = false;  // the stream has acknowledged something of ours
  unsigned refused_ = 0;    // sessions in a row that could not begin to
};

/// Would it work? Prints what it found.
cli::Exit check_out(const Options& options);

}  // namespace slickq::bridge
