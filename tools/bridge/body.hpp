// The body of a message: the items' elements, one behind the other, as they were in the ring.
//
//   uniform  = element*                       every item has the same number of elements, which the header tells
//   mixed    = count{items} element*          count: u32, little-endian, elements of one item
//
// Example, elements of 4 bytes, items of 1 and 2 elements:
//   01 00 00 00  02 00 00 00  AA AA AA AA  BB BB BB BB  CC CC CC CC
//
// Nearly every queue is uniform, and its body costs nothing beside the elements: the ring is copied right into it.
//
// Thread safety: plain values; a Body does not own its bytes.
// Hostile input: of_message() checks every size against the bytes that are there, in 64 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace slickq::bridge {

inline constexpr std::uint32_t kMixed = 0;  ///< elements an item, when they differ

struct Item {
  std::uint32_t count = 0;  ///< elements
  std::span<const std::byte> bytes;
};

/// The items of a message that came.
class Body {
 public:
  /// `elements`: of each item, or kMixed. Nothing when the sizes do not fit the bytes.
  static std::optional<Body> of_message(std::span<const std::byte> bytes, std::uint64_t items, std::uint32_t elements,
                                        std::uint32_t element_size);

  std::uint64_t items() const noexcept { return items_; }
  /// One behind the other, from the first; nothing behind the last.
  std::optional<Item> next() noexcept;

 private:
  std::span<const std::byte> counts_;  // mixed only
  std::span<const std::byte> left_;
  std::uint64_t items_ = 0;
  std::uint64_t taken_ = 0;
  std::uint32_t elements_ = 0;
  std::uint32_t element_size_ = 0;
};

/// A mixed body of these elements.
void mixed_body(std::span<const std::uint32_t> counts, std::span<const std::byte> elements,
                std::vector<std::byte>& out);

}  // namespace slickq::bridge
