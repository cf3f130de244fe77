// Elements that say who wrote them and when, at every size: from 16 bytes on all of it, below that as much as fits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace test_support {

class Payload {
 public:
  Payload(std::uint32_t producer, std::uint64_t sequence) : producer_(producer), sequence_(sequence) {}

  /// Byte 0 holds the producer (1 bit when it is the only byte) and the next up to 7 bytes the number, the rest a
  /// pattern of both.
  void write(std::span<std::byte> element) const {
    for (std::size_t k = 0; k < element.size(); ++k) element[k] = byte_at(k, element.size());
  }

  bool matches(std::span<const std::byte> element) const {
    for (std::size_t k = 0; k < element.size(); ++k) {
      if (element[k] != byte_at(k, element.size())) return false;
    }
    return true;
  }

  static Payload read(std::span<const std::byte> element, std::uint32_t producers) {
    const auto first = std::to_integer<std::uint32_t>(element[0]);
    if (element.size() == 1) return {first >> 7, first & 0x7F};
    std::uint64_t sequence = 0;
    for (std::size_t k = number_bytes(element.size()); k > 0; --k) {
      sequence = sequence << 8 | std::to_integer<std::uint64_t>(element[k]);
    }
    return {first < producers ? first : producers, sequence};
  }

  std::uint32_t producer() const { return producer_; }

  /// How far this number is ahead of `expected`, modulo what an element of that size can hold.
  std::uint64_t distance_from(std::uint64_t expected, std::size_t element_bytes) const {
    const std::size_t bits = element_bytes == 1 ? 7 : 8 * number_bytes(element_bytes);
    return (sequence_ - expected) & ((std::uint64_t{1} << bits) - 1);
  }

 private:
  static std::size_t number_bytes(std::size_t element_bytes) { return element_bytes > 7 ? 7 : element_bytes - 1; }

  std::byte byte_at(std::size_t k, std::size_t element_bytes) const {
    if (element_bytes == 1) return static_cast<std::byte>(producer_ << 7 | (sequence_ & 0x7F));
    if (k == 0) return static_cast<std::byte>(producer_);
    if (k <= number_bytes(element_bytes)) return static_cast<std::byte>(sequence_ >> (8 * (k - 1)));
    return static_cast<std::byte>(sequence_ * 31 + k * 7 + producer_);
  }

  std::uint32_t producer_;
  std::uint64_t sequence_;
};

}  // namespace test_support
