// Either one producer that was declared to be alone, or any number of others: told apart among slickq producers by a
// lock on the first byte of the segment, which changes no byte and works on segments of originals, too.
//
// Thread safety: one object, one thread; any number of objects.
// Crash: the kernel drops the lock with the process, whatever kills it. Originals take no lock and are not seen.
// fork(): the lock is on an open file of its own, which a child shares: it lasts until both have closed it. Where the
// segment cannot be opened once more (no descriptor left, no /proc, rights that were dropped meanwhile) it is on the
// queue's own, for which the same holds; there the queue counts its producers, as locks of one file do not conflict.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "slickq/queue.hpp"

namespace slickq {

class ProducersLock {
 public:
  enum class Kind : std::uint8_t { shared, alone };

  /// Throws Error(busy): alone, and there are other producers; or shared, and one is alone. Never let in unasked: when
  /// the kernel refuses to lock, it throws what that says. The queue outlives the lock.
  ProducersLock(const Queue& queue, Kind kind);
  ProducersLock(const ProducersLock&) = delete;
  ProducersLock& operator=(const ProducersLock&) = delete;
  ~ProducersLock();

 private:
  void join(const Queue& queue);
  void leave() noexcept;
  int lock(int fd) noexcept;

  ProducerCount* count_ = nullptr;  // of a queue that counts us: in this process's memory, or locked by its own file
  int queue_fd_ = -1;               // that file
  int fd_ = -1;                     // ours
  pid_t pid_;                       // who took it
  Kind kind_;
};

}  // namespace slickq
