// What the benchmark makes of its workers' reports: statistics, and the checks that a run must pass.
#include <doctest/doctest.h>

#include <functional>

#include "bench/control.hpp"
#include "bench/run.hpp"
#include "bench/series.hpp"
#include "slickq/error.hpp"

using namespace slickq::bench;

namespace {

Report lossy_report() {
  Report report;
  report.received = 60;
  report.missing = 40;
  report.lost = 41;
  report.skipped = 2;
  report.distance = 103;
  return report;
}

Plan flood() {
  Plan plan;
  plan.mode = Mode::flood;
  return plan;
}

}  // namespace

TEST_CASE("the spread is median, least and greatest") {
  const Spread odd = spread_of({9, 1, 4});
  CHECK(odd.median == 4);
  CHECK(odd.min == 1);
  CHECK(odd.max == 9);
  CHECK(spread_of({1, 2, 8, 100}).median == 5);
  CHECK(spread_of({7}).median == 7);
  CHECK(spread_of({}).median == 0);
}

TEST_CASE("a report that adds up is sound") {
  require_sound(flood(), 0, lossy_report(), 100);
  Report lossless;
  lossless.received = lossless.distance = 100;
  require_sound(Plan{}, 0, lossless, 100);
}

TEST_CASE("each thing that does not add up fails the run") {
  struct Case {
    const char* what;
    std::function<void(Report&)> spoil;
  };
  const Case cases[] = {
      {"1 of 61 messages were torn", [](Report& r) { r.torn = 1; }},
      {"received 59 + missing 40 messages != sent 100", [](Report& r) { --r.received; }},
      {"received 60 + missing 41 messages != sent 100", [](Report& r) { ++r.missing; }},
      {"received 60 + lost 42 + skipped 2 elements != 103", [](Report& r) { ++r.lost; }},
      {"received 60 + lost 41 + skipped 3 elements != 103", [](Report& r) { ++r.skipped; }},
      {"40 messages are missing, but only 39 elements", [](Report& r) { r.lost -= 2, r.skipped += 2; }},
  };
  for (const Case& one : cases) {
    CAPTURE(one.what);
    Report report = lossy_report();
    one.spoil(report);
    try {
      require_sound(flood(), 3, report, 100);
      FAIL("accepted");
    } catch (const slickq::Error& error) {
      CHECK(error.object() == "consumer 3");
      CHECK(error.cause().find(one.what) != std::string::npos);
    }
  }
}

TEST_CASE("loss fails a run whose producers wait") {
  for (const Mode mode : {Mode::paced, Mode::pingpong, Mode::reference}) {
    Plan plan;
    plan.mode = mode;
    CHECK_THROWS_AS(require_sound(plan, 0, lossy_report(), 100), slickq::Error);
  }
}

TEST_CASE("the loss is the share of the messages that did not come") {
  Sample sample;
  CHECK(loss_percent(sample) == 0);
  sample.received = 60;
  sample.missing = 40;
  CHECK(loss_percent(sample) == 40);
}

TEST_CASE("the total of a series sums up its repetitions and merges their latencies") {
  Series series{"s", flood(), {}};
  for (const std::uint64_t k : {1u, 2u, 3u}) {
    Sample sample;
    sample.sent = 100;
    sample.received = 100 - k;
    sample.missing = k;
    sample.delivered_per_s = static_cast<double>(1000 * k);
    sample.latency.record(10 * k);
    series.samples.push_back(sample);
  }
  const Sample total = total_of(series);
  CHECK(total.sent == 300);
  CHECK(total.received == 294);
  CHECK(total.missing == 6);
  CHECK(total.latency.count() == 3);
  CHECK(total.latency.percentile(50) == 20);
  CHECK(delivered_per_s(series).median == 2000);
}
