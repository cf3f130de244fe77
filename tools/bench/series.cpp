#include "series.hpp"

#include <algorithm>

namespace slickq::bench {

void run_in_turn(std::vector<Series>& series, const Progress& progress) {
  std::size_t all = 0;
  std::uint64_t rounds = 0;
  for (const Series& one : series) {
    all += one.plan.reps;
    rounds = std::max(rounds, one.plan.reps);
  }
  std::size_t done = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (Series& one : series) {
      if (round >= one.plan.reps) continue;
      progress(done++, all, one.name);
      one.samples.push_back(run_once(one.plan));
    }
  }
  progress(all, all, {});
}

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

Spread delivered_per_s(const Series& series) {
  std::vector<double> values;
  for (const Sample& sample : series.samples) values.push_back(sample.delivered_per_s);
  return spread_of(std::move(values));
}

Sample total_of(const Series& series) {
  Sample total;
  for (const Sample& sample : series.samples) {
    total.add(sample);
    total.sent += sample.sent;
    total.seconds += sample.seconds;
    total.cpu_s += sample.cpu_s;
    total.latency.merge(sample.latency);
  }
  return total;
}

double loss_percent(const Sample& sample) noexcept {
  const std::uint64_t expected = sample.received + sample.missing;
  return expected == 0 ? 0 : 100 * static_cast<double>(sample.missing) / static_cast<double>(expected);
}

}  // namespace slickq::bench
