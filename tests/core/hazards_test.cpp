// The hazards of the originals that no other test stages; which test stages which: at the head of staged_test.cpp.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "slickq/error.hpp"
#include "slickq/holders.hpp"
#include "slickq/producer.hpp"
#include "slickq/removal.hpp"
#include "slickq/repair.hpp"
#include "stage.hpp"
#include "support/image.hpp"

using slickq::Geometry;
using slickq::Layout;
using slickq::Push;
using slickq::Queue;
using staged::Element;
using staged::EveryReader;
using staged::Items;
using staged::kShapes;
using staged::kSlots;
using staged::Shape;
using staged::Stage;
using test_support::Child;
using test_support::ChildSide;
using test_support::Image;
using test_support::ShmEnv;

namespace {

// An item of `slots` slots that says where it will be: at C.
Push push_next(Queue& queue, slickq::Producer& producer, std::uint64_t slots = 1) {
  std::vector<Element> elements;
  const std::uint64_t index = queue.ring().reserved_index();
  for (std::uint64_t i = index; i < index + slots * queue.geometry().items_per_slot(); ++i) {
    elements.push_back({i, ~i});
  }
  return producer.push_block(std::as_bytes(std::span(elements)));
}

void write(slickq::Reservation& reservation) {
  const std::span<std::byte> to = reservation.data();
  for (std::uint64_t i = 0; i < to.size() / sizeof(Element); ++i) {
    const Element element{reservation.index() + i, ~(reservation.index() + i)};
    std::memcpy(to.data() + i * sizeof element, &element, sizeof element);
  }
}

std::vector<std::byte> bytes_of(Stage& stage) {
  const auto* base = stage.queue().segment().data();
  return {base, base + stage.queue().segment().bytes()};
}
std::vector<char> contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void check_every_reader(Stage& stage, std::uint64_t from, const Items& expected) {
  const EveryReader readers(stage, from, false);
  for (const auto& [kind, items] : readers.all()) {
    CAPTURE(std::string(kind));
    CHECK(items == expected);
  }
}

}  // namespace

TEST_CASE("a producer killed between reserve and publish: the seven behind it arrive, in a ring of eight") {
  for (const Shape& shape : kShapes) {
    CAPTURE(std::string(slickq::to_string(shape.layout)));
    CAPTURE(shape.items_per_slot);
    Stage stage(shape);
    Child victim([](ChildSide& side) {
      Queue queue = Queue::open("q");
      slickq::Producer producer(queue);
      auto reservation = producer.reserve();
      write(reservation);
      side.report_and_wait();
      return 1;
    });
    REQUIRE(victim.reported());
    slickq::Producer producer(stage.queue());
    for (std::uint32_t k = 1; k < kSlots; ++k) REQUIRE(push_next(stage.queue(), producer) == Push::pushed);
    CHECK(stage.queue().ring().reserved_index() == stage.geometry().capacity());
    check_every_reader(stage, 0, {});
    slickq::Repairer repairer(stage.queue());
    CHECK(repairer.plan({.doubts_below = slickq::kEveryDoubt}).repairs.empty());  // it lives
    victim.kill_now();
    const auto plan = repairer.plan();
    REQUIRE(plan.repairs.size() == 1);
    CHECK(plan.repairs[0] == slickq::Missing{0, stage.step(), slickq::Owner::dead, 0});
    CHECK(repairer.apply(plan));
    check_every_reader(stage, 0, {1, 2, 3, 4, 5, 6, 7});
    CHECK(producer.detours() == 0);
  }
}

TEST_CASE("a producer that is a lap late publishes nothing over what is newer, with a journal or without") {
  for (const Shape& shape : kShapes) {
    for (const Stage::Tail tail : {Stage::Tail::annex, Stage::Tail::none}) {
      CAPTURE(std::string(slickq::to_string(shape.layout)));
      CAPTURE(tail == Stage::Tail::annex);
      Stage stage(shape, tail);
      slickq::Producer late(stage.queue());
      slickq::Producer other(stage.queue());
      CHECK(late.is_registered() == (tail == Stage::Tail::annex));
      auto reservation = late.reserve();
      for (std::uint32_t k = 0; k < kSlots + 2; ++k) {
        // What takes a detour is elsewhere in the end, so its elements say another place: written again, by hand.
        const std::uint64_t before = other.detours();
        REQUIRE(push_next(stage.queue(), other) == Push::pushed);
        if (other.detours() != before) stage.elements(other.last_index() / stage.step());
      }
      const auto seen = bytes_of(stage);
      CHECK(reservation.publish() == Push::late);
      CHECK(late.late_pushes() == 1);
      CHECK(stage.queue().ring().look(reservation.index()).what != slickq::Look::item);
      // The journal line aside, which is idle now, not a byte has changed.
      const auto end = static_cast<std::ptrdiff_t>(stage.geometry().segment_bytes());
      const auto now = bytes_of(stage);
      CHECK(std::equal(seen.begin(), seen.begin() + end, now.begin()));
      CHECK(other.detours() == (tail == Stage::Tail::annex ? 1 : 0));
      const std::uint64_t last = other.last_index() / stage.step();
      check_every_reader(stage, last - 1, {last - 1, last});
    }
  }
}

