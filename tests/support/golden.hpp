// The golden segments: bytes the original releases left, and what their own readers returned from them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
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

inline slickq::Layout layout_of_golden(const std::string& generation, const std::string& scenario) {
  using slickq::Layout;
  static const std::map<std::string, Layout> of_generation{{"cpp-1.1.2", Layout::wide},
                                                           {"cpp-1.2.3", Layout::packed},
                                                           {"cpp-1.3.0", Layout::packed},
                                                           {"python-1.0.1", Layout::packed},
                                                           {"cpp-1.4.0", Layout::slq1}};
  const auto at = of_generation.find(generation);
  return at != of_generation.end() ? at->second : slickq::parse_layout(scenario.substr(0, 4)).value();
}

inline Golden load_golden(const std::filesystem::path& bin) {
  auto description = bin;
  std::ifstream file(description.replace_extension(".json"));
  const auto json = nlohmann::json::parse(file);
  Golden golden;
  golden.generation = bin.parent_path().filename();
  golden.scenario = bin.stem();
  golden.bin = bin;
  golden.layout = layout_of_golden(golden.generation, golden.scenario);
  golden.capacity = json.at("capacity");
  golden.element_size = json.at("element_size");
  golden.items_per_slot = json.value("items_per_slot", 1u);
  golden.segment_bytes = json.at("segment_bytes");
  golden.reserved_index = json.at("reserved_index");
  for (const auto& read : json.at("reads")) {
    GoldenRead& to = golden.reads.emplace_back(GoldenRead{read.at("start"), {}, read.at("cursor_end")});
    for (const auto& item : read.at("items")) {
      to.items.push_back({item.at("cursor_after"), item.at("count"), item.at("first_u64")});
    }
  }
  return golden;
}

/// All of them, sorted by name. Throws when there is none: a test over nothing would pass.
inline std::vector<Golden> all_golden() {
  std::vector<Golden> all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(SLICKQ_GOLDEN_DIR)) {
    if (entry.path().extension() == ".bin") all.push_back(load_golden(entry.path()));
  }
  if (all.empty()) throw std::runtime_error("no golden segments in " SLICKQ_GOLDEN_DIR);
  std::sort(all.begin(), all.end(), [](const Golden& a, const Golden& b) { return a.name() < b.name(); });
  return all;
}

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
