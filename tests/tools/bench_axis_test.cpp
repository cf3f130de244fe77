#include "bench/axis.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace slickq::bench;

namespace {

void check_ticks(const Range& range, const std::vector<double>& expected) {
  const std::vector<double> found = ticks(range);
  REQUIRE(found.size() == expected.size());
  for (std::size_t k = 0; k < found.size(); ++k) CHECK(found[k] == doctest::Approx(expected[k]));
}

}  // namespace

TEST_CASE("a range ends at the steps 1, 2, 5 around its values") {
  const Range range = range_over({3, 17, 42});
  CHECK(range.low == doctest::Approx(2));
  CHECK(range.high == doctest::Approx(50));
}

TEST_CASE("a range below one has its steps there") {
  const Range range = range_over({0.03, 0.7});
  CHECK(range.low == doctest::Approx(0.02));
  CHECK(range.high == doctest::Approx(1));
  check_ticks(range, {0.02, 0.05, 0.1, 0.2, 0.5, 1});
}

TEST_CASE("a range is never empty, and what cannot be on the axis is left out") {
  const Range one = range_over({5});
  CHECK(one.low == doctest::Approx(5));
  CHECK(one.high == doctest::Approx(10));
  const Range none = range_over({});
  CHECK(none.low == 1);
  CHECK(none.high == 10);
  const Range zero = range_over({0, -3, std::nan(""), 20});
  CHECK(zero.low == doctest::Approx(20));
  CHECK(zero.high == doctest::Approx(50));
}

TEST_CASE("values on a step do not widen the range") {
  for (const double value : {1e-3, 0.2, 5.0, 1e6, 2e9}) {
    CAPTURE(value);
    const Range range = range_over({value, value * 10});
    CHECK(range.low == doctest::Approx(value));
    CHECK(range.high == doctest::Approx(value * 10));
  }
}

TEST_CASE("few steps are all shown, of many only the powers of ten") {
  check_ticks({2, 100}, {2, 5, 10, 20, 50, 100});
  check_ticks({200, 1e6}, {1e3, 1e4, 1e5, 1e6});
}

TEST_CASE("a position is the share of the way on a logarithmic scale, and stays on the axis") {
  CHECK(position({1, 100}, 10) == doctest::Approx(0.5));
  CHECK(position({1, 100}, 1) == doctest::Approx(0));
  CHECK(position({1, 100}, 100) == doctest::Approx(1));
  CHECK(position({1, 100}, 1e9) == 1);
  CHECK(position({1, 100}, 0) == 0);
}

TEST_CASE("labels are short") {
  CHECK(count_label(0.5) == "0.5");
  CHECK(count_label(512) == "512");
  CHECK(count_label(4096) == "4K");
  CHECK(count_label(2000) == "2000");
  CHECK(time_label(500) == "500 ns");
  CHECK(time_label(2e3) == "2 µs");
  CHECK(time_label(1e7) == "10 ms");
  CHECK(time_label(1e9) == "1 s");
}