TEST_CASE("fewer elements than were reserved are followed by a marker, so that readers go on") {
  for (const Shape& shape : kShapes) {
    CAPTURE(std::string(slickq::to_string(shape.layout)));
    Stage stage(shape);
    slickq::Producer producer(stage.queue());
    const auto one = static_cast<std::uint32_t>(stage.step());
    auto reservation = producer.reserve(3 * one);
    write(reservation);
    CHECK(reservation.publish(one) == Push::pushed);
    REQUIRE(push_next(stage.queue(), producer, 2) == Push::pushed);
    check_every_reader(stage, 0, {0, 3});
    auto second = producer.reserve(3 * one);  // 5..7, to the very end of the ring
    write(second);
    CHECK(second.publish(2 * one) == Push::pushed);
    REQUIRE(push_next(stage.queue(), producer) == Push::pushed);
    check_every_reader(stage, 3, {3, 5, 8});
  }
}

TEST_CASE("neither a marker nor a publish moves a slot backwards, whatever an old plan says") {
  for (const Shape& shape : kShapes) {
    CAPTURE(std::string(slickq::to_string(shape.layout)));
    Stage stage(shape);
    stage.items(0, 2).items(3, 8).reserved(8).last_published(7).held(2, 3);
    slickq::Repairer repairer(stage.queue());
    const auto old_plan = repairer.plan();
    REQUIRE(old_plan.repairs.size() == 1);
    for (const std::uint64_t newer : {std::uint64_t{2}, std::uint64_t{10}}) {  // published late; lapped
      stage.items(8, newer + 1).item(newer).reserved(std::max<std::uint64_t>(8, newer + 1));
      const auto seen = bytes_of(stage);
      CHECK_FALSE(slickq::apply_repair(stage.queue().ring(), stage.journal(), old_plan));
      CHECK_FALSE(stage.queue().ring().mark(2 * stage.step(), 3 * stage.step()));
      CHECK_FALSE(stage.queue().ring().try_publish(2 * stage.step(), 1));
      CHECK(bytes_of(stage) == seen);
    }
  }
}

TEST_CASE("the last published index is not trusted: what is not in its slot is none") {
  for (const Shape& shape : kShapes) {
    if (!slickq::has_last_published(shape.layout)) continue;
    Stage stage(shape);
    stage.items(0, 11).reserved(11);
    slick::queue<Element> header("q");
    struct Row {
      std::uint64_t last;  ///< in slots
      bool is_there;
    };
    // The newest, the oldest, overwritten, not reserved yet, far beyond everything.
    for (const Row& row : {Row{10, true}, Row{3, true}, Row{2, false}, Row{11, false}, Row{1ull << 60, false}}) {
      CAPTURE(row.last);
      stage.last_published(row.last);
      const auto [at, count] = header.read_last();
      REQUIRE((at != nullptr) == row.is_there);
      if (!row.is_there) continue;
      CHECK(at->index == row.last * stage.step());
      CHECK(count == stage.step());
    }
  }
}

TEST_CASE("a half-made segment is left as it is, and may be removed; a live one is never made anew") {
  ShmEnv env;
  const std::string path = env.dir().file("q");
  const Geometry asked = Geometry::make(Layout::slq1, 8, 16);
  const auto check_untouched = [&](slickq::Errc code) {
    const auto seen = contents(path);
    for (int k = 0; k < 2; ++k) {
      try {
        (void)(k == 0 ? Queue::open_or_create("q", asked) : Queue::create("q", asked));
        FAIL("opened or created");
      } catch (const slickq::Error& error) {
        CHECK(error.code() == (k == 0 ? code : slickq::Errc::exists));
      }
    }
    CHECK(contents(path) == seen);
  };
  Image(asked).put(offsetof(slickq::Header, init_state), std::uint32_t{2}).save(path);
  check_untouched(slickq::Errc::corrupt);
  CHECK(slickq::remove_segment("q", {}).removed);
  // A release 1.4 of the C++ original takes a live queue of Python 1.0, whose init state is 0, for one to initialise.
  Image(Geometry::make(Layout::packed, 16, 16)).item(0).item(1).reserved(2).save(path);
  check_untouched(slickq::Errc::mismatch);
  CHECK(slickq::remove_segment("q", {}).removed);
}

TEST_CASE("nobody's end takes the name away: not a destructor's, not an exit's, not a kill's") {
  ShmEnv env;
  const std::string path = env.dir().file("q");
  Queue::create("q", Geometry::make(Layout::slq1, 8, sizeof(Element)));
  const auto seen = contents(path);
  { const slick::queue<Element> header("q"); }
  for (const bool killed : {false, true}) {
    Child child([](ChildSide& side) {
      Queue queue = Queue::open("q");
      const slick::queue<Element> header("q");
      const slickq::Producer producer(queue);
      side.report_and_wait();
      return 0;
    });
    REQUIRE(child.reported());
    if (killed) {
      child.kill_now();
    } else {
      child.go_on();
      CHECK(child.join() == 0);
    }
    CHECK(std::filesystem::exists(path));
    CHECK_FALSE(slickq::find_holders(path).held);
  }
  CHECK(contents(path).size() == seen.size());
}

TEST_CASE("a journal full of the dead: who was idle makes room at once, who died at work after the repair") {
  for (const bool at_work : {false, true}) {
    CAPTURE(at_work);
    Stage stage({Layout::slq1, 1});
    while (stage.lines() < slickq::kJournalLines) {
      if (at_work) {
        stage.reserving(0);
      } else {
        stage.idle();
      }
    }
    {
      slickq::Producer producer(stage.queue());
      CHECK(producer.is_registered() == !at_work);
      REQUIRE(push_next(stage.queue(), producer) == Push::pushed);
    }
    slickq::Repairer repairer(stage.queue());
    CHECK(repairer.apply(repairer.plan()));
    CHECK(slickq::look_at_journal(stage.view()).empty());
    slickq::Producer producer(stage.queue());
    CHECK(producer.is_registered());
    REQUIRE(push_next(stage.queue(), producer) == Push::pushed);
    check_every_reader(stage, 0, {0, 1});
  }
}
