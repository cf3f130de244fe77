#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "bench/histogram.hpp"
#include "support/seed.hpp"

using slickq::bench::Histogram;

namespace {

// The value at that rank of the sorted values: what a histogram approximates.
std::uint64_t exact_percentile(std::vector<std::uint64_t> values, double percent) {
  std::ranges::sort(values);
  const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

std::vector<std::uint64_t> durations(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> values;
  for (std::size_t k = 0; k < count; ++k) values.push_back(random() >> (24 + random() % 36));  // up to 2^40
  return values;
}

constexpr double kPercents[] = {0, 1, 25, 50, 90, 99, 99.9, 99.99, 100};

}  // namespace

TEST_CASE("an empty histogram answers zero") {
  const Histogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.max() == 0);
  for (const double percent : kPercents) CHECK(histogram.percentile(percent) == 0);
}

TEST_CASE("every value alone is told within 0.4 %, small ones exactly") {
  for (unsigned bit = 0; bit < 42; ++bit) {
    for (const std::uint64_t offset : {0u, 1u, 2u, 77u}) {
      const std::uint64_t value = (std::uint64_t{1} << bit) + offset % (std::uint64_t{1} << bit);
      CAPTURE(value);
      Histogram histogram;
      histogram.record(value);
      histogram.record(std::uint64_t{1} << 41);  // so that the answer is the bucket's and not the greatest value
      const auto told = static_cast<double>(histogram.percentile(50));
      CHECK(std::abs(told - static_cast<double>(value)) <= static_cast<double>(value) / 256);
      if (value < 256) CHECK(told == static_cast<double>(value));
    }
  }
}

TEST_CASE("percentiles of many values are those of the sorted values within 0.4 %") {
  const std::vector<std::uint64_t> values = durations(20'000, test_support::seed());
  Histogram histogram;
  for (const std::uint64_t value : values) histogram.record(value);
  CHECK(histogram.count() == values.size());
  CHECK(histogram.max() == *std::ranges::max_element(values));
  for (const double percent : kPercents) {
    CAPTURE(percent);
    const auto exact = static_cast<double>(exact_percentile(values, percent));
    CHECK(std::abs(static_cast<double>(histogram.percentile(percent)) - exact) <= exact / 256);
  }
  CHECK(histogram.percentile(100) == histogram.max());
}

TEST_CASE("merged histograms are as one that recorded everything") {
  const std::vector<std::uint64_t> values = durations(3'000, test_support::seed() + 1);
  Histogram all, even, odd;
  for (std::size_t k = 0; k < values.size(); ++k) {
    all.record(values[k]);
    (k % 2 == 0 ? even : odd).record(values[k]);
  }
  even.merge(odd);
  CHECK(even.count() == all.count());
  CHECK(even.max() == all.max());
  for (const double percent : kPercents) CHECK(even.percentile(percent) == all.percentile(percent));
  even.clear();
  CHECK(even.count() == 0);
  CHECK(even.percentile(50) == 0);
}

TEST_CASE("a value beyond all buckets is counted, and the greatest is still exact") {
  Histogram histogram;
  histogram.record(~std::uint64_t{0});
  histogram.record(5);
  CHECK(histogram.percentile(50) == 5);
  CHECK(histogram.percentile(99) == ~std::uint64_t{0});
  CHECK(histogram.max() == ~std::uint64_t{0});
}

TEST_CASE("one slow message of ten thousand is p99.99's neighbour, not its value") {
  Histogram histogram;
  for (int k = 0; k < 9'999; ++k) histogram.record(100);
  histogram.record(1'000'000);
  CHECK(histogram.percentile(99.99) == 100);
  CHECK(histogram.percentile(100) == 1'000'000);
}
