// Bytes of a segment, staged by hand: any state a crash, a foreign program or a bug can leave.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "slickq/recognise.hpp"
#include "slickq/view.hpp"

namespace test_support {

class Image {
 public:
  /// A fresh queue.
  explicit Image(const slickq::Geometry& geometry) : geometry_(geometry), bytes_(geometry.segment_bytes()) {
    const auto header = slickq::fresh_header(geometry);
    std::memcpy(bytes_.data(), header.data(), header.size());
    for (std::uint32_t k = 0; k < geometry.slot_count(); ++k) slot(k, slickq::kNoIndex, 1);
  }
  /// What a file holds, known to be of that geometry.
  Image(const slickq::Geometry& geometry, std::vector<std::byte> bytes)
      : geometry_(geometry), bytes_(std::move(bytes)) {}

  template <class T>
  Image& put(std::size_t offset, T value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof value);
    return *this;
  }
  Image& reserved(std::uint64_t index) {
    return put(0, geometry_.layout() == slickq::Layout::wide ? index : slickq::pack_reserved(index, 1));
  }
  Image& last_published(std::uint64_t index) { return put(16, index); }
  Image& slot(std::uint32_t k, std::uint64_t index, std::uint32_t size) {
    return put(slickq::kHeaderBytes + sizeof(slickq::Slot) * k, slickq::Slot{index, size, 0});
  }
  /// Publish item `index` of `count` elements; the first 8 bytes of each element say its index.
  Image& item(std::uint64_t index, std::uint32_t count = 1) {
    for (std::uint64_t i = index; i < index + count; ++i) {
      const std::size_t size = geometry_.element_size();
      std::memcpy(bytes_.data() + geometry_.data_offset() + (i & geometry_.mask()) * size, &i,
                  std::min(size, sizeof i));
    }
    return slot(geometry_.slot_of(index), index, count);
  }
  Image& marker(std::uint64_t from, std::uint64_t to) { return slot(geometry_.slot_of(from), to, 1); }

  std::vector<std::byte>& bytes() { return bytes_; }
  const slickq::Geometry& geometry() const { return geometry_; }

  void save(const std::string& path) const { save_bytes(path, bytes_); }
  slickq::View view(const std::string& path) const {
    save(path);
    return slickq::View::open_file(path);
  }

  static void save_bytes(const std::string& path, const std::vector<std::byte>& bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    for (const std::byte b : bytes) file.put(static_cast<char>(b));
  }

 private:
  slickq::Geometry geometry_;
  std::vector<std::byte> bytes_;
};

}  // namespace test_support
