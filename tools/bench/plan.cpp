#include "plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "../did_you_mean.hpp"
#include "control.hpp"
#include "payload.hpp"
#include "slickq/error.hpp"

namespace slickq::bench {
namespace {

template <class Value>
struct Word {
  Value value;
  std::string_view text;
};

constexpr std::array kModes{Word<Mode>{Mode::paced, "paced"},         Word<Mode>{Mode::flood, "flood"},
                            Word<Mode>{Mode::pingpong, "pingpong"},   Word<Mode>{Mode::rate, "rate"},
                            Word<Mode>{Mode::reference, "reference"}, Word<Mode>{Mode::bare, "bare"}};
constexpr std::array kProducers{Word<ProducerMode>{ProducerMode::multi, "multi"},
                                Word<ProducerMode>{ProducerMode::single, "single"}};
constexpr std::array kReads{Word<ReadKind>{ReadKind::copy, "copy"}, Word<ReadKind>{ReadKind::zero_copy, "zero-copy"}};
constexpr std::array kLayouts{Word<Layout>{Layout::slq1, "slq1"}, Word<Layout>{Layout::slq0, "slq0"},
                              Word<Layout>{Layout::packed, "packed"}, Word<Layout>{Layout::wide, "wide"}};
constexpr std::array kWaits{Word<Wait::Kind>{Wait::Kind::spin, "spin"}, Word<Wait::Kind>{Wait::Kind::yield, "yield"},
                            Word<Wait::Kind>{Wait::Kind::backoff, "backoff"},
                            Word<Wait::Kind>{Wait::Kind::block, "block"}};

template <class Value, std::size_t N>
std::string_view text_of(const std::array<Word<Value>, N>& words, Value value) noexcept {
  for (const auto& word : words) {
    if (word.value == value) return word.text;
  }
  return "?";
}

template <class Value, std::size_t N>
Value value_of(const std::array<Word<Value>, N>& words, std::string_view flag, std::string_view text) {
  std::vector<std::string> known;
  for (const auto& word : words) {
    if (word.text == text) return word.value;
    known.emplace_back(word.text);
  }
  const std::string meant = cli::did_you_mean(text, known);
  throw Error(Errc::invalid_argument, std::string(flag),
              fmt::format("'{}' is none of {}", text, fmt::join(known, ", ")), meant);
}

[[noreturn]] void refuse(std::string_view flag, std::string cause, std::string remedy = {}) {
  throw Error(Errc::invalid_argument, std::string(flag), std::move(cause), std::move(remedy));
}

struct Limit {
  std::string_view flag;
  std::uint64_t value;
  std::uint64_t least;
  std::uint64_t most;
};

void check_numbers(const Plan& plan) {
  constexpr std::uint64_t kMany = std::uint64_t{1} << 40;
  const std::array limits{Limit{"--producers", plan.producers, 1, kMostWorkers},
                          Limit{"--consumers", plan.consumers, 1, kMostWorkers},
                          Limit{"--batch", plan.batch, 1, 65536},
                          Limit{"--burst", plan.burst, 1, 65536},
                          Limit{"--msgs", plan.msgs.value_or(1), 1, kMany},
                          Limit{"--reps", plan.reps, 1, 100'000}};
  for (const Limit& limit : limits) {
    if (limit.value >= limit.least && limit.value <= limit.most) continue;
    refuse(limit.flag, fmt::format("'{}' is not in {}..{}", limit.value, limit.least, limit.most),
           fmt::format("nearest: {} {}", limit.flag, limit.value < limit.least ? limit.least : limit.most));
  }
}

void check_element(const Plan& plan) {
  const std::uint32_t least = plan.mode == Mode::rate ? kStampedBytes : kWordBytes;
  if (plan.elem >= least) return;
  const std::string_view what = plan.mode == Mode::rate ? "its number and the time it was to be sent" : "its number";
  refuse("--elem", fmt::format("'{}' is too small: each message carries {}, {} bytes", plan.elem, what, least),
         fmt::format("nearest: --elem {}", least));
}

// What some modes have no use for.
void check_combination(const Plan& plan) {
  const std::string mode(to_string(plan.mode));
  if (plan.batch > 1 && plan.burst > 1) {
    refuse("--burst", "does not go with --batch: both say how many messages a reservation has",
           "a batch is pushed by one call, a burst message by message: choose one");
  }
  if (plan.producer == ProducerMode::single && plan.producers > 1) {
    refuse("--producer",
           fmt::format("'single' declares that there is one producer, --producers says {}", plan.producers),
           "use --producer multi, or --producers 1");
  }
  const bool one_by_one = plan.mode == Mode::pingpong || plan.mode == Mode::rate || plan.mode == Mode::reference;
  if (one_by_one && plan.unit() > 1) {
    refuse(plan.batch > 1 ? "--batch" : "--burst", fmt::format("mode {} sends message by message", mode),
           "use --mode paced or --mode flood");
  }
  if (plan.mode == Mode::pingpong && plan.workers() != 2) {
    refuse(plan.producers > 1 ? "--producers" : "--consumers", "mode pingpong has one message, between two processes",
           "use --mode rate to measure latency with more");
  }
  if (plan.mode != Mode::reference) return;
  if (plan.layout != Layout::slq1) {
    refuse("--layout",
           fmt::format("mode reference is the original's way on slq1, not on {}", slickq::to_string(plan.layout)),
           "use --layout slq1");
  }
  if (plan.read == ReadKind::zero_copy) refuse("--read", "mode reference copies", "use --read copy");
  if (plan.producer == ProducerMode::single) {
    refuse("--producer", "mode reference reserves as the original does, for any number of producers",
           "use --producer multi");
  }
}

void check_room(const Plan& plan) {
  try {
    (void)plan.geometry();
  } catch (const Error& error) {
    refuse(error.object().starts_with("element") ? "--elem" : "--size",
           fmt::format("{}: {}", error.object(), error.cause()), error.remedy());
  }
  // Every producer may be one reservation ahead of what it knew, and half of the ring is to be in use.
  const std::uint64_t need = std::bit_ceil(2 * (plan.producers + 1) * plan.unit());
  if (plan.size < need) {
    refuse("--size",
           fmt::format("'{}' is too small for {} producers that reserve {} elements at a time", plan.size,
                       plan.producers, plan.unit()),
           fmt::format("nearest: --size {}", need));
  }
}

}  // namespace

std::string_view to_string(Mode mode) noexcept { return text_of(kModes, mode); }
std::string_view to_string(ProducerMode kind) noexcept { return text_of(kProducers, kind); }
std::string_view to_string(ReadKind kind) noexcept { return text_of(kReads, kind); }
std::string_view to_string(Wait::Kind kind) noexcept { return text_of(kWaits, kind); }

Mode parse_mode_of_bench(std::string_view flag, std::string_view text) {
  std::array<Word<Mode>, kModes.size() - 1> offered{};  // the last, bare, comes with pingpong
  for (std::size_t k = 0; k < offered.size(); ++k) offered[k] = kModes[k];
  return value_of(offered, flag, text);
}
ProducerMode parse_producer_kind(std::string_view flag, std::string_view text) {
  return value_of(kProducers, flag, text);
}
ReadKind parse_read_kind(std::string_view flag, std::string_view text) { return value_of(kReads, flag, text); }
Layout parse_bench_layout(std::string_view flag, std::string_view text) { return value_of(kLayouts, flag, text); }
Wait::Kind parse_wait(std::string_view flag, std::string_view text) { return value_of(kWaits, flag, text); }

Wait Plan::waiting() const noexcept {
  switch (wait) {
    case Wait::Kind::spin: return crowded() ? Wait::yield() : Wait::spin();
    case Wait::Kind::yield: return Wait::yield();
    case Wait::Kind::backoff: return Wait::backoff();
    case Wait::Kind::block: return Wait::block();
  }
  return Wait::yield();
}

bool Plan::crowded() const noexcept {
  std::size_t distinct = 0;  // a CPU may have been given twice
  for (auto cpu = cpus.begin(); cpu != cpus.end(); ++cpu) {
    if (std::find(cpus.begin(), cpu, *cpu) == cpu) ++distinct;
  }
  return workers() > distinct;
}

void check(const Plan& plan) {
  check_numbers(plan);
  check_combination(plan);
  check_element(plan);
  check_room(plan);
}

Plan reference_of(Plan plan) {
  plan.mode = Mode::reference;
  plan.batch = plan.burst = 1;
  plan.read = ReadKind::copy;
  plan.producer = ProducerMode::multi;
  plan.layout = Layout::slq1;
  return plan;
}

}  // namespace slickq::bench
