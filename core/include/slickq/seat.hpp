// A producer's line in the journal, for as long as it lives.
//
// Thread safety: claim() and the destructor may be called from any threads at once; one Seat belongs to one thread.
// Invariants: 1. a claimed line is locked (an open-file-description lock on its bytes in the segment) until the Seat is
// gone or its process is dead, whatever kills it. A stopped process keeps its lock. 2. one line has one owner.
// fork(): the child shares the parent's open file, hence its locks. It makes Producers of its own on a Queue of its
// own; what it inherited it destroys without touching the parent's line. As long as it lives with that Queue, the
// parent's death cannot be proven: its line counts as a living one's.
// Local queues have no locks: their lines answer "is somebody still writing there?", and nobody can be proven dead.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "slickq/journal.hpp"
#include "slickq/queue.hpp"

namespace slickq {

class Seat {
 public:
  /// No line: no annex, no right to write, or all lines taken. Everything works without one, unproven.
  Seat() = default;
  static Seat claim(const Queue& queue) noexcept;

  Seat(Seat&& other) noexcept;
  Seat& operator=(Seat&& other) noexcept;
  ~Seat() { release(); }

  std::uint32_t line() const noexcept { return owns_ ? line_ : kNoLine; }
  explicit operator bool() const noexcept { return owns_; }

 private:
  Seat(const Queue& queue, std::uint32_t line) noexcept;
  bool lock() noexcept;
  void release() noexcept;

  LineTable* table_ = nullptr;
  Journal journal_;
  int fd_ = -1;  // the queue's, < 0 when local
  std::uint64_t offset_ = 0;
  std::uint32_t line_ = kNoLine;
  pid_t pid_ = 0;  // who claimed it
  bool locked_ = false;
  bool owns_ = false;  // the line is claimed, not only looked at
};

/// Bury the lines of owners that are dead, so that no producer waits for them (writer.hpp). Does nothing on a local
/// queue, where nobody dies alone. System calls; any threads.
void bury_the_dead(const Queue& queue) noexcept;
/// Free the lines of owners that are dead: what they reserved is no more, after a reset. The same otherwise.
void forget_the_dead(const Queue& queue) noexcept;

}  // namespace slickq
