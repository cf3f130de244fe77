#include "body.hpp"

#include <cstring>

namespace slickq::bridge {
namespace {

std::uint32_t count_at(std::span<const std::byte> counts, std::uint64_t item) noexcept {
  std::uint32_t count;
  std::memcpy(&count, counts.data() + item * sizeof count, sizeof count);
  return count;
}

}  // namespace

std::optional<Body> Body::of_message(std::span<const std::byte> bytes, std::uint64_t items, std::uint32_t elements,
                                     std::uint32_t element_size) {
  // No item is empty, so there are not more of them than bytes; this keeps the products below within 64 bits.
  if (element_size == 0 || items > bytes.size()) return std::nullopt;
  Body body;
  body.items_ = items;
  body.elements_ = elements;
  body.element_size_ = element_size;
  body.left_ = bytes;
  if (elements != kMixed) {
    const std::uint64_t item_bytes = std::uint64_t{elements} * element_size;
    const bool fits = items == 0 ? bytes.empty() : bytes.size() % items == 0 && bytes.size() / items == item_bytes;
    return fits ? std::optional(body) : std::nullopt;
  }
  if (items > bytes.size() / sizeof(std::uint32_t)) return std::nullopt;
  body.counts_ = bytes.first(items * sizeof(std::uint32_t));
  body.left_ = bytes.subspan(body.counts_.size());
  std::uint64_t left = body.left_.size();
  for (std::uint64_t item = 0; item < items; ++item) {
    const std::uint64_t count = count_at(body.counts_, item);
    if (count == 0 || count * element_size > left) return std::nullopt;
    left -= count * element_size;
  }
  return left == 0 ? std::optional(body) : std::nullopt;
}

std::optional<Item> Body::next() noexcept {
  if (taken_ == items_) return std::nullopt;
  Item item;
  item.count = elements_ != kMixed ? elements_ : count_at(counts_, taken_);
  const std::size_t bytes = std::size_t{item.count} * element_size_;
  item.bytes = left_.first(bytes);
  left_ = left_.subspan(bytes);
  ++taken_;
  return item;
}

void mixed_body(std::span<const std::uint32_t> counts, std::span<const std::byte> elements,
                std::vector<std::byte>& out) {
  out.resize(counts.size_bytes() + elements.size());
  std::memcpy(out.data(), counts.data(), counts.size_bytes());
  if (!elements.empty()) std::memcpy(out.data() + counts.size_bytes(), elements.data(), elements.size());
}

}  // namespace slickq::bridge
