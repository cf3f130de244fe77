// Markers under late items, where several laps stand still at once. The orders of steps are those that the model of the
// protocol (tests/model) found.
#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "slickq/queue.hpp"
#include "slickq/recovery.hpp"
#include "slickq/writer.hpp"

using slickq::Claim;
using slickq::Geometry;
using slickq::Journal;
using slickq::kNoIndex;
using slickq::Layout;
using slickq::Look;
using slickq::Owner;
using slickq::Queue;
using slickq::RepairPlan;
using slickq::Ring;
using slickq::Writer;

namespace {

constexpr std::uint64_t kRing = 4;

/// Three producers on a ring of 4 slots, line k the k-th one's.
struct Scene {
  Scene() : queue(Queue::local(Geometry::make(Layout::slq1, kRing, 8))), journal(queue.annex(), queue.geometry()) {
    for (std::uint32_t line = 0; line < 3; ++line) journal.idle(line, 0);
    journal.raise_top(3);
  }

  Ring& ring() { return queue.ring(); }

  void push(std::uint64_t items) {
    for (; items != 0; --items) REQUIRE(ring().try_publish(ring().reserve(1), 1));
  }

  /// Reserved, and given up as somebody holds the slot of an earlier lap: told, and no marker yet.
  std::uint64_t begin_to_give_up(std::uint32_t line) {
    const std::uint64_t index = ring().reserve(1);
    journal.held(line, index, index + 1);
    journal.tell_passed(index, index + 1, line);
    return index;
  }
  void give_up(std::uint32_t line, std::uint64_t index) {
    slickq::put_markers(ring(), index, index + 1);
    journal.idle(line, index + 1);
  }

  /// The first is late with a run of one item, over a marker of two laps later. Then comes a marker of the lap between,
  /// which nothing but the late item lets in.
  void hide_marker_under_two() {
    REQUIRE(ring().reserve_singles(1).index == 0);
    journal.held_firmly(0, 0, 1);
    push(kRing - 1);
    between = begin_to_give_up(1);
    push(kRing - 1);
    hidden = begin_to_give_up(2);
    give_up(2, hidden);
    ring().fill_slot(0, 1);
    give_up(1, between);
  }

  RepairPlan plan(const std::vector<bool>& dead) {
    return slickq::plan_repair(ring(), journal, [&](std::uint32_t line) { return dead[line]; });
  }
  bool is_settled(std::uint32_t line, const RepairPlan& now) {
    return slickq::is_settled(line, slickq::hiding_claim(journal.claim_and_passed(line), ring()), now);
  }

  Queue queue;
  Journal journal;
  std::uint64_t between = kNoIndex;
  std::uint64_t hidden = kNoIndex;
};

}  // namespace

TEST_CASE("a marker under a late item is put back also when one of a lap between lies over both") {
  Scene scene;
  Writer writer(scene.ring(), scene.journal, 0);
  scene.hide_marker_under_two();
  REQUIRE(scene.ring().look(scene.hidden).what == Look::nothing);
  writer.finish(0, 1, 1);
  const slickq::Sight sight = scene.ring().look(scene.hidden);
  CHECK(sight.what == Look::jump);
  CHECK(sight.next == scene.hidden + 1);
}

TEST_CASE("of a dead one the same marker is repaired, and his line is not free before") {
  Scene scene;
  scene.hide_marker_under_two();
  const std::vector<bool> first_is_dead = {true, false, false};
  const RepairPlan before = scene.plan(first_is_dead);
  REQUIRE(before.repairs.size() == 1);
  CHECK(before.repairs.front().index == scene.hidden);
  CHECK(before.repairs.front().line == 0);
  CHECK_FALSE(scene.is_settled(0, before));
  CHECK(slickq::apply_repair(scene.ring(), scene.journal, before));
  CHECK(scene.ring().look(scene.hidden).what == Look::jump);
  const RepairPlan after = scene.plan(first_is_dead);
  CHECK(after.repairs.empty());
  CHECK(after.doubts.empty());
  CHECK(scene.is_settled(0, after));
}

