// What the processes of one queue write down for the director, in memory they all share.
//
// Thread safety: each record has one writer, the living process of that role; bits and faults are written by anyone.
// Crash: a process dies at any instruction, and what it wrote is read afterwards. So a producer says what it BEGINS
// before it pushes and what is DONE behind it: what lies between is in doubt, and no more than that. A reader writes
// its whole tally beside the last one and then turns a switch: what is read is of one moment.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>

#include "item.hpp"
#include "support/bits.hpp"

namespace torture {

using test_support::Bits;
inline constexpr std::uint64_t kMostIndexes = Bits::kMost;  // slots an episode may use up
inline constexpr std::uint32_t kMostReaders = 4;

struct alignas(64) ProducerRecord {
  std::atomic<std::uint64_t> begun{0};  ///< sequences below may be in the ring
  std::atomic<std::uint64_t> done{0};   ///< sequences below are pushed, but for those of a killed life in doubt
  std::atomic<std::uint64_t> published{0};
  std::atomic<std::uint64_t> detours{0};
  std::atomic<std::uint64_t> late{0};
  std::atomic<std::uint64_t> timeouts{0};
  std::atomic<bool> seated{false};  ///< the line is taken, or found taken
  std::atomic<bool> fall{false};    ///< die at the next reservation
};

struct Tally {
  std::uint64_t start = 0;
  std::uint64_t cursor = 0;
  std::uint64_t items = 0;
  std::uint64_t received = 0;  ///< indexes, as lost and skipped
  std::uint64_t lost = 0;
  std::uint64_t skipped = 0;
};

struct alignas(64) ReaderRecord {
  void put(const Tally& tally) {
    const std::uint32_t other = 1 - now.load(std::memory_order_relaxed);
    tallies[other] = tally;
    now.store(other, std::memory_order_release);
  }
  const Tally& get() const { return tallies[now.load(std::memory_order_acquire)]; }

  std::array<Tally, 2> tallies{};
  std::atomic<std::uint32_t> now{0};
};

/// What must never happen, and what happens to items beside a writer without a journal line (`stained`).
enum class Fault : std::uint32_t {
  torn,
  disordered,
  twice,
  foreign,
  abandoned,
  published_and_skipped,
  sum,
  held_up,
  reset,
  unregistered,
  exhausted,
  loss,
  failed,
  let_in,
  stained,
  count
};
inline constexpr std::array<const char*, static_cast<std::size_t>(Fault::count)> kFaultNames{
    "torn",
    "out of order",
    "delivered twice",
    "never begun by its producer",
    "abandoned but delivered",
    "published, neither delivered nor lost",
    "received + lost + skipped is not the way of the cursor",
    "held up by the dead",
    "reset without one",
    "no journal line for a producer that needs one",
    "used more indexes than the test can count",
    "lost although producers wait",
    "failed",
    "let in beside the only producer",
    "stained"};

/// Plain words, in one mapping.
struct Board {
  void fault(Fault what, std::uint64_t index, const char* who) {
    const auto k = static_cast<std::size_t>(what);
    if (faults[k].fetch_add(1) == 0) std::snprintf(first[k], sizeof first[k], "%s, index %lu", who, index);
  }

  std::array<ProducerRecord, kMostProducers> producers;
  std::array<ReaderRecord, 2 * kMostReaders> readers;  ///< own cursors first, then the shared cursor's
  std::atomic<std::uint64_t> repairs{0};
  std::atomic<std::uint64_t> original_items{0};
  std::atomic<bool> stop_producing{false};
  std::atomic<bool> stop_repairing{false};
  std::atomic<std::uint64_t> end{~std::uint64_t{0}};  ///< C, when nobody will reserve or repair any more
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Fault::count)> faults{};
  char first[static_cast<std::size_t>(Fault::count)][96]{};
};

}  // namespace torture
