// What the micro-benchmarks have in common: a queue of one's own, and a result that is checked.
//
// Thread safety: one thread.
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/temporary_queue.hpp"
#include "slickq/slickq.hpp"

namespace slickq::micro {

inline constexpr std::uint32_t kBatch = 16;
inline constexpr std::uint64_t kSize = 65536;

/// Ends the benchmark, and makes the program's exit code 1, when `good` is not what an operation gave.
inline bool require(benchmark::State& state, bool good, const char* what);
/// Did any require() fail?
bool has_failed() noexcept;
void note_failure() noexcept;

inline bool require(benchmark::State& state, bool good, const char* what) {
  if (good) [[likely]]
    return true;
  note_failure();
  state.SkipWithError(what);
  return false;
}

/// A shared queue without a name: nothing of it is left whatever happens.
class Nameless {
 public:
  explicit Nameless(std::uint64_t element_bytes, std::uint64_t size = kSize);
  Queue& queue() noexcept { return temporary_.queue(); }

 private:
  bench::TemporaryQueue temporary_;
};

/// The name of a queue that is removed when the benchmark ends, on Ctrl-C as well. One at a time.
class Named {
 public:
  Named();
  ~Named();
  Named(const Named&) = delete;
  Named& operator=(const Named&) = delete;
  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
};

/// So many bytes, each different from its neighbours.
std::vector<std::byte> message_of(std::size_t bytes);

/// `producer` has pushed `count` items; false when one was refused.
bool fill(Producer& producer, std::uint64_t count, std::size_t element_bytes);

/// The sizes of message that are measured.
inline void sizes(benchmark::internal::Benchmark* benchmark) {
  for (const int bytes : {8, 64, 256}) benchmark->Arg(bytes);
}

}  // namespace slickq::micro
