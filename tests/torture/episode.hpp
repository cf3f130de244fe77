// One episode: two queues of one layout, all roles on them, the daemon beside them, blows from the plan, and the
// account of it.
//
// Thread safety: one thread. Every process it starts dies with it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "plan.hpp"

namespace torture {

struct Totals {
  std::uint64_t published = 0;
  std::uint64_t received = 0;  ///< items, over all readers
  std::uint64_t lost = 0;      ///< indexes
  std::uint64_t skipped = 0;
  std::uint64_t doubtful = 0;  ///< begun by a producer that was killed before it knew
  std::uint64_t deaths = 0;
  std::uint64_t repairs = 0;
  std::uint64_t torn = 0;
  std::uint64_t stained = 0;
  std::uint64_t detours = 0;
  std::uint64_t late = 0;

  void add(const Totals& other);
};

struct Outcome {
  Totals totals;
  std::vector<std::string> faults;
};

/// What the director is at: for the watchdog's last words.
const char* phase();

Outcome run_episode(const EpisodePlan& plan);

}  // namespace torture
