// The protocol, one operation at a time, on local memory of every layout.
#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "slickq/queue.hpp"

using slickq::Geometry;
using slickq::kNoIndex;
using slickq::Layout;
using slickq::Look;
using slickq::Queue;
using slickq::Slot;

namespace {

struct Shape {
  Layout layout;
  std::uint32_t items;
};
const std::vector<Shape> kShapes{{Layout::wide, 1}, {Layout::packed, 1}, {Layout::slq0, 1},
                                 {Layout::slq1, 1}, {Layout::slq0, 2},   {Layout::slq1, 2}};

Slot& slot(Queue& q, std::uint32_t number) {
  return reinterpret_cast<Slot*>(q.ring().base() + slickq::kHeaderBytes)[number];
}

void set_reserved(Queue& q, std::uint64_t index) {
  const std::uint64_t word = q.geometry().layout() == Layout::wide ? index : slickq::pack_reserved(index, 1);
  std::memcpy(q.ring().base(), &word, sizeof word);
}

}  // namespace

TEST_CASE("reserve, publish, look: an item is seen when it is published and not before") {
  for (const Shape& shape : kShapes) {
    CAPTURE(slickq::to_string(shape.layout));
    Queue q = Queue::local(Geometry::make(shape.layout, 8, 8, shape.items));
    auto& ring = q.ring();
    const std::uint64_t step = shape.items;
    CHECK(ring.look(0).what == Look::nothing);
    CHECK(ring.reserve(1) == 0);
    CHECK(ring.reserved_index() == step);
    CHECK(ring.look(0).what == Look::nothing);
    CHECK_FALSE(ring.is_intact(step));
    ring.publish(0, 1);
    const auto sight = ring.look(0);
    CHECK(sight.what == Look::item);
    CHECK(sight.index == 0);
    CHECK(sight.count == 1);
    CHECK(sight.next == step);
    CHECK(ring.is_intact(0));
    CHECK(ring.last_published() == (slickq::has_last_published(q.geometry().layout()) ? 0 : kNoIndex));
  }
}

TEST_CASE("an item that would straddle the end starts at the next lap, and a jump marker leads there") {
  for (const Shape& shape : kShapes) {
    CAPTURE(slickq::to_string(shape.layout));
    Queue q = Queue::local(Geometry::make(shape.layout, 8, 8, shape.items));
    auto& ring = q.ring();
    CHECK(ring.reserve(6) == 0);
    ring.publish(0, 6);
    CHECK(ring.reserve(4) == 8);
    CHECK(ring.reserved_index() == 12);
    const auto sight = ring.look(6);
    CHECK(sight.what == Look::jump);
    CHECK(sight.next == 8);
    CHECK(ring.look(8).what == Look::nothing);
    ring.publish(8, 4);
    CHECK(ring.look(8).count == 4);
    CHECK(ring.look(0).what == Look::overrun);
    CHECK(ring.look(0).index == 8);
  }
}

TEST_CASE("the word holds the size of the last reservation as the originals keep it") {
  Queue packed = Queue::local(Geometry::make(Layout::slq1, 8, 8));
  (void)packed.ring().reserve(3);
  CHECK(packed.ring().last_reservation_size() == 3);
  (void)packed.ring().reserve(1);
  CHECK(packed.ring().last_reservation_size() == 1);
  (void)packed.ring().reserve_singles(4);
  CHECK(packed.ring().last_reservation_size() == 1);
  CHECK(packed.ring().reserved_index() == 8);
  Queue wide = Queue::local(Geometry::make(Layout::wide, std::uint64_t{1} << 17, 1));
  (void)wide.ring().reserve(70000);
  CHECK(wide.ring().last_reservation_size() == 70000);
}

TEST_CASE("several items by one step may straddle the end and are ordinary items each") {
  for (const Shape& shape : kShapes) {
    CAPTURE(slickq::to_string(shape.layout));
    Queue q = Queue::local(Geometry::make(shape.layout, 8, 8, shape.items));
    auto& ring = q.ring();
    const std::uint64_t step = shape.items;
    (void)ring.reserve_singles(static_cast<std::uint32_t>(6 / step));
    CHECK(ring.reserve_singles(static_cast<std::uint32_t>(4 / step)).index == 6);
    for (std::uint64_t i = 6; i < 10; i += step) ring.publish(i, 1);
    for (std::uint64_t i = 6; i < 10; i += step) CHECK(ring.look(i).what == Look::item);
    CHECK(ring.reserved_index() == 10);
  }
}

TEST_CASE("only a fresh C tells that elements were overwritten") {
  Queue q = Queue::local(Geometry::make(Layout::slq1, 4, 8));
  auto& ring = q.ring();
  for (int k = 0; k < 4; ++k) ring.publish(ring.reserve(1), 1);
  CHECK(ring.is_intact(0));
  (void)ring.reserve(1);  // the producer of index 4 is about to overwrite element 0
  CHECK(ring.look(0).what == Look::item);
  CHECK_FALSE(ring.is_intact(0));
  CHECK(ring.is_intact(1));
}

TEST_CASE("a marker never moves a slot backwards") {
  Queue q = Queue::local(Geometry::make(Layout::slq1, 4, 8));
  auto& ring = q.ring();
  for (int k = 0; k < 6; ++k) ring.publish(ring.reserve(1), 1);
  ring.mark(1, 3, 1);  // slot 1 holds 5 by now
  CHECK(slot(q, 1).data_index == 5);
  ring.mark(6, 7, 2);
  CHECK(slot(q, 2).data_index == 7);
  CHECK(slot(q, 2).size == 2);
}

