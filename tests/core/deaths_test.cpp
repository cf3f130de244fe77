// A producer is killed in the middle of every operation, in the real binary: the kernel stops it there (ptrace) and it
// gets SIGKILL. A producer among others, and the declared only one; at every instruction of a push, of the longer
// operations behind every instruction that changed the shared bytes. Whatever it left, the survivors go on, the repair
// needs no force, and every published item is delivered once, in order and whole.
//
// The instruction at which the operation of one run stands is the same in the next, so that "after k instructions" says
// something; what the run has come to is told from the shared bytes (death_points.hpp), and all named points must be
// hit.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "death_points.hpp"
#include "slickq/scan.hpp"
#include "tracing.hpp"

using death_test::all_operations;
using death_test::all_shapes;
using death_test::describe;
using death_test::Operation;
using death_test::Point;
using death_test::Readers;
using death_test::Scene;
using death_test::Shape;
using test_support::TracedChild;

namespace {

// The scene as the dead left it.
void survive(Scene& scene, const Operation& operation) {
  Readers readers(scene.queue(), scene.view(), scene.reserved_at_begin());
  const std::size_t visible = death_test::visible_items(operation, scene);
  scene.expected() = death_test::items_of(operation, scene);
  scene.expected().resize(visible);
  const bool is_hole = !slickq::scan(scene.view()).holes.empty();
  // Nobody can push beside a reservation of the whole ring that may still be written: he would go round for ever.
  if (!operation.is_whole_ring()) scene.push(2);
  readers.read_on();
  for (const auto& account : readers.accounts()) CHECK(account.got.size() >= visible);
  if (!is_hole) readers.check_all_arrived(scene);

  scene.repair();
  readers.read_on();
  readers.check_all_arrived(scene);
  scene.check_sound();

  // Over the repaired place, with items of several slots: the dead stand in nobody's way.
  const std::uint64_t detours = scene.survivor().detours();
  for (std::uint32_t k = 0; k < death_test::kSlots; ++k) {
    scene.push(1, k % 4 == 0 ? 3 : 1);
    readers.read_on();
  }
  CHECK(scene.survivor().detours() == detours);
  readers.check_all_arrived(scene);
  scene.check_sound();
}

}  // namespace

TEST_CASE("a producer killed anywhere in any operation costs nothing but what it had not published") {
  if (!test_support::may_trace()) return;
  std::uint64_t kills = 0;
  for (const Shape& shape : all_shapes()) {
    Scene scene(shape);
    for (const Operation& operation : all_operations()) {
      const auto scouted = death_test::scout(scene, operation);
      std::map<Point, std::uint64_t> hits;
      const bool is_push = operation.slots == 1;
      for (const std::uint64_t k : is_push ? scouted.choice(shape) : scouted.short_choice()) {
        CAPTURE(describe(shape));
        CAPTURE(operation.name);
        CAPTURE(operation.alone);
        CAPTURE(k);
        const auto before = death_test::begin(scene, operation);
        {
          TracedChild child(death_test::victim_of(scene, operation));
          REQUIRE(scouted.lead(child, k));
          child.kill_now();
        }
        const Point point = death_test::point_of(operation, scene, before);
        ++hits[point];
        CAPTURE(death_test::to_string(point));
        REQUIRE(point != Point::unknown);
        survive(scene, operation);
        ++kills;
      }
      for (const Point point : death_test::required_points(operation, shape)) {
        CHECK_MESSAGE(hits.count(point) != 0, describe(shape), operation.alone ? ", alone, " : ", ", operation.name,
                      ": never killed at: ", death_test::to_string(point));
      }
    }
  }
  MESSAGE(kills << " producers killed");
}
