// How fast a cursor goes, when it will be overrun, what it lost.
#include "cursor_watch.hpp"

#include <doctest/doctest.h>

#include "fixture.hpp"

using namespace slickqd;
using std::chrono::milliseconds;

namespace {

// A cursor on a ring of 128 elements, a round each second.
struct Watched {
  const CursorStatus& round(std::optional<std::uint64_t> value, std::uint64_t reserved,
                            milliseconds later = milliseconds(1000)) {
    clock.advance(later);
    queue.reserved_per_s = reserved_speed.update(reserved, clock.monotonic(), milliseconds(500));
    queue.reserved = reserved;
    news = watch.look(value, &queue, {}, milliseconds(1000), clock.monotonic());
    return watch.status();
  }

  daemon_test::FakeClock clock;
  CursorWatch watch{"c"};
  CursorWatch::News news;
  RateMeter reserved_speed;
  QueueNumbers queue{.geometry = slickq::Geometry::make(slickq::Layout::slq1, 128, 8), .inode = 7};
};

}  // namespace

TEST_CASE("a cursor vanishes once, whether its queue can be seen or not") {
  Watched w;
  w.round(5, 5);
  CHECK_FALSE(w.news.vanished);
  CHECK_FALSE(w.watch.look(5, nullptr, {}, milliseconds(0), w.clock.monotonic()).vanished);
  CHECK(w.watch.look({}, nullptr, {}, milliseconds(0), w.clock.monotonic()).vanished);
  CHECK_FALSE(w.watch.look({}, nullptr, {}, milliseconds(0), w.clock.monotonic()).vanished);
}

TEST_CASE("the time to the overrun is the room that is left over the speed at which it goes") {
  Watched w;
  CHECK_FALSE(w.round(0, 0).overrun_in_s);
  const CursorStatus& cursor = w.round(10, 30);
  CHECK(cursor.lag == 20);
  CHECK(cursor.advance_per_s == 10.0);
  CHECK(cursor.overrun_in_s == doctest::Approx((128 - 20) / 20.0));
  CHECK_FALSE(w.round(30, 50).overrun_in_s);  // as fast as the producers
  CHECK_FALSE(w.round(60, 70).overrun_in_s);  // faster
  CHECK(w.round(60, 260).overrun_in_s == 0.0);
}

TEST_CASE("a round made early leaves the speeds as they were") {
  Watched w;
  w.round(0, 0);
  w.round(10, 30);
  const CursorStatus& cursor = w.round(10, 31, milliseconds(1));
  CHECK(cursor.advance_per_s == 10.0);
  CHECK(cursor.lag == 21);
  CHECK(w.round(20, 40, milliseconds(999)).advance_per_s == 10.0);
}

TEST_CASE("lost is what was overwritten while the cursor stood before it, counted once") {
  Watched w;
  CHECK(w.round(0, 200).lost == 0);  // before the daemon looked: unknown
  CHECK(w.round(0, 210).lost == 10);
  CHECK(w.round(0, 210).lost == 10);
  CHECK(w.round(100, 220).lost == 10);  // went on at the oldest
  CHECK(w.round(100, 238).lost == 20);
  CHECK(w.round(0, 238).lost == 20);  // set back by hand: what it took before is not lost
  CHECK(w.round(0, 240).lost == 22);
}

TEST_CASE("a ring made anew or reset starts the count at its beginning, and keeps the sum") {
  Watched w;
  w.round(0, 100);
  CHECK(w.round(0, 138).lost == 10);
  CHECK(w.round(0, 5).lost == 10);  // reset
  CHECK(w.round(0, 129).lost == 11);
  w.queue.inode = 8;
  CHECK(w.round(129, 300).lost == 11);
  CHECK(w.round(129, 301).lost == 12);
}

TEST_CASE("without a cursor, or without a queue, only the sum stands") {
  Watched w;
  w.round(0, 100);
  w.round(0, 138);
  const CursorStatus& gone = w.round(std::nullopt, 140);
  CHECK_FALSE(gone.value);
  CHECK(gone.lag == 0);
  CHECK(gone.lost == 10);
  w.watch.look(5, nullptr, {}, milliseconds(0), w.clock.monotonic());
  CHECK_FALSE(w.watch.status().value);
}
