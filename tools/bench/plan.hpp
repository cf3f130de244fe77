// What is to be measured: one configuration of the benchmark, checked.
//
// Thread safety: a value.
// Invariant: what check() let pass can be run; workers rely on it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slickq/geometry.hpp"
#include "slickq/producer.hpp"
#include "slickq/wait.hpp"

namespace slickq::bench {

enum class Mode : std::uint8_t {
  paced,      ///< lossless: producers wait for the slowest consumer
  flood,      ///< producers never wait; loss is part of the result
  pingpong,   ///< one message in flight, there and back
  rate,       ///< open loop: each message has its time, whether the last one is through or not
  reference,  ///< paced, by what the original does for each message
  bare        ///< two cache lines there and back: what the machine can do; goes with pingpong
};

enum class ReadKind : std::uint8_t { copy, zero_copy };

std::string_view to_string(Mode mode) noexcept;
std::string_view to_string(ProducerMode kind) noexcept;
std::string_view to_string(ReadKind kind) noexcept;
std::string_view to_string(Wait::Kind kind) noexcept;
// What the flags of these names take; Error(invalid_argument) with the nearest word.
Mode parse_mode_of_bench(std::string_view flag, std::string_view text);
ProducerMode parse_producer_kind(std::string_view flag, std::string_view text);
ReadKind parse_read_kind(std::string_view flag, std::string_view text);
Layout parse_bench_layout(std::string_view flag, std::string_view text);
Wait::Kind parse_wait(std::string_view flag, std::string_view text);

struct Plan {
  Mode mode = Mode::paced;
  std::uint64_t producers = 1;
  std::uint64_t consumers = 1;
  ProducerMode producer = ProducerMode::multi;
  std::uint64_t batch = 1;
  std::uint64_t burst = 1;
  ReadKind read = ReadKind::copy;
  std::uint64_t elem = 64;
  std::uint64_t size = 65536;
  Layout layout = Layout::slq1;
  std::optional<std::uint64_t> msgs{};  ///< messages of all producers together, a repetition
  std::chrono::nanoseconds duration = std::chrono::milliseconds(500);  ///< of a repetition, without msgs
  double rate = 1e6;                                                   ///< messages a second, of all producers
  std::uint64_t reps = 10;
  Wait::Kind wait = Wait::Kind::spin;
  std::vector<int> cpus{};  ///< worker k runs on cpus[k % size]; producers first
  std::string shm_dir{};

  std::uint64_t workers() const noexcept { return producers + consumers; }
  /// More workers than CPUs: who waits must let others run.
  bool crowded() const noexcept;
  /// Messages that go by one call or one reservation.
  std::uint64_t unit() const noexcept { return batch > burst ? batch : burst; }
  bool is_lossless() const noexcept { return mode != Mode::flood && mode != Mode::rate; }
  Geometry geometry() const { return Geometry::make(layout, size, elem); }
  Wait waiting() const noexcept;
};

/// Throws Error(invalid_argument) with the flag, the reason and the nearest that works.
void check(const Plan& plan);

/// The same messages by the reference path.
Plan reference_of(Plan plan);

}  // namespace slickq::bench
