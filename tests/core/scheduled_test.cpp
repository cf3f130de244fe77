// The ring under a seeded scheduler: thousands of interleavings of producers, consumers and a repairer on rings of 1 to
// 8 elements, with deaths at any step, for every layout. The same with the declared only producer. A failing seed is
// printed; SLICKQ_TEST_SEED repeats it.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "ring_world.hpp"
#include "support/seed.hpp"

using ring_test::Flaw;
using ring_test::Play;
using ring_test::Scheduler;
using ring_test::Shape;
using ring_test::World;
using slickq::Layout;

namespace {

// The sanitizer makes a step ten times as long.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kSeeds = 200;
#else
constexpr std::uint64_t kSeeds = 2000;
#endif

struct Layered {
  Layout layout;
  std::uint32_t items_per_slot;
};

std::vector<Shape> all_shapes() {
  std::vector<Shape> shapes;
  for (const Layered& l : {Layered{Layout::wide, 1}, Layered{Layout::packed, 1}, Layered{Layout::slq0, 1},
                           Layered{Layout::slq1, 1}, Layered{Layout::slq0, 2}, Layered{Layout::slq1, 2}}) {
    for (std::uint32_t capacity = l.items_per_slot; capacity <= 8; capacity *= 2) {
      shapes.push_back({l.layout, l.items_per_slot, capacity});
    }
  }
  return shapes;
}

Scheduler& scheduler() {
  static Scheduler one;
  return one;
}

std::string describe(const Shape& shape, std::uint64_t seed, const std::string& failure) {
  return slickq::Geometry::make(shape.layout, shape.capacity, 16, shape.items_per_slot).describe() + ", seed " +
         std::to_string(seed) + ": " + failure;
}

/// A flaw, and how it must show: any other contradiction might be an accident of the way it was put in.
struct Mistake {
  Flaw flaw;
  const char* name;
  const char* sign;
  bool rare = false;  ///< too rare for the tenth of the runs that there is with a sanitizer
  Play play = Play::several;
};
constexpr Mistake kMistakes[] = {
    {Flaw::no_detour, "no detour", "torn"},
    {Flaw::no_c_check, "no C check", "torn"},
    {Flaw::upward_marks, "marks upwards", "neither delivered nor lost", true},
    {Flaw::blind_marks, "marks without looking", "a slot moved backwards"},
    {Flaw::blind_publish, "publishes without looking", "a slot moved backwards"},
    {Flaw::marks_beyond_c, "marks beyond C", "beyond C"},
    {Flaw::hides_markers, "hides markers", "stuck", true},
    {Flaw::writes_first, "the only producer writes first", "torn", false, Play::alone},
    {Flaw::says_nothing, "the only producer says nothing", "stuck", false, Play::alone},
    {Flaw::bound_ahead, "the only producer says too much", "stuck", false, Play::alone},
    {Flaw::index_first, "the only producer's index before the size", "torn", false, Play::alone},
};

/// What happened in many runs together.
struct Sums {
  std::uint64_t detours = 0;
  std::uint64_t late = 0;
  std::uint64_t repaired = 0;
  std::uint64_t lost = 0;
  std::uint64_t steps = 0;
  std::uint64_t hidden = 0;
  std::uint64_t unchecked = 0;
};

Sums run_all(const Shape& shape, Play play, std::uint64_t seeds) {
  Sums sums;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t k = 0; k < seeds; ++k) {
    const std::uint64_t seed = test_support::seed() + k;
    World world(scheduler(), shape, seed, Flaw::none, play);
    const std::string failure = world.run();
    REQUIRE_MESSAGE(failure.empty(), describe(shape, seed, failure));
    sums.detours += world.detours();
    sums.late += world.late();
    sums.repaired += world.repaired();
    sums.lost += world.lost();
    sums.hidden += world.hidden_markers();
    sums.unchecked += world.unchecked();
    sums.steps += scheduler().steps();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  MESSAGE(describe(shape, seeds, "") << sums.steps << " steps in " << took.count() << " s, detours " << sums.detours
                                     << ", late " << sums.late << ", repaired " << sums.repaired << ", lost "
                                     << sums.lost << ", hidden markers " << sums.hidden << ", looks without a check "
                                     << sums.unchecked);
  return sums;
}

// The number of runs until the flaw shows; 0: it never did.
std::uint64_t runs_until_found(const Mistake& mistake, std::string& failure) {
  std::uint64_t runs = 0;
  for (std::uint64_t k = 0; k < kSeeds; ++k) {
    for (const Shape& shape : all_shapes()) {
      ++runs;
      World world(scheduler(), shape, test_support::seed() + k, mistake.flaw, mistake.play);
      failure = world.run();
      if (failure.find(mistake.sign) != std::string::npos) return runs;
    }
  }
  return 0;
}

}  // namespace

TEST_CASE("no interleaving and no death breaks a promise of the ring, in any layout") {
  std::uint64_t all_hidden = 0;
  for (const Shape& shape : all_shapes()) {
    const Sums sums = run_all(shape, Play::several, kSeeds);
    all_hidden += sums.hidden;
    // Runs in which nothing happens would prove nothing.
    CHECK(sums.detours > 0);
    CHECK(sums.lost > 0);
    CHECK(sums.unchecked > 0);
    if (shape.capacity > shape.items_per_slot) CHECK(sums.repaired > 0);
  }
  CHECK(all_hidden > 0);
}

TEST_CASE("no interleaving and no death of the declared only producer does, and of its successors") {
  for (const Shape& shape : all_shapes()) {
    const Sums sums = run_all(shape, Play::alone, kSeeds / 2);
    CHECK(sums.hidden == 0);
    CHECK(sums.late == 0);
    CHECK(sums.lost > 0);
    CHECK(sums.unchecked > 0);
    if (shape.capacity > shape.items_per_slot) CHECK(sums.repaired > 0);
  }
}

TEST_CASE("each mistake put in on purpose is found within the same number of runs") {
  for (const Mistake& mistake : kMistakes) {
    if (mistake.rare && kSeeds < 2000) continue;
    std::string failure;
    const std::uint64_t runs = runs_until_found(mistake, failure);
    CHECK_MESSAGE(runs != 0, std::string(mistake.name));
    MESSAGE(std::string(mistake.name) << ": found in run " << runs << ", " << failure);
  }
}

TEST_CASE("the same seed gives the same run to the last step") {
  for (const Shape& shape : all_shapes()) {
    std::uint64_t steps[2];
    std::uint64_t lost[2];
    for (int k = 0; k < 2; ++k) {
      World world(scheduler(), shape, test_support::seed(), Flaw::none);
      CHECK(world.run() == "");
      steps[k] = scheduler().steps();
      lost[k] = world.lost();
    }
    CHECK(steps[0] == steps[1]);
    CHECK(lost[0] == lost[1]);
  }
}
