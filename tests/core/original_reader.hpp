// A reader that does only what the originals' read does (document of the protocol, 1.2): no look at C, the newer item
// taken for its own when it was lapped. It may tear and lose; a repaired hole must not stop it.
//
// Thread safety: one thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "slickq/ring.hpp"

namespace ring_test {

struct OriginalItem {
  bool found = false;
  std::uint64_t index = 0;
  std::uint32_t size = 0;
};

template <class Memory>
OriginalItem original_read(const slickq::BasicRing<Memory>& ring, std::uint64_t& cursor) noexcept {
  const slickq::Geometry& geometry = ring.geometry();
  for (;;) {
    const auto* slots = reinterpret_cast<const slickq::Slot*>(ring.base() + slickq::kHeaderBytes);
    const slickq::Slot& slot = slots[geometry.slot_of(cursor)];
    // acquire: pairs with the release of whoever published.
    const std::uint64_t index = Memory::load(&slot.data_index, std::memory_order_acquire);
    if (index == slickq::kNoIndex || index < cursor) return {};
    if (index != cursor && ((index ^ cursor) & geometry.mask()) != 0) {
      cursor = index;
      continue;
    }
    const std::uint32_t size = Memory::load(&slot.size, std::memory_order_relaxed);
    cursor = index + geometry.footprint(size);
    return {true, index, size};
  }
}

}  // namespace ring_test
