#include "picture.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "../values.hpp"
#include "axis.hpp"
#include "chart.hpp"
#include "slickq/error.hpp"

namespace slickq::bench {
namespace {

constexpr std::array<std::uint64_t, 10> kSizes{8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
constexpr std::array<std::uint64_t, 3> kBatches{1, 16, 64};
constexpr std::string_view kReference = "reference";
// Rings of large elements are shortened: what is drawn is the cost of messages, not of memory beyond the caches.
constexpr std::uint64_t kMostRingBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kLeastRing = 1024;

std::string batch_name(std::uint64_t batch) { return batch == 1 ? "single" : fmt::format("batch {}", batch); }

Plan cell(const Plan& like, const SweepLength& length, std::uint64_t elem) {
  Plan plan;
  plan.elem = elem;
  plan.size = std::max(kLeastRing, std::min(like.size, std::bit_floor(kMostRingBytes / elem)));
  plan.msgs = length.msgs;
  plan.duration = length.duration;
  plan.reps = length.reps;
  plan.wait = like.wait;
  plan.cpus = like.cpus;
  plan.cpus.resize(std::min<std::size_t>(plan.cpus.size(), 2));
  plan.shm_dir = like.shm_dir;
  return plan;
}

// The median of the cell with that name and size; 0 when it was not measured.
double delivered(const Result& result, std::string_view name, std::uint64_t elem) {
  for (const Series& series : result.sweep) {
    if (series.name == name && series.plan.elem == elem && series.plan.mode != Mode::rate) {
      return delivered_per_s(series).median / 1e6;
    }
  }
  return 0;
}

Chart throughput_chart(const Result& result) {
  Chart chart{"delivered, nothing lost", "bytes of a message", "million messages a second", {}, {}, count_label};
  for (const std::uint64_t elem : kSizes) chart.places.push_back(count_label(static_cast<double>(elem)));
  std::vector<std::string> names;
  for (const std::uint64_t batch : kBatches) names.push_back(batch_name(batch));
  names.emplace_back(kReference);
  for (const std::string& name : names) {
    Curve curve{name, {}};
    for (const std::uint64_t elem : kSizes) curve.values.push_back(delivered(result, name, elem));
    chart.curves.push_back(std::move(curve));
  }
  return chart;
}

Chart latency_chart(const Result& result) {
  Chart chart{"latency at a fixed rate, 64 bytes", "share of the messages", "send to receive", {}, {}, time_label};
  for (const Percentile& p : kPercentiles) chart.places.emplace_back(p.title);
  for (const Series& series : result.sweep) {
    if (series.plan.mode != Mode::rate) continue;
    const Histogram latency = total_of(series).latency;
    Curve curve{series.name, {}};
    for (const Percentile& p : kPercentiles) {
      curve.values.push_back(static_cast<double>(latency.percentile(p.percent)));
    }
    chart.curves.push_back(std::move(curve));
  }
  return chart;
}

std::vector<std::string> caption(const Result& result) {
  const Plan& plan = result.sweep.front().plan;
  const std::string each = plan.msgs ? cli::count_of(*plan.msgs, "message")
                                     : fmt::format("{} ms", plan.duration / std::chrono::milliseconds(1)) +
                                           " (at a fixed rate five times that)";
  return {
      fmt::format("slickq bench --plot. One producer and one consumer, two processes on CPU {}. Median of {} in turn,"
                  " {} each.",
                  fmt::join(plan.cpus, " and "), cli::count_of(plan.reps, "repetition"), each),
      "Every message is checked. reference: what SlickQueue does for each message, on the same bytes.",
      describe(result.machine)};
}

[[noreturn]] void cannot_write(const std::string& path, int error) { throw system_failure(path, "write", error); }

}  // namespace

void add_sweep(std::vector<Series>& series, const Plan& like, const SweepLength& length) {
  for (const std::uint64_t elem : kSizes) {
    for (const std::uint64_t batch : kBatches) {
      Plan plan = cell(like, length, elem);
      plan.batch = batch;
      series.push_back({batch_name(batch), plan});
    }
    series.push_back({std::string(kReference), reference_of(cell(like, length, elem))});
  }
  for (const double share : {0.1, 1.0}) {
    Plan plan = cell(like, length, 64);
    plan.mode = Mode::rate;
    plan.rate = like.rate * share;
    plan.duration *= 5;  // the rarest of ten thousand is to be among them
    series.push_back({fmt::format("{:.10g} messages/s", plan.rate), plan});
  }
}

void require_writable(const std::string& path) {
  // Asked, not tried: an interrupted run leaves no empty file.
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const bool exists = access(path.c_str(), F_OK) == 0;
  if (access(exists ? path.c_str() : folder.empty() ? "." : folder.c_str(), W_OK) != 0) cannot_write(path, errno);
}

void write_picture(const std::string& path, const Result& result) {
  constexpr double kWidth = 1040;
  constexpr double kPanels = 380;
  const std::vector<std::string> lines = caption(result);
  Svg svg(kWidth, kPanels + 24 + 18 * static_cast<double>(lines.size()));
  draw(svg, throughput_chart(result), {0, 8}, kWidth / 2, kPanels);
  draw(svg, latency_chart(result), {kWidth / 2, 8}, kWidth / 2, kPanels);
  double y = kPanels + 30;
  for (const std::string& line : lines) {
    svg.words({14, y}, line);
    y += 18;
  }
  std::ofstream file(path, std::ios::trunc);
  if (!(file << svg.text() << std::flush)) cannot_write(path, errno);
}

}  // namespace slickq::bench
