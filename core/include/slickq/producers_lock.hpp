// Either one producer that was declared to be alone, or any number of others: told apart among slickq producers by a
// lock on the first byte of the segment, which changes no byte and works on segments of originals, too.
//
// Thread safety: one object, one thread; any number of objects.
// Crash: the kernel drops the lock with the process, whatever kills it. Originals take no lock and are not seen.
// fork(): the lock is on an open file of its own, which a child shares: it lasts until both have closed it.
#pragma once

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
  void join(const Queue& queue);

  ProducerCount* local_ = nullptr;  // of a queue in this process's memory: counted there
  int fd_ = -1;
  Kind kind_;
};

}  // namespace slickq
