#include "events.hpp"

#include <doctest/doctest.h>

#include "fixture.hpp"

using namespace slickqd;

TEST_CASE("an event is one object: time, number, event, queue, details") {
  daemon_test::FakeClock clock;
  std::string sunk;
  EventLog log(clock, [&](EventKind, const nlohmann::ordered_json& line) { sunk = line.dump(); });
  log.record({EventKind::stall, "ticks", {{"index", 3}, {"age_ms", 2000}}});
  CHECK(sunk ==
        R"({"time":"2027-01-15T08:00:00.000Z","seq":1,"event":"stall","queue":"ticks","index":3,"age_ms":2000})");
  log.record({EventKind::reload_ok, "", {}});
  CHECK(sunk == R"({"time":"2027-01-15T08:00:00.000Z","seq":2,"event":"reload_ok"})");
}

TEST_CASE("the newest 1000 events are kept, oldest first") {
  daemon_test::FakeClock clock;
  EventLog log(clock, nullptr);
  for (int k = 0; k < 1005; ++k) log.record({EventKind::created, "q", {{"k", k}}});
  REQUIRE(log.newest().size() == 1000);
  CHECK(log.newest().front()["k"] == 5);
  CHECK(log.newest().front()["seq"] == 6);
  CHECK(log.newest().back()["k"] == 1004);
}

TEST_CASE("a long text does not make a long event: a thousand are kept, and sent to who follows") {
  daemon_test::FakeClock clock;
  std::string line;
  EventLog log(clock, [&](EventKind, const nlohmann::ordered_json& event) { line = event.dump(); });
  log.record({EventKind::reload_failed, "", {{"error", std::string(100'000, 'x')}, {"line", 3}}});
  CHECK(line.size() < 1024);
  CHECK(log.newest().back().dump() == line);
  CHECK(log.newest().back()["line"] == 3);
  CHECK(log.newest().back()["error"].get<std::string>().ends_with("xxx..."));
}
