// Either one producer that was declared to be alone, or any number of others: told apart among slickq producers by a
// lock on the first byte of the segment, which changes no byte and works on segments of originals, too.
//
// Thread safety: join() and the destructor from any threads at once.
// Crash: the kernel drops the lock with the process, whatever kills it. Originals take no lock and are not seen.
// fork(): the child shares the parent's open file, hence its lock; what it inherited it destroys without touching it.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "slickq/queue.hpp"

namespace slickq {

class ProducersLock {
 public:
  enum class Kind : std::uint8_t { shared, alone };

  /// Throws Error(busy): alone, and there are other producers; or shared, and one is alone.
  ProducersLock(const Queue& queue, Kind kind);
  ProducersLock(const ProducersLock&) = delete;
  ProducersLock& operator=(const ProducersLock&) = delete;
  ~ProducersLock();

 private:
  ProducerCount* count_;
  int fd_;  // the queue's, < 0 when local
  Kind kind_;
  pid_t pid_;
};

}  // namespace slickq
