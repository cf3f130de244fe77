// Fifteen minutes of a queue in steps of five seconds.
#include "history.hpp"

#include <doctest/doctest.h>

#include "fixture.hpp"

using namespace slickqd;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const auto kGeometry = slickq::Geometry::make(slickq::Layout::slq1, 8, 8);

QueueStatus status(double rate, std::uint64_t gap) {
  QueueStatus queue{.name = "q", .configured = kGeometry};
  queue.numbers = QueueNumbers{.geometry = kGeometry};
  queue.numbers->published_per_s = rate;
  queue.numbers->reserved = 100 + gap;
  queue.numbers->published = 100;
  return queue;
}

struct Chart {
  void add(const QueueStatus& queue) { history.add(queue, clock.monotonic()); }
  nlohmann::json json() const { return history.to_json("q", clock.monotonic(), clock.wall()); }

  daemon_test::FakeClock clock;  // begins at the beginning of a step
  History history;
};

}  // namespace

TEST_CASE("of the rounds within a step the rate is the mean, gap and lag are the largest") {
  Chart chart;
  QueueStatus first = status(10, 7);
  first.cursors = {{.name = "a", .value = 1, .lag = 3}, {.name = "b", .value = 1, .lag = 5}, {.name = "gone"}};
  chart.add(first);
  chart.clock.advance(seconds(1));
  chart.add(status(20, 2));
  chart.clock.advance(seconds(4));
  chart.add(status(4, 0));
  const auto json = chart.json();
  CHECK(json["schema"] == "slickqd.history/1");
  CHECK(json["name"] == "q");
  CHECK(json["step_s"] == 5);
  CHECK(json["published_per_s"] == nlohmann::json{15.0, 4.0});
  CHECK(json["gap"] == nlohmann::json{7, 0});
  CHECK(json["lag"] == nlohmann::json{5, nullptr});
  CHECK(json["holders"] == nlohmann::json{0, 0});
}

TEST_CASE("what is not known is null: a missing queue, a scan that did not end, a step without a round") {
  Chart chart;
  chart.add(QueueStatus{.name = "q", .configured = kGeometry});
  chart.clock.advance(seconds(10));
  QueueStatus unfinished = status(1, 3);
  unfinished.numbers->complete = false;
  chart.add(unfinished);
  CHECK(chart.json()["published_per_s"] == nlohmann::json{nullptr, nullptr, 1.0});
  CHECK(chart.json()["gap"] == nlohmann::json{nullptr, nullptr, nullptr});
}

TEST_CASE("the end is when the newest step is over, and the newest 180 steps are kept") {
  Chart chart;
  for (int second = 0; second < 2000; ++second) {
    chart.add(status(second / 5, 0));
    chart.clock.advance(seconds(1));
  }
  chart.clock.advance(-milliseconds(500));  // the last round was at 1999 s, now is 1999.5 s
  const auto json = chart.json();
  REQUIRE(json["published_per_s"].size() == 180);
  CHECK(json["published_per_s"].front() == 399.0 - 179);
  CHECK(json["published_per_s"].back() == 399.0);
  CHECK(json["end"] == "2027-01-15T08:33:20.000Z");

  chart.clock.advance(std::chrono::hours(10));  // all of it is long over
  chart.add(status(3, 0));
  CHECK(chart.json()["published_per_s"].size() == 180);
  CHECK(chart.json()["published_per_s"][178].is_null());
}

TEST_CASE("a history without a round is empty") { CHECK(Chart{}.json()["gap"].empty()); }
