// Elements whose every word says whose it is: no mixture of two items passes for one of them, and a word that does not
// belong tells who wrote it.
//
// Format, 8-byte words: producer(8 bits) | sequence(40) | detail(16). Detail of the item's first word: count(15) and
// "never to be seen"(1); of every other word: its place in the item.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace torture {

inline constexpr std::uint32_t kMostProducers = 4;

struct Stamp {
  std::uint32_t producer = 0;
  std::uint64_t sequence = 0;
  std::uint32_t count = 1;
  bool abandoned = false;  ///< written into a reservation that is given up: nobody may get it
};

inline std::uint64_t word_of(const Stamp& stamp, std::uint64_t place) {
  const std::uint64_t first = std::uint64_t{stamp.count} << 1 | (stamp.abandoned ? 1 : 0);
  const std::uint64_t detail = (place == 0 ? first : place) & 0xFFFF;
  return std::uint64_t{stamp.producer} << 56 | (stamp.sequence & 0xFF'FFFF'FFFF) << 16 | detail;
}

/// `elements`: the part of the item that is to be written, from its start; a multiple of 8 bytes.
inline void write_item(std::span<std::byte> elements, const Stamp& stamp) {
  for (std::size_t at = 0; at < elements.size(); at += 8) {
    const std::uint64_t word = word_of(stamp, at / 8);
    std::memcpy(elements.data() + at, &word, sizeof word);
  }
}

struct Reading {
  bool whole = false;
  Stamp stamp;                ///< of the first word
  std::uint32_t writers = 0;  ///< bit p: some word says producer p
};

inline Reading read_item(std::span<const std::byte> elements, std::uint32_t count) {
  Reading reading;
  std::uint64_t word;
  std::memcpy(&word, elements.data(), sizeof word);
  reading.stamp = {static_cast<std::uint32_t>(word >> 56), word >> 16 & 0xFF'FFFF'FFFF,
                   static_cast<std::uint32_t>(word >> 1 & 0x7FFF), (word & 1) != 0};
  reading.whole = reading.stamp.count == count && reading.stamp.producer < kMostProducers;
  for (std::size_t at = 0; at < elements.size(); at += 8) {
    std::memcpy(&word, elements.data() + at, sizeof word);
    reading.whole = reading.whole && word == word_of(reading.stamp, at / 8);
    if (word >> 56 < 32) reading.writers |= 1u << (word >> 56);
  }
  return reading;
}

}  // namespace torture
