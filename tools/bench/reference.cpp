#include "reference.hpp"

#include <atomic>
#include <cstring>

namespace slickq::bench {
namespace {

std::atomic_ref<std::uint64_t> shared(std::uint64_t& word) noexcept { return std::atomic_ref<std::uint64_t>(word); }
std::atomic_ref<std::uint32_t> shared(std::uint32_t& word) noexcept { return std::atomic_ref<std::uint32_t>(word); }

}  // namespace

RawRing::RawRing(std::byte* base, const Geometry& geometry) noexcept
    : header(reinterpret_cast<Header*>(base)),
      slots(reinterpret_cast<Slot*>(base + kHeaderBytes)),
      elements(base + geometry.data_offset()),
      mask(geometry.mask()),
      element_bytes(geometry.element_size()) {}

void ReferenceWriter::push(std::span<const std::byte> element) noexcept {
  const auto reserved = shared(ring_.header->reserved);
  std::uint64_t word = reserved.load(std::memory_order_relaxed);
  // release on success: a reader that loads C after its copy sees at least this reservation.
  while (!reserved.compare_exchange_weak(word, pack_reserved(packed_index(word) + 1, 1), std::memory_order_release,
                                         std::memory_order_relaxed)) {
  }
  const std::uint64_t index = packed_index(word);
  std::memcpy(ring_.elements + (index & ring_.mask) * ring_.element_bytes, element.data(), element.size());
  Slot& slot = ring_.slots[index & ring_.mask];
  shared(slot.size).store(1, std::memory_order_relaxed);
  // release: pairs with the acquire in ReferenceReader::pop().
  shared(slot.data_index).store(index, std::memory_order_release);
  const auto last = shared(ring_.header->last_published);
  std::uint64_t seen = last.load(std::memory_order_relaxed);
  while ((seen == kNoIndex || seen < index) &&
         !last.compare_exchange_weak(seen, index, std::memory_order_release, std::memory_order_relaxed)) {
  }
  last_index_ = index;
}

bool ReferenceReader::pop(std::byte* into) noexcept {
  // relaxed: only a value far below the cursor means anything.
  if (packed_index(shared(ring_.header->reserved).load(std::memory_order_relaxed)) < cursor_) cursor_ = 0;
  Slot& slot = ring_.slots[cursor_ & ring_.mask];
  // acquire: pairs with the release in ReferenceWriter::push().
  if (shared(slot.data_index).load(std::memory_order_acquire) != cursor_) return false;
  const std::uint32_t count = shared(slot.size).load(std::memory_order_relaxed);
  std::memcpy(into, ring_.elements + (cursor_ & ring_.mask) * ring_.element_bytes, ring_.element_bytes);
  cursor_ += count;
  return true;
}

}  // namespace slickq::bench
