// Messages as values, for queues that are templates over their elements.
//
// Thread safety: pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "workers.hpp"

namespace slickq::peers {

template <std::size_t N>
struct alignas(N < 16 ? N : 16) Item {
  std::array<std::byte, N> bytes;
};

template <class T>
std::span<const std::byte> bytes_of(const T& item) noexcept {
  return item.bytes;
}

/// The message as an item where it lies, so that a push costs no more than the queue's own copy; by way of `spare`
/// only when it should not be aligned.
template <class T>
const T& as_item(std::span<const std::byte> message, T& spare) noexcept {
  if (reinterpret_cast<std::uintptr_t>(message.data()) % alignof(T) == 0) [[likely]] {
    return *reinterpret_cast<const T*>(message.data());
  }
  std::memcpy(&spare, message.data(), sizeof spare);
  return spare;
}

/// The sizes of message that such adapters are built for; --elem takes no other.
inline constexpr std::array<std::uint64_t, 3> kSizes{8, 64, 256};

/// `Ends` for the plan's size of message.
template <template <class> class Ends>
std::unique_ptr<Link> link_by_size(const Plan& plan) {
  switch (plan.elem) {
    case 8: return link_of<Ends<Item<8>>>(plan);
    case 64: return link_of<Ends<Item<64>>>(plan);
    case 256: return link_of<Ends<Item<256>>>(plan);
    default: throw Absent("not built for messages of this size");
  }
}
static_assert(kSizes == std::array<std::uint64_t, 3>{8, 64, 256}, "link_by_size() knows all of them");

}  // namespace slickq::peers