// A repairer told the living of the hole, and died before he put the marker. The living has published by exchange and
// will not look what he was told.
TEST_CASE("a hole that a living one was told of is that of the dead `reserving` line all the same") {
  Scene scene;
  REQUIRE(scene.ring().reserve(1) == 0);
  scene.journal.held(0, 0, 1);
  REQUIRE(scene.ring().try_publish(0, 1));  // and is not idle yet
  scene.push(kRing - 1);
  scene.journal.reserving(1, 0);
  const std::uint64_t hole = scene.ring().reserve(1);
  scene.journal.tell_passed(hole, hole + 1, slickq::kNoLine);
  const RepairPlan plan = scene.plan({false, true, false});
  REQUIRE(plan.repairs.size() == 1);
  CHECK(plan.repairs.front().index == hole);
  CHECK_FALSE(scene.is_settled(1, plan));
}

TEST_CASE("what a dead one hides is repaired also where the marker before it leads over it") {
  Scene scene;
  REQUIRE(scene.ring().reserve_singles(2).index == 0);
  scene.journal.held_firmly(0, 0, 2);
  scene.push(kRing - 2);
  scene.ring().fill_slot(0, 1);
  REQUIRE(scene.ring().reserve_singles(2).index == kRing);
  scene.journal.tell_passed(kRing, kRing + 2, 1);
  slickq::put_markers(scene.ring(), kRing, kRing + 2);
  scene.ring().fill_slot(1, 1);
  REQUIRE(scene.ring().look(kRing).next == kRing + 2);
  REQUIRE(scene.ring().look(kRing + 1).what == Look::nothing);

  const RepairPlan plan = scene.plan({true, false, false});
  REQUIRE(plan.repairs.size() == 1);
  CHECK(plan.repairs.front().index == kRing + 1);
  CHECK_FALSE(scene.is_settled(0, plan));
  CHECK(slickq::apply_repair(scene.ring(), scene.journal, plan));
  CHECK(scene.ring().look(kRing + 1).what == Look::jump);
  CHECK(scene.is_settled(0, scene.plan({true, false, false})));
}

// A repairer told of all of it, and died before it put a marker.
TEST_CASE("a dead reservation is one also when a dead line was told of its middle") {
  Scene scene;
  scene.push(1);
  REQUIRE(scene.ring().reserve_singles(1).index == 1);
  scene.journal.held_firmly(0, 1, 2);
  scene.push(kRing - 2);
  scene.ring().fill_slot(1, 1);
  scene.journal.reserving(1, 0);
  REQUIRE(scene.ring().reserve_singles(3).index == kRing);
  scene.journal.tell_passed(kRing, kRing + 3, slickq::kNoLine);

  const RepairPlan plan = scene.plan({true, true, false});
  CHECK(plan.doubts.empty());
  REQUIRE(plan.repairs.size() == 1);
  CHECK(plan.repairs.front().index == kRing);
  CHECK(plan.repairs.front().end == kRing + 3);
}

// The marker that leads round the ring's end is put in the instant of the reservation, and told behind it. Its owner
// died in between, was repaired and forgotten; then a run of the lap before comes late.
TEST_CASE("a marker round the end that its dead owner told nobody of is put back all the same") {
  Scene scene;
  scene.push(kRing - 1);
  REQUIRE(scene.ring().reserve_singles(1).index == kRing - 1);
  scene.journal.held_firmly(0, kRing - 1, kRing);
  scene.push(kRing - 1);
  const std::uint64_t jumps_from = 2 * kRing - 1;
  scene.journal.reserving(1, jumps_from);
  REQUIRE(scene.ring().reserve(2) == 2 * kRing);
  REQUIRE(scene.ring().look(jumps_from).what == Look::jump);

  const std::vector<bool> second_is_dead = {false, true, false};
  CHECK(slickq::apply_repair(scene.ring(), scene.journal, scene.plan(second_is_dead)));
  REQUIRE(scene.is_settled(1, scene.plan(second_is_dead)));
  scene.journal.free(1);

  scene.ring().fill_slot(kRing - 1, 1);
  REQUIRE(scene.ring().look(jumps_from).what == Look::nothing);
  Writer(scene.ring(), scene.journal, 0).finish(kRing - 1, kRing, kRing);
  const slickq::Sight sight = scene.ring().look(jumps_from);
  CHECK(sight.what == Look::jump);
  CHECK(sight.next == 2 * kRing);
}
