// What the demo's producer and consumer exchange, and how both of them stop.
#pragma once

#include <csignal>
#include <cstdint>

namespace demo {

/// One price. `sequence` counts from 1 per producer, so that a consumer can tell order and loss from the
/// content.
struct Tick {
  std::uint64_t sequence;
  std::int64_t sent_ns;  ///< CLOCK_MONOTONIC, the same for all processes of a machine
  double price;
  std::uint32_t quantity;
  std::uint32_t producer;  ///< its process id
  char symbol[32];
};
static_assert(sizeof(Tick) == 64);

inline volatile std::sig_atomic_t stopping = 0;

/// SIGINT and SIGTERM set `stopping`; the loops look at it and leave in order.
inline void stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stopping = 1; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace demo
