#include "histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace slickq::bench {

// With e = how many octaves the value is above the exact range, value >> e lies in [128, 256), so that the buckets of
// octave e follow those of e - 1 without a gap.
std::size_t Histogram::bucket_of(std::uint64_t value) noexcept {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  if (width > kTopBits) return kBuckets - 1;
  const unsigned octave = width > kSubBits + 1 ? width - kSubBits - 1 : 0;
  return (std::size_t{octave} << kSubBits) + static_cast<std::size_t>(value >> octave);
}

std::uint64_t Histogram::middle_of(std::size_t bucket) noexcept {
  const std::size_t octave = bucket >> kSubBits > 0 ? (bucket >> kSubBits) - 1 : 0;
  const std::uint64_t low = (bucket - (octave << kSubBits)) << octave;
  return low + (std::uint64_t{1} << octave) / 2;
}

void Histogram::record(std::uint64_t value) noexcept {
  ++buckets_[bucket_of(value)];
  ++count_;
  max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t k = 0; k < kBuckets; ++k) buckets_[k] += other.buckets_[k];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::percentile(double percent) const noexcept {
  if (count_ == 0) return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100;
  const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  if (rank >= count_) return max_;
  std::uint64_t seen = 0;
  for (std::size_t k = 0; k < kBuckets; ++k) {
    seen += buckets_[k];
    if (seen >= std::max<std::uint64_t>(rank, 1)) return std::min(middle_of(k), max_);
  }
  return max_;
}

}  // namespace slickq::bench
