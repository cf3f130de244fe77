// Everything at once on every layout: producers and readers of all kinds, each a process, killed and stopped at random,
// repaired meanwhile, watched by slickqd, which is killed, too. At the end every published item is accounted for.
//
//   torture [--for 60s] [--seed N] [--layout slq1] [--plan]
//
// The time may come from SLICKQ_TORTURE_FOR, the seed from SLICKQ_TEST_SEED. It is divided among the layouts in turn,
// in episodes; one seed gives the same episodes with the same queues, roles and blows. --plan prints them.
// Exit code: 0 when nothing is wrong, 1 when something is, 2 for a wrong argument.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include "episode.hpp"
#include "support/seed.hpp"
#include "support/shm_dir.hpp"

namespace {

using slickq::Layout;
using torture::milliseconds;

constexpr std::array<Layout, 6> kLayouts{Layout::wide, Layout::packed, Layout::slq0,
                                         Layout::slq1, Layout::slq2,   Layout::slq3};
constexpr milliseconds kLongestEpisode(2000);

struct Options {
  milliseconds duration{10000};
  std::uint64_t seed = test_support::seed();
  std::optional<Layout> layout;
  bool plan = false;
};

milliseconds parse_duration(const std::string& text) {
  char* unit = nullptr;
  const double number = std::strtod(text.c_str(), &unit);
  const std::map<std::string, double> units{{"ms", 1}, {"s", 1000}, {"", 1000}, {"m", 60000}, {"h", 3600000}};
  const auto found = units.find(unit);
  if (found == units.end() || !(number > 0)) {
    std::fprintf(stderr, "torture: %s is no time; try 60s\n", text.c_str());
    std::exit(2);
  }
  return milliseconds(static_cast<long>(number * found->second));
}

Options parse(int argc, char** argv) {
  Options options;
  if (const char* text = std::getenv("SLICKQ_TORTURE_FOR")) options.duration = parse_duration(text);
  for (int k = 1; k < argc; ++k) {
    const std::string key = argv[k];
    const std::string value = k + 1 < argc ? argv[k + 1] : "";
    if (key == "--plan") {
      options.plan = true;
      continue;
    }
    if (key == "--for") options.duration = parse_duration(value);
    if (key == "--seed") options.seed = std::strtoull(value.c_str(), nullptr, 10);
    if (key == "--layout") options.layout = slickq::parse_layout(value);
    if ((key != "--for" && key != "--seed" && key != "--layout") || value.empty() ||
        (key == "--layout" && !options.layout)) {
      std::fprintf(stderr,
                   "usage: torture [--for 60s] [--seed N] [--layout wide|packed|slq0|slq1|slq2|slq3] [--plan]\n");
      std::exit(2);
    }
    ++k;
  }
  return options;
}

void on_watchdog(int) {
  char text[160];
  const int length =
      std::snprintf(text, sizeof text, "torture: the watchdog ended a run that stands still at %s\n", torture::phase());
  if (length < 0 || write(STDOUT_FILENO, text, static_cast<std::size_t>(length)) < 0) _exit(1);
  _exit(1);  // the processes die with their parent
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  setvbuf(stdout, nullptr, _IOLBF, 0);
  test_support::remove_abandoned_shm_dirs();
  std::signal(SIGALRM, on_watchdog);
  std::printf("torture: seed %lu (--seed repeats the episodes)\n", options.seed);

  const std::size_t layouts = options.layout ? 1 : kLayouts.size();
  const auto rounds =
      std::max<long>((options.duration / layouts + kLongestEpisode - milliseconds(1)) / kLongestEpisode, 1);
  const milliseconds length = options.duration / (static_cast<long>(layouts) * rounds);
  std::map<Layout, torture::Totals> totals;
  torture::Dice seeds(options.seed);
  bool good = true;
  for (long number = 0; number < rounds * static_cast<long>(layouts); ++number) {
    const Layout layout = options.layout.value_or(kLayouts[static_cast<std::size_t>(number) % kLayouts.size()]);
    const auto plan = torture::plan_episode(seeds.next(), layout, length);
    if (options.plan) {
      std::printf("episode %ld, %s\n", number, std::string(slickq::to_string(layout)).c_str());
      torture::print(plan);
    }
    alarm(static_cast<unsigned>(length.count() / 1000) + 150);
    torture::Outcome outcome;
    try {
      outcome = torture::run_episode(plan);
    } catch (const std::exception& error) {
      outcome.faults.push_back(error.what());
    }
    totals[layout].add(outcome.totals);
    for (const std::string& fault : outcome.faults) {
      good = false;
      std::printf("torture: episode %ld, %s: %s\n", number, std::string(slickq::to_string(layout)).c_str(),
                  fault.c_str());
    }
  }
  for (const auto& [layout, sum] : totals) {
    std::printf(
        "%-6s published %lu (and %lu in doubt), received %lu, lost %lu, skipped %lu, deaths %lu, repairs %lu, "
        "detours %lu, late %lu, stained %lu, torn %lu\n",
        std::string(slickq::to_string(layout)).c_str(), sum.published, sum.doubtful, sum.received, sum.lost,
        sum.skipped, sum.deaths, sum.repairs, sum.detours, sum.late, sum.stained, sum.torn);
  }
  std::printf("torture: %s\n", good ? "every item is accounted for" : "FAILED; --seed repeats the episodes");
  return good ? 0 : 1;
}
