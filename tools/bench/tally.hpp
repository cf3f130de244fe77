// What consumers count: summed up over the consumers of a repetition, and over repetitions.
//
// Thread safety: a value.
#pragma once

#include <cstdint>

namespace slickq::bench {

struct Tally {
  std::uint64_t received = 0;  ///< messages, each checked
  std::uint64_t missing = 0;   ///< messages that did not come: received + missing == sent, for each consumer
  std::uint64_t torn = 0;      ///< messages
  std::uint64_t lost = 0;      ///< elements, by the consumer's own account
  std::uint64_t skipped = 0;   ///< elements
  std::uint64_t distance = 0;  ///< elements the cursor moved: received + lost + skipped

  void add(const Tally& other) noexcept {
    received += other.received;
    missing += other.missing;
    torn += other.torn;
    lost += other.lost;
    skipped += other.skipped;
    distance += other.distance;
  }
};

}  // namespace slickq::bench
