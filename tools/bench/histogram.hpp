// How often each duration occurred: linear within an octave, logarithmic over octaves.
//
// Thread safety: one thread at a time; plain memory without pointers, so it may lie in shared memory.
// Invariants: 1. what percentile() answers is at most 0.4 % away from a recorded value (exact below 256). 2. the
// greatest value is kept exactly. 3. merging two is as if one had recorded everything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace slickq::bench {

class Histogram {
 public:
  void record(std::uint64_t value) noexcept;
  void merge(const Histogram& other) noexcept;
  void clear() noexcept { *this = {}; }

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t max() const noexcept { return max_; }
  /// The value that `percent` (0..100) of all recorded ones do not exceed; 0 when nothing was recorded.
  std::uint64_t percentile(double percent) const noexcept;

 private:
  static constexpr unsigned kSubBits = 7;   // 128 buckets an octave: half a bucket is 1/256 of the value
  static constexpr unsigned kTopBits = 42;  // longer ones, over 73 minutes in nanoseconds, count as the last bucket
  static constexpr std::size_t kBuckets = (kTopBits - kSubBits + 1) << kSubBits;

  static std::size_t bucket_of(std::uint64_t value) noexcept;
  static std::uint64_t middle_of(std::size_t bucket) noexcept;

  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
  std::array<std::uint64_t, kBuckets> buckets_{};
};

}  // namespace slickq::bench
