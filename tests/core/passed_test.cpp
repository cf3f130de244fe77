// What later laps gave up in held slots, against a plain list of what was told.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "slickq/passed.hpp"
#include "support/seed.hpp"

using slickq::Geometry;
using slickq::kMostRunSlots;
using slickq::kNoIndex;
using slickq::Layout;

namespace {

struct Run {
  std::uint64_t begin;
  std::uint64_t end;
};

/// The newest index of the slot of `held` that is in the ring when C is `reserved`, kNoIndex when that is `held`
/// itself.
std::uint64_t newest_of(const Geometry& geometry, std::uint64_t held, std::uint64_t reserved) {
  std::uint64_t newest = held;
  while (newest + geometry.capacity() < reserved) newest += geometry.capacity();
  return newest == held ? kNoIndex : newest;
}

/// Ranges of later laps, told in the order of their reservation or a little out of it.
void play(const Geometry& geometry, const Run& run, std::mt19937_64& random) {
  const std::uint64_t step = geometry.items_per_slot();
  std::uint64_t word = 0;
  std::vector<std::uint64_t> told;
  std::uint64_t reserved = run.end + random() % (3 * geometry.capacity());
  reserved -= reserved % step;
  for (int k = 0; k < 12; ++k) {
    const std::uint64_t size = step * (1 + random() % (geometry.capacity() / step));
    const std::uint64_t from = reserved;
    reserved += size;
    if (random() % 3 == 0) continue;  // in work, or published: nobody is told
    word = with_passed_range(word, geometry, run.begin, run.end, from, from + size);
    for (std::uint64_t at = from; at < from + size; at += step) told.push_back(at);
    std::uint32_t slot = 0;
    for (std::uint64_t held = run.begin; held < run.end; held += step, ++slot) {
      const std::uint64_t newest = newest_of(geometry, held, reserved);
      const bool was_told = newest != kNoIndex && newest >= held + geometry.capacity() &&
                            std::find(told.begin(), told.end(), newest) != told.end();
      REQUIRE(passed_index(word, geometry, held, slot, reserved) == (was_told ? newest : kNoIndex));
      if (newest != kNoIndex) REQUIRE(is_passed(word, geometry, held, slot, newest) == was_told);
    }
  }
}

}  // namespace

TEST_CASE(
    "of each held slot it is known whether what is newest there was given up, over laps and the end of the ring") {
  std::mt19937_64 random(test_support::seed());
  for (int round = 0; round < 20000; ++round) {
    const bool shares = random() % 2 == 0;
    const std::uint32_t step = shares ? 2 : 1;
    const std::uint64_t slots = std::uint64_t{2} << random() % 6;
    const auto geometry = Geometry::make(shares ? Layout::slq3 : Layout::slq1, slots * step, 8, step);
    const std::uint64_t begin = step * (random() % 1000);
    const std::uint64_t length =
        1 + random() % std::min<std::uint64_t>(kMostRunSlots, std::max(slots / 2, std::uint64_t{1}));
    play(geometry, {begin, begin + length * step}, random);
  }
}

TEST_CASE("somebody who held a slot of a tiny ring for more laps than the word counts is told right all the same") {
  const auto geometry = Geometry::make(Layout::slq1, 4, 8);
  for (const std::uint64_t lap : {std::uint64_t{0xFFFFFFFF}, std::uint64_t{1} << 32, (std::uint64_t{1} << 32) + 1}) {
    std::uint64_t word = with_passed_range(0, geometry, 1, 3, 1 + 4 * (lap - 2), 3 + 4 * (lap - 2));
    word = with_passed_range(word, geometry, 1, 3, 1 + 4 * (lap - 1), 2 + 4 * (lap - 1));
    word = with_passed_range(word, geometry, 1, 3, 2 + 4 * lap, 3 + 4 * lap);
    CHECK(passed_index(word, geometry, 1, 0, 1 + 4 * lap) == 1 + 4 * (lap - 1));
    CHECK(passed_index(word, geometry, 2, 1, 3 + 4 * lap) == 2 + 4 * lap);
  }
}

TEST_CASE("a lap that is told late, behind two newer ones, is out of the ring and forgotten") {
  std::uint64_t word = slickq::with_passed(0, 1, 5);
  word = slickq::with_passed(word, 2, 3);
  CHECK(word == slickq::with_passed(0, 1, 5));
  word = slickq::with_passed(word, 2, 4);
  const auto geometry = Geometry::make(Layout::slq1, 8, 8);
  CHECK(is_passed(word, geometry, 0, 0, 40));
  CHECK(is_passed(word, geometry, 1, 1, 33));
  CHECK_FALSE(is_passed(word, geometry, 1, 1, 25));
}
