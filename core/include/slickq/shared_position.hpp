// The position of a reader (reader.hpp) that others move, too: whoever exchanges it first has the item.
//
// Thread safety: any number of threads and processes on one cursor.
#pragma once

#include <cstdint>

#include "slickq/cursor.hpp"

namespace slickq {

class SharedPosition {
 public:
  explicit SharedPosition(AtomicCursor cursor) noexcept : cursor_(cursor) {}
  std::uint64_t load() const noexcept { return cursor_.load(); }
  bool move(std::uint64_t from, std::uint64_t to) noexcept { return cursor_.compare_exchange_weak(from, to); }

 private:
  AtomicCursor cursor_;
};

}  // namespace slickq
