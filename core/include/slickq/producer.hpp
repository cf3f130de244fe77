// Putting items into a queue.
//
// Thread safety: a Producer belongs to one thread; any number of Producers share a queue.
// Crash: a process that dies between reserve and publish leaves a hole; readers wait there until the ring laps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "slickq/queue.hpp"

namespace slickq {

enum class Push : std::uint8_t {
  pushed,     ///< visible to every reader
  too_large,  ///< more bytes than an element, or more elements than the ring: nothing was done
  exhausted   ///< the 2^47 index limit is reached: nothing was done
};

class Producer {
 public:
  /// The queue outlives the producer. Throws Error(permission) when it is mapped read-only.
  explicit Producer(Queue& queue);

  /// One element; shorter than the element size is padded with zeros.
  Push push(std::span<const std::byte> bytes) noexcept;
  /// n elements as ONE item; `elements.size()` is a multiple of the element size, rounded up and zero-padded if not.
  Push push_block(std::span<const std::byte> elements) noexcept;

  /// Index of the last item pushed, kNoIndex before the first.
  std::uint64_t last_index() const noexcept { return last_index_; }
  std::uint64_t pushed_items() const noexcept { return pushed_items_; }

 private:
  Push put(std::span<const std::byte> bytes, std::uint32_t count) noexcept;

  Ring* ring_;
  std::uint64_t last_index_ = kNoIndex;
  std::uint64_t pushed_items_ = 0;
};

}  // namespace slickq
