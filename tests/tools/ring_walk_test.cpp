#include "ring_walk.hpp"

#include <doctest/doctest.h>

#include "slickq/producer.hpp"
#include "slickq/queue.hpp"
#include "support/shm_dir.hpp"

using namespace slickq;
using namespace slickq::cli;

namespace {

// Eight elements of 8 bytes; every element of an item holds the item's number.
struct Fixture {
  test_support::ShmDir dir;
  Queue queue = Queue::create("q", Geometry::make(Layout::slq1, 8, 8), options());

  CreateOptions options() const {
    CreateOptions create;
    create.shm_dir = dir.path();
    return create;
  }
  View view() const { return View::open_segment("q", dir.path()); }
  void push(std::uint32_t elements) {
    const std::vector<std::byte> bytes(elements * 8);
    Producer(queue).push_block(bytes);
  }
  void leave_hole(std::uint32_t elements) { queue.ring().reserve(elements); }

  std::vector<Hole> holes;
  std::vector<std::uint64_t> walk(std::uint64_t from) {
    const View seen = view();
    RingWalk ring_walk(seen, from, seen.reserved_index(), [&](const Hole& hole) {
      holes.push_back(hole);
      return true;
    });
    std::vector<std::uint64_t> indexes;
    std::vector<std::byte> elements;
    while (ring_walk.next(elements).what == Pop::item) indexes.push_back(ring_walk.cursor());
    return indexes;
  }
};

using Indexes = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a walk visits every item and tells where a reader would go on") {
  push(1);
  push(3);
  push(1);
  CHECK(walk(0) == Indexes{1, 4, 5});
  CHECK(holes.empty());
}

TEST_CASE_FIXTURE(Fixture, "a walk goes over a hole, and tells it once") {
  push(1);
  leave_hole(2);
  push(1);
  CHECK(walk(0) == Indexes{1, 4});
  CHECK(holes == std::vector<Hole>{{1, 3}});
}

TEST_CASE_FIXTURE(Fixture, "a hole that nothing stands behind ends the walk") {
  push(1);
  leave_hole(2);
  CHECK(walk(0) == Indexes{1});
  CHECK(holes == std::vector<Hole>{{1, 3}});
}

TEST_CASE_FIXTURE(Fixture, "so many items back counts items, not elements") {
  push(1);
  push(3);
  push(1);
  const View seen = view();
  CHECK(cursor_at(seen, {Position::At::back, 0}) == 5);
  CHECK(cursor_at(seen, {Position::At::back, 1}) == 4);
  CHECK(cursor_at(seen, {Position::At::back, 2}) == 1);
  CHECK(cursor_at(seen, {Position::At::back, 3}) == 0);
  CHECK(cursor_at(seen, {Position::At::back, 99}) == 0);
}

TEST_CASE_FIXTURE(Fixture, "so many items back works across the end of the ring") {
  for (int k = 0; k < 11; ++k) push(1);
  const View seen = view();
  CHECK(cursor_at(seen, {Position::At::back, 2}) == 9);
  CHECK(cursor_at(seen, {Position::At::back, 5}) == 6);
}

TEST_CASE_FIXTURE(Fixture, "an index inside an item means the next item, one in a hole itself") {
  push(1);
  push(3);
  leave_hole(1);
  push(1);
  const View seen = view();
  CHECK(cursor_at(seen, {Position::At::index, 0}) == 0);
  CHECK(cursor_at(seen, {Position::At::index, 1}) == 1);
  CHECK(cursor_at(seen, {Position::At::index, 2}) == 4);
  CHECK(cursor_at(seen, {Position::At::index, 4}) == 4);
  CHECK(cursor_at(seen, {Position::At::index, 77}) == 77);
}
