// Logarithmic axes: where they end, where their lines are, what stands beside them.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

namespace slickq::bench {

struct Range {
  double low;
  double high;
};

/// The least range of steps 1, 2, 5 (times powers of ten) that covers `values` and has room: low < high. Values that
/// are not above zero have no place on such an axis and are left out; without any it is 1 to 10.
Range range_over(const std::vector<double>& values);

/// The steps 1, 2, 5 within the range, or powers of ten alone where those would be many.
std::vector<double> ticks(const Range& range);

/// 0 at the low end, 1 at the high one.
double position(const Range& range, double value);

std::string count_label(double value);  ///< "0.5", "20", "4K" (1024s, when it is a multiple)
std::string time_label(double ns);      ///< "500 ns", "2 µs", "10 ms", "1 s"

}  // namespace slickq::bench