TEST_CASE("reservations stop at 2^47 instead of wrapping") {
  for (const Shape& shape : kShapes) {
    CAPTURE(slickq::to_string(shape.layout));
    Queue q = Queue::local(Geometry::make(shape.layout, 8, 8, shape.items));
    const std::uint64_t step = shape.items;
    set_reserved(q, slickq::kMaxIndex - step);
    CHECK(q.ring().reserve(1) == slickq::kMaxIndex - step);
    CHECK(q.ring().reserve(1) == kNoIndex);
    CHECK(q.ring().reserve(4) == kNoIndex);
    CHECK(q.ring().reserve_singles(2).index == kNoIndex);
  }
}

TEST_CASE("an index that only damage leaves is refused, and stays for who looks at it") {
  for (const Shape& shape : kShapes) {
    CAPTURE(slickq::to_string(shape.layout));
    Queue q = Queue::local(Geometry::make(shape.layout, 8, 8, shape.items));
    const std::uint64_t most = shape.layout == Layout::wide ? ~std::uint64_t{0} : (std::uint64_t{1} << 48) - 1;
    for (const std::uint64_t at : {most, most - shape.items, slickq::kMaxIndex + 1}) {
      set_reserved(q, at);
      CHECK(q.ring().reserve_singles(8).index == kNoIndex);
      for (const std::uint32_t n : {1u, 2u, 8u}) {
        CHECK(q.ring().reserve(n) == kNoIndex);
        CHECK(q.ring().reserve_below(n, 100) == kNoIndex);
        CHECK(q.ring().reserve_alone(n, kNoIndex, nullptr) == kNoIndex);
      }
      CHECK(q.ring().reserve_one(slickq::kMaxIndex) == kNoIndex);
      CHECK(q.ring().reserved_index() >= at);
    }
  }
}

TEST_CASE("a size from shared memory never leads out of the ring") {
  Queue q = Queue::local(Geometry::make(Layout::slq1, 8, 8));
  auto& ring = q.ring();
  ring.publish(ring.reserve(1), 1);
  for (const std::uint32_t size : {0u, 9u, 0xFFFFFFFFu}) {
    slot(q, 0).size = size;
    const auto sight = ring.look(0);
    CHECK(sight.count >= 1);
    CHECK(sight.count <= 8);
    CHECK(sight.next > 0);
  }
  set_reserved(q, 8);
  slot(q, 6) = {6, 100, 0};
  CHECK(ring.look(6).count == 2);
}

TEST_CASE("capacity 1: every item replaces the one before") {
  for (const Layout layout : {Layout::wide, Layout::packed, Layout::slq0, Layout::slq1}) {
    CAPTURE(slickq::to_string(layout));
    Queue q = Queue::local(Geometry::make(layout, 1, 8));
    auto& ring = q.ring();
    for (std::uint64_t k = 0; k < 3; ++k) {
      CHECK(ring.reserve(1) == k);
      ring.publish(k, 1);
    }
    CHECK(ring.look(2).what == Look::item);
    CHECK(ring.look(0).what == Look::overrun);
    CHECK(ring.resync(0) == 2);
  }
}

TEST_CASE("resync finds the oldest item that is surely there and never goes back") {
  Queue q = Queue::local(Geometry::make(Layout::slq1, 16, 8));
  auto& ring = q.ring();
  for (int k = 0; k < 40; ++k) ring.publish(ring.reserve(1), 1);
  CHECK(ring.resync(0) == 26);  // 40 - 16 + 16 / 8
  CHECK(ring.resync(30) == 31);
  const auto hole = ring.reserve(1);  // 40
  for (int k = 0; k < 3; ++k) ring.publish(ring.reserve(1), 1);
  CHECK(ring.resync(39) == hole + 1);
}

TEST_CASE("resync stops before what is in work all over the ring, where something surely begins") {
  for (const std::uint32_t capacity : {1u, 2u, 8u}) {
    CAPTURE(capacity);
    Queue q = Queue::local(Geometry::make(Layout::slq1, capacity, 8));
    auto& ring = q.ring();
    for (std::uint64_t k = 0; k < capacity; ++k) ring.publish(ring.reserve(1), 1);
    const std::uint64_t all = ring.reserve(capacity);
    CHECK(ring.resync(0) == all);  // and not C: that item is not lost
    ring.publish(all, capacity);
    CHECK(ring.resync(0) == all);
    ring.reserve_singles(capacity);
    CHECK(ring.resync(all) == all + capacity);
    const std::uint64_t one = ring.reserve(1);  // where the lap before may have had the inside of an item
    CHECK(ring.resync(all) == one);
  }
}

TEST_CASE("reset empties the ring and numbering starts at 0") {
  for (const Shape& shape : kShapes) {
    CAPTURE(slickq::to_string(shape.layout));
    Queue q = Queue::local(Geometry::make(shape.layout, 8, 8, shape.items));
    auto& ring = q.ring();
    for (int k = 0; k < 10; ++k) ring.publish(ring.reserve(2), 2);
    ring.reset();
    CHECK(ring.reserved_index() == 0);
    CHECK(ring.last_reservation_size() == 0);
    CHECK(ring.last_published() == kNoIndex);
    CHECK(ring.look(0).what == Look::nothing);
    CHECK(ring.reserve(1) == 0);
  }
}

TEST_CASE("elements of a local queue are aligned as asked, whatever the geometry") {
  for (const std::size_t alignment : {16u, 32u, 64u, 256u}) {
    for (const std::uint64_t capacity : {1u, 2u, 64u}) {
      Queue q = Queue::local(Geometry::make(Layout::slq1, capacity, 256), alignment);
      CHECK(reinterpret_cast<std::uintptr_t>(q.ring().element(0)) % alignment == 0);
    }
  }
}
