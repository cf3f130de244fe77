#include "hole_watch.hpp"

#include <doctest/doctest.h>

#include "fixture.hpp"

using namespace slickqd;
using std::chrono::milliseconds;

namespace {

void update(HoleWatch& watch, const std::vector<slickq::Hole>& seen, Monotonic now) {
  watch.update(seen, std::vector<slickq::HoleOwner>(seen.size()), now);
}

}  // namespace

TEST_CASE("a hole ages from the first round that saw it") {
  daemon_test::FakeClock clock;
  HoleWatch watch;
  update(watch, {{3, 5}}, clock.monotonic());
  clock.advance(milliseconds(1999));
  update(watch, {{3, 5}, {9, 10}}, clock.monotonic());
  CHECK_FALSE(watch.has_older_than(milliseconds(2000), clock.monotonic()));
  clock.advance(milliseconds(1));
  update(watch, {{3, 5}, {9, 10}}, clock.monotonic());
  CHECK(watch.has_older_than(milliseconds(2000), clock.monotonic()));

  const auto old = watch.take_unannounced(milliseconds(2000), clock.monotonic());
  REQUIRE(old.size() == 1);
  CHECK(old[0].index == 3);
  CHECK(watch.take_unannounced(milliseconds(2000), clock.monotonic()).empty());
}

TEST_CASE("a hole that shrank from its front keeps its age, a new one begins at zero") {
  daemon_test::FakeClock clock;
  HoleWatch watch;
  update(watch, {{10, 20}}, clock.monotonic());
  clock.advance(milliseconds(500));
  update(watch, {{14, 20}}, clock.monotonic());
  CHECK(watch.holes()[0].since == clock.monotonic() - milliseconds(500));
  update(watch, {}, clock.monotonic());
  update(watch, {{14, 20}}, clock.monotonic());
  CHECK(watch.holes()[0].since == clock.monotonic());
  update(watch, {{20, 22}}, clock.monotonic() + milliseconds(1));  // begins where the old one ended: another
  CHECK(watch.holes()[0].since == clock.monotonic() + milliseconds(1));
}
