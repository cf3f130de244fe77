// A producer is stopped (SIGSTOP) at each named point of every operation, as job control, a debugger or a frozen
// container does it. It lives: its reservation is nobody's to repair, not even by force, and when it goes on (SIGCONT)
// its late publish breaks nothing.
#include <doctest/doctest.h>

#include <array>
#include <map>
#include <vector>

#include "death_points.hpp"
#include "slickq/error.hpp"
#include "slickq/scan.hpp"
#include "tracing.hpp"

using death_test::all_operations;
using death_test::all_shapes;
using death_test::describe;
using death_test::Got;
using death_test::Operation;
using death_test::Point;
using death_test::Readers;
using death_test::Scene;
using death_test::Shape;
using slickq::Owner;
using test_support::TracedChild;

namespace {

// What a repair would do, and that doing it does nothing.
void check_not_taken_for_dead(Scene& scene) {
  slickq::Repairer repairer(scene.queue());
  const std::vector<std::byte> before(scene.bytes().begin(), scene.bytes().end());
  for (const bool force : {false, true}) {
    CAPTURE(force);
    const auto plan = repairer.plan({.doubts_below = force ? slickq::kEveryDoubt : 0});
    CHECK(plan.repairs.empty());
    CHECK(plan.dead.empty());
    for (const slickq::Missing& doubt : plan.doubts) CHECK(doubt.owner == Owner::live);
    CHECK(plan.doubts.empty() == slickq::scan(scene.view()).holes.empty());
    CHECK(repairer.apply(plan));
  }
  CHECK(std::equal(before.begin(), before.end(), scene.bytes().begin()));
}

// Others push meanwhile; beside the only producer nobody is let in.
void go_on_without(Scene& scene, const Operation& operation) {
  if (operation.alone) {
    for (const auto mode : {slickq::ProducerMode::multi, slickq::ProducerMode::single}) {
      slickq::ProducerOptions options;
      options.mode = mode;
      CHECK_THROWS_AS(slickq::Producer(scene.queue(), options), slickq::Error);
    }
    return;
  }
  // Nobody can push beside a reservation of the whole ring that may still be written.
  if (!operation.is_whole_ring()) scene.push(2);
}

void expect_victims(Scene& scene, const Operation& operation, bool first) {
  const auto items = death_test::items_of(operation, scene);
  auto& expected = scene.expected();
  expected.insert(first ? expected.begin() : expected.end(), items.begin(), items.end());
}

// Both producers' items in their order, each at most once.
void check_order(const std::vector<Got>& got) {
  std::array<std::uint64_t, 2> next{};
  for (const Got& item : got) {
    CHECK(item.sequence >= next[item.producer]);
    next[item.producer] = item.sequence + 1;
  }
}

// Calls `check(child, point)` with a child stopped at either edge of every state that the operation comes through.
template <class Check>
void at_every_point(Scene& scene, const Shape& shape, const Operation& operation, Check check) {
  const auto scouted = death_test::scout(scene, operation);
  std::map<Point, std::uint64_t> hits;
  for (const std::uint64_t moment : scouted.edges()) {
    const auto before = death_test::begin(scene, operation);
    TracedChild child(death_test::victim_of(scene, operation));
    REQUIRE(scouted.lead(child, moment));
    child.leave_stopped();
    const Point point = death_test::point_of(operation, scene, before);
    ++hits[point];
    CAPTURE(describe(shape));
    CAPTURE(operation.name);
    CAPTURE(death_test::to_string(point));
    REQUIRE(point != Point::unknown);
    check(child);
  }
  for (const Point point : death_test::required_points(operation, shape)) {
    CHECK_MESSAGE(hits.count(point) != 0, describe(shape), ", ", std::string(operation.name),
                  ": never stopped at: ", std::string(death_test::to_string(point)));
  }
}

}  // namespace

TEST_CASE("a producer stopped at any point is not taken for dead, and what it publishes late arrives") {
  if (!test_support::may_trace()) return;
  for (const Shape& shape : all_shapes()) {
    Scene scene(shape);
    for (const Operation& operation : all_operations()) {
      at_every_point(scene, shape, operation, [&](TracedChild& child) {
        Readers readers(scene.queue(), scene.view(), scene.reserved_at_begin());
        const bool is_ahead = scene.view().reserved_index() != scene.reserved_at_begin();
        go_on_without(scene, operation);
        check_not_taken_for_dead(scene);
        readers.read_on();
        CHECK(child.go_on_to_the_end() == 0);
        expect_victims(scene, operation, is_ahead);
        readers.read_on();
        readers.check_all_arrived(scene);
        scene.check_sound();
        scene.push(2);
        readers.read_on();
        readers.check_all_arrived(scene);
      });
    }
  }
}

TEST_CASE("a producer stopped at any point for more than a lap writes over nobody's item when it goes on") {
  if (!test_support::may_trace()) return;
  std::uint64_t detours = 0;
  for (const Shape& shape : all_shapes()) {
    Scene scene(shape);
    for (const Operation& operation : all_operations()) {
      if (operation.is_whole_ring() || operation.alone) continue;  // nobody can pass it
      at_every_point(scene, shape, operation, [&](TracedChild& child) {
        Readers readers(scene.queue(), scene.view(), scene.reserved_at_begin(), false);
        for (std::uint32_t k = 0; k < death_test::kSlots + 6; ++k) {
          scene.push(1);
          readers.read_on();
        }
        detours += scene.survivor().detours();
        CHECK(child.go_on_to_the_end() == 0);
        readers.read_on();
        scene.push(2);
        readers.read_on();
        for (const auto& account : readers.accounts()) {
          CAPTURE(account.kind);
          check_order(account.got);
          CHECK(account.cursor == scene.view().reserved_index());
          REQUIRE(account.got.size() >= 2);
          CHECK(std::equal(account.got.end() - 2, account.got.end(), scene.expected().end() - 2));
        }
        scene.check_sound();
        check_not_taken_for_dead(scene);
      });
    }
  }
  MESSAGE("detours round the stopped: " << detours);
  CHECK(detours > 0);
}
