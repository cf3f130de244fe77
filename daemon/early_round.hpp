// When to make a round out of turn because something changed.
//
// Thread safety: a pure function.
#pragma once

#include <algorithm>
#include <chrono>

#include "clock.hpp"

namespace slickqd {

struct LastRound {
  Monotonic finished{};
  Monotonic::duration cost{};
};

/// A moment later, so that a burst of changes (a removal renames before it unlinks) is one round; and never so often
/// that early rounds take more than 1/kShare of the time, or come more often than each kApart.
inline Monotonic early_round_at(Monotonic now, const LastRound& last) {
  constexpr std::chrono::milliseconds kSettle{10};
  constexpr std::chrono::milliseconds kApart{100};
  constexpr int kShare = 20;
  return std::max(now + kSettle, last.finished + std::max<Monotonic::duration>(kApart, last.cost * kShare));
}

}  // namespace slickqd
