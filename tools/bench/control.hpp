// The memory that the processes of one repetition share besides the queue: who has come how far, and what they report.
//
// Thread safety: lines and counters are for any process at once; a Report and a Histogram are written by their worker
// alone and read by others after the stage that ends its part.
// Invariants: whatever one process polls or writes during the measurement lies on cache lines of its own. 128 bytes,
// because neighbouring lines of 64 are fetched in pairs.
// Crash: anonymous memory; it goes with the last process.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "histogram.hpp"
#include "slickq/cursor.hpp"
#include "tally.hpp"

namespace slickq::bench {

inline constexpr std::uint32_t kMostWorkers = 64;  ///< producers, and consumers, of one run
inline constexpr std::size_t kLine = 128;

inline std::uint64_t now_ns() noexcept {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
}

/// A number on a line of its own; a cursor, so that producers may respect it.
struct alignas(kLine) Line {
  std::uint64_t value = 0;
  AtomicCursor cursor() noexcept { return AtomicCursor(&value); }
};

struct alignas(kLine) Counter {
  std::atomic<std::uint32_t> value{0};
};

/// What one worker tells of its measured part. Times in nanoseconds of the steady clock.
struct alignas(kLine) Report : Tally {
  std::uint64_t started = 0;
  std::uint64_t ended = 0;
  std::uint64_t sent = 0;  ///< messages
  double cpu_s = 0;
  std::array<char, 512> failure{};  ///< why it gave up, empty when it did not
};

enum class Part : std::uint8_t { warm_up, measured };

struct Control {
  Counter opened;                         ///< workers that have all they need
  Counter go;                             ///< 1: begin
  Counter warm;                           ///< workers that have warmed up
  std::array<Counter, 2> done;            ///< producers that have sent their last message, by Part
  std::array<Line, 2> bare;               ///< the two lines of the bare ping-pong
  std::array<Line, kMostWorkers> credit;  ///< how far each consumer is
  std::array<Line, kMostWorkers> sent;    ///< messages each producer has sent since the beginning; set before `done`
  std::array<Report, 2 * kMostWorkers> reports;
  std::array<Histogram, kMostWorkers> latency;  ///< by consumer
};

/// A Control in anonymous memory that fork() hands on.
class SharedControl {
 public:
  SharedControl();
  ~SharedControl();
  SharedControl(const SharedControl&) = delete;
  SharedControl& operator=(const SharedControl&) = delete;
  Control& operator*() const noexcept { return *at_; }
  Control* operator->() const noexcept { return at_; }

 private:
  Control* at_;
};

/// Somebody waits for another process: burns the core, or lets others run on it when there are too few.
void hold(bool crowded) noexcept;

/// release: pairs with the acquire in wait_for().
inline void arrive(Counter& counter) noexcept { counter.value.fetch_add(1, std::memory_order_release); }
inline bool have_arrived(const Counter& counter, std::uint32_t count) noexcept {
  return counter.value.load(std::memory_order_acquire) >= count;
}
void wait_for(const Counter& counter, std::uint32_t count, bool crowded) noexcept;

}  // namespace slickq::bench
