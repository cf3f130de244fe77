#include "units.hpp"

#include <doctest/doctest.h>

using namespace slickqd;
using std::chrono::milliseconds;

TEST_CASE("a duration is a whole number and a unit") {
  CHECK(parse_duration("500ms") == milliseconds(500));
  CHECK(parse_duration("2s") == milliseconds(2000));
  CHECK(parse_duration("10m") == milliseconds(600'000));
  CHECK(parse_duration("1h") == milliseconds(3'600'000));
  for (const char* bad : {"", "2", "s", "2 s", "-2s", "1.5s", "2sec", "99999999999s", "9000h", "2s "}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad).has_value());
  }
}

TEST_CASE("a percentage is 0% to 100%") {
  CHECK(parse_percent("50%") == 50.0);
  CHECK(parse_percent("12.5%") == 12.5);
  CHECK(parse_percent("0%") == 0.0);
  CHECK(parse_percent("100%") == 100.0);
  for (const char* bad : {"", "%", "50", "101%", "-1%", "nan%", "inf%", "5 %"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_percent(bad).has_value());
  }
}

TEST_CASE("a mode is three or four octal digits of permission bits") {
  CHECK(parse_mode("0660") == mode_t{0660});
  CHECK(parse_mode("600") == mode_t{0600});
  for (const char* bad : {"", "66", "0888", "04755", "1777", "rw-", "0x66", "-660"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_mode(bad).has_value());
  }
  CHECK(format_mode(0660) == "0660");
}

TEST_CASE("a time is printed in UTC with milliseconds") {
  CHECK(format_time(WallTime(milliseconds(1'800'000'000'042))) == "2027-01-15T08:00:00.042Z");
}

TEST_CASE("one queue is one queue") {
  CHECK(count_of_queues(0) == "0 queues");
  CHECK(count_of_queues(1) == "1 queue");
  CHECK(count_of_queues(2) == "2 queues");
}

TEST_CASE("bytes are printed in binary units") {
  CHECK(format_bytes(216) == "216 bytes");
  CHECK(format_bytes(5 * 1024 * 1024) == "5.0 MiB");
}
