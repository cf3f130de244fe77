// Repetitions: several configurations in turn, so that a slow moment of the machine hits all of them alike.
//
// Thread safety: one thread.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plan.hpp"
#include "run.hpp"

namespace slickq::bench {

/// One configuration and what its repetitions gave.
struct Series {
  std::string name;
  Plan plan;
  std::vector<Sample> samples{};
};

/// done, all, what runs now.
using Progress = std::function<void(std::size_t done, std::size_t all, const std::string& now)>;

/// Runs every configuration once, then every one again, each as often as its plan says.
void run_in_turn(std::vector<Series>& series, const Progress& progress);

struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
};
/// Of an even number of values the median is the middle between the two in the middle. All 0 without values.
Spread spread_of(std::vector<double> values);
Spread delivered_per_s(const Series& series);

/// The sum of all repetitions; its rates are not meant for use.
Sample total_of(const Series& series);
double loss_percent(const Sample& sample) noexcept;

struct Percentile {
  double percent;
  std::string_view key;    ///< in JSON and CSV
  std::string_view title;  ///< for people
};
inline constexpr std::array kPercentiles{Percentile{50, "p50", "p50"},          Percentile{90, "p90", "p90"},
                                         Percentile{99, "p99", "p99"},          Percentile{99.9, "p99_9", "p99.9"},
                                         Percentile{99.99, "p99_99", "p99.99"}, Percentile{100, "max", "max"}};

}  // namespace slickq::bench
