#include "slickq/producer.hpp"

#include "slickq/error.hpp"

namespace slickq {

Producer::Producer(Queue& queue) : ring_(&queue.ring()) {
  if (!queue.writable()) {
    throw Error(Errc::permission, queue.name(), "mapped read-only, and a producer writes",
                "ask its owner for write permission");
  }
}

Push Producer::push(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() > ring_->geometry().element_size()) return Push::too_large;
  return put(bytes, 1);
}

Push Producer::push_block(std::span<const std::byte> elements) noexcept {
  const std::uint64_t size = ring_->geometry().element_size();
  const std::uint64_t count = elements.empty() ? 1 : (elements.size() + size - 1) / size;
  if (count > ring_->geometry().capacity()) return Push::too_large;
  return put(elements, static_cast<std::uint32_t>(count));
}

Push Producer::put(std::span<const std::byte> bytes, std::uint32_t count) noexcept {
  const std::uint64_t index = ring_->reserve(count);
  if (index == kNoIndex) return Push::exhausted;
  std::byte* to = ring_->element(index);
  HardwareMemory::copy_in(to, bytes.data(), bytes.size());
  HardwareMemory::fill_in(to + bytes.size(), std::uint64_t{count} * ring_->geometry().element_size() - bytes.size());
  ring_->publish(index, count);
  last_index_ = index;
  ++pushed_items_;
  return Push::pushed;
}

}  // namespace slickq
