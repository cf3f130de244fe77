// An open queue, shared by the object that opened it, the views of its elements and the threads that wait on it.
//
// Thread safety: the flag by any thread. The queue as slickq::Queue.
// Invariant: as long as anybody has the handle the memory stays mapped; once it is closed nobody begins anything on it.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "slickq/queue.hpp"

namespace slickq::python {

struct Handle {
  explicit Handle(Queue opened) noexcept : queue(std::move(opened)) {}
  Queue queue;
  std::atomic<bool> closed{false};  // relaxed does: it only ends waits, and the GIL orders the rest
};

using HandlePtr = std::shared_ptr<Handle>;

/// How many forks lie between this process and the one that loaded the module. A queue opened at another number was
/// inherited: its locks are the parent's.
unsigned fork_generation() noexcept;
/// Once, when the module is loaded.
void count_forks() noexcept;

}  // namespace slickq::python
