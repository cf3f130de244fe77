// Very many bits in memory that fork() hands on; only what is touched takes room.
//
// Thread safety: any threads and processes; relaxed, so read them when the writers are gone.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <stdexcept>

namespace test_support {

class Bits {
 public:
  static constexpr std::uint64_t kMost = std::uint64_t{1} << 28;

  Bits() {
    void* at = mmap(nullptr, kMost / 8, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) throw std::runtime_error("mmap");
    words_ = static_cast<std::atomic<std::uint64_t>*>(at);
  }
  Bits(const Bits&) = delete;
  Bits& operator=(const Bits&) = delete;
  ~Bits() { munmap(static_cast<void*>(words_), kMost / 8); }

  /// Was it set before?
  bool set(std::uint64_t bit) {
    const std::uint64_t mask = std::uint64_t{1} << bit % 64;
    return (words_[bit / 64].fetch_or(mask, std::memory_order_relaxed) & mask) != 0;
  }
  void set_range(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t bit = first; bit <= last;) {
      if (bit % 64 == 0 && last - bit >= 63) {
        words_[bit / 64].store(~std::uint64_t{0}, std::memory_order_relaxed);
        bit += 64;
      } else {
        set(bit++);
      }
    }
  }
  std::uint64_t word(std::uint64_t number) const { return words_[number].load(std::memory_order_relaxed); }
  bool get(std::uint64_t bit) const { return (word(bit / 64) >> bit % 64 & 1) != 0; }
  /// How many of [first, last] are set.
  std::uint64_t count(std::uint64_t first, std::uint64_t last) const {
    std::uint64_t set_bits = 0;
    for (std::uint64_t bit = first; bit <= last;) {
      const bool whole = bit % 64 == 0 && last - bit >= 63;
      set_bits += whole ? static_cast<std::uint64_t>(__builtin_popcountll(word(bit / 64))) : get(bit);
      bit += whole ? 64 : 1;
    }
    return set_bits;
  }
  void clear() { madvise(static_cast<void*>(words_), kMost / 8, MADV_REMOVE); }

 private:
  std::atomic<std::uint64_t>* words_;
};

}  // namespace test_support
