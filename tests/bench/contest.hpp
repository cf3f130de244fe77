// The contest: everybody in turn, again and again, each repetition with fresh workers, a fresh queue and every check.
//
// Thread safety: one thread.
// Crash: no queue has a name while it runs; workers die with this process.
#pragma once

#include <string>
#include <vector>

#include "bench/series.hpp"
#include "contestants.hpp"

namespace slickq::peers {

struct Entry {
  const Contestant* contestant;
  Plan plan;  ///< its own: size of message, batch, capacity
  std::string remark{};
  unsigned rest = 1;  ///< Link::rest, of a peer
  std::vector<bench::Sample> samples{};

  /// Delivered messages a second.
  bench::Spread speed() const;
  /// Delivered bytes a second, of the median.
  double bytes_per_s() const { return speed().median * static_cast<double>(plan.elem); }
  /// All repetitions together.
  bench::Sample total() const;
};

struct Skipped {
  const Contestant* contestant;
  std::string reason;
};

struct Contest {
  Plan plan;  ///< what all have in common
  std::vector<Entry> entries{};
  std::vector<Skipped> skipped{};
};

/// Sorts out who cannot be had here.
Contest prepare(const Plan& plan, const std::vector<const Contestant*>& chosen);

/// Sets each peer's rest to what it is fastest with, found by short runs of several. Throws as run().
void tune(Contest& contest, const bench::Progress& progress);

/// Throws Error naming the contestant when a worker fails or a check does not hold; Interrupted.
void run(Contest& contest, const bench::Progress& progress);

}  // namespace slickq::peers
