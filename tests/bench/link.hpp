// One queue between a producer and a consumer: what a contest runs, whoever wrote the queue.
//
// An adapter ("ends") is a class that is made before the workers are, so that both have it, and has
//
//   capacity()                 messages the queue holds
//   try_send(messages, count)  how many of `count` messages, one behind the other, it took; 0: full
//   poll(on_message)           calls on_message(bytes) for each message of one call; false: there was none
//
// and where it needs them
//
//   remark()                                   what a reader of the numbers should know
//   start_sending(), finish_sending()          in the producer, before the first and after the last message
//   start_receiving(), finish_receiving()      the same in the consumer
//   begin_receiving(), end_sending()           the same for each part, warm-up and measured; end_sending() may still
//                                              send something that poll() keeps to itself
//   kHasOthersCarry                            threads of its own carry the messages: one that try_send() took may come
//                                              later than a look at the other end
//   evicted()                                  of a queue that overwrites: messages it told the producer it has lost
//
// The workers are templates over it: nothing but its own calls stands between a queue and its numbers.
//
// Thread safety: produce() and consume() each by one process, or by one thread of the same process.
// Crash: whatever has a name in the system loses it before the constructor returns.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "bench/plan.hpp"
#include "bench/post.hpp"

namespace slickq::peers {

using bench::Plan;
using bench::Post;

/// A peer cannot be had here: it is skipped, with the reason, and nothing fails.
struct Absent : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Link {
 public:
  Link() = default;
  virtual ~Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Throw CheckFailed.
  virtual void produce(const Post& post) = 0;
  virtual void consume(const Post& post) = 0;

  virtual std::uint64_t capacity() const = 0;
  virtual std::string remark() const = 0;

  /// Pauses of a consumer that found nothing before it looks again. Looking at once disturbs the producer, and what is
  /// best differs from queue to queue.
  unsigned rest = 1;
};

/// Made anew for each repetition. Throws Absent, Error.
using MakeLink = std::unique_ptr<Link> (*)(const Plan& plan);

/// Elements of every queue that can be told how many to have.
inline constexpr std::uint64_t kCapacity = 65536;

}  // namespace slickq::peers
