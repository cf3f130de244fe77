// The golden segments: bytes the original releases left, and what their own readers returned from them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "slickq/layout.hpp"

namespace test_support {

struct GoldenItem {
  std::uint64_t cursor_after;
  std::uint32_t count;
  std::uint64_t first_u64;  ///< first 8 bytes of the first element
};

/// What the original's reader returned from one start cursor.
struct GoldenRead {
  std::uint64_t start;
  std::vector<GoldenItem> items;
  std::uint64_t cursor_end;
};

struct Golden {
  std::string generation;  ///< "cpp-1.4.0"
  std::string scenario;    ///< "hole-at-wrap"
  std::string bin;         ///< path of the image
  slickq::Layout layout;
  std::uint32_t capacity;
  std::uint32_t element_size;
  std::uint32_t items_per_slot;
  std::uint64_t segment_bytes;
  std::uint64_t reserved_index;
  std::vector<GoldenRead> reads;

  std::string name() const { return generation + "/" + scenario; }
};

/// All of them, sorted by name. Throws when there is none: a test over nothing would pass.
std::vector<Golden> all_golden();

inline std::vector<std::byte> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> chars{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::byte> bytes(chars.size());
  std::transform(chars.begin(), chars.end(), bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
  return bytes;
}

/// The bytes of the element with value v: v as u64, then byte k = (v * 31 + k) mod 256, cut to `size`.
inline std::vector<std::byte> golden_element(std::uint64_t v, std::uint32_t size) {
  std::vector<std::byte> bytes(size);
  for (std::uint32_t k = 0; k < size; ++k) {
    bytes[k] = static_cast<std::byte>(k < 8 ? v >> (8 * k) : v * 31 + k);
  }
  return bytes;
}

}  // namespace test_support
