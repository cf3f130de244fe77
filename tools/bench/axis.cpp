#include "axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace slickq::bench {
namespace {

constexpr std::array kSteps{1.0, 2.0, 5.0};
constexpr std::size_t kManyTicks = 9;
constexpr double kSlack = 1e-9;  // powers of ten are not exact below 1

// Step number k: 1, 2, 5, 10, 20, ... for k = 0, 1, 2, 3, 4, ...; below 1 for k < 0.
double step(int k) {
  const int decade = k >= 0 ? k / 3 : (k - 2) / 3;
  return kSteps[static_cast<std::size_t>(k - 3 * decade)] * std::pow(10.0, decade);
}

// The greatest k with step(k) <= value.
int step_below(double value) {
  int k = 3 * static_cast<int>(std::floor(std::log10(value)));
  while (step(k) > value * (1 + kSlack)) --k;
  while (step(k + 1) <= value * (1 + kSlack)) ++k;
  return k;
}

}  // namespace

Range range_over(const std::vector<double>& values) {
  double least = 0;
  double greatest = 0;
  for (const double value : values) {
    if (!(value > 0)) continue;
    least = least == 0 ? value : std::min(least, value);
    greatest = std::max(greatest, value);
  }
  if (least == 0) return {1, 10};
  const int low = step_below(least);
  int high = step_below(greatest);
  if (step(high) < greatest * (1 - kSlack)) ++high;
  return {step(low), step(std::max(high, low + 1))};
}

std::vector<double> ticks(const Range& range) {
  std::vector<double> all;
  std::vector<double> decades;
  for (int k = step_below(range.low); step(k) <= range.high * (1 + kSlack); ++k) {
    if (step(k) < range.low * (1 - kSlack)) continue;
    all.push_back(step(k));
    if (k % 3 == 0) decades.push_back(step(k));
  }
  return all.size() > kManyTicks ? decades : all;
}

double position(const Range& range, double value) {
  const double at = std::log(std::max(value, range.low) / range.low) / std::log(range.high / range.low);
  return std::clamp(at, 0.0, 1.0);
}

std::string count_label(double value) {
  if (value >= 1024 && std::fmod(value, 1024) == 0) return fmt::format("{:g}K", value / 1024);
  return fmt::format("{:g}", value);
}

std::string time_label(double ns) {
  if (ns < 1e3) return fmt::format("{:g} ns", ns);
  if (ns < 1e6) return fmt::format("{:g} µs", ns / 1e3);
  if (ns < 1e9) return fmt::format("{:g} ms", ns / 1e6);
  return fmt::format("{:g} s", ns / 1e9);
}

}  // namespace slickq::bench
