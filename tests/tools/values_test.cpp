#include "values.hpp"

#include <doctest/doctest.h>

#include "slickq/error.hpp"

using namespace slickq::cli;
using namespace std::chrono_literals;

TEST_CASE("sizes take powers of 1024") {
  CHECK(parse_size("--size", "1024") == 1024);
  CHECK(parse_size("--size", "64K") == 65536);
  CHECK(parse_size("--size", "1m") == 1048576);
  CHECK(parse_size("--size", "2G") == 2147483648);
  for (const char* text : {"", "K", "-1", "1.5K", "1KB", "12x", " 1", "99999999999999999999", "17179869184G"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_size("--size", text), slickq::Error);
  }
}

TEST_CASE("durations take a unit, seconds without one") {
  CHECK(parse_duration("--timeout", "500ms") == 500ms);
  CHECK(parse_duration("--timeout", "2s") == 2s);
  CHECK(parse_duration("--timeout", "1m") == 1min);
  CHECK(parse_duration("--timeout", "0.5") == 500ms);
  CHECK(parse_duration("--timeout", "20us") == 20us);
  for (const char* text : {"", "s", "0", "-1s", "1d", "1e3s", "99999999h", "nan"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_duration("--timeout", text), slickq::Error);
  }
}

TEST_CASE("modes are octal permission bits") {
  CHECK(parse_mode("--mode", "0660") == 0660);
  CHECK(parse_mode("--mode", "600") == 0600);
  for (const char* text : {"", "888", "rw", "1777", "-1"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_mode("--mode", text), slickq::Error);
  }
}

TEST_CASE("users and groups are names or numbers") {
  CHECK(parse_user("--owner", "root") == 0);
  CHECK(parse_user("--owner", "1234") == 1234);
  CHECK(parse_group("--group", "root") == 0);
  CHECK_THROWS_AS(parse_user("--owner", "no-such-user-here"), slickq::Error);
  CHECK_THROWS_AS(parse_group("--group", "no-such-group-here"), slickq::Error);
}

TEST_CASE("positions are begin, end, so many items back, or an index") {
  CHECK(parse_position("--from", "begin").at == Position::At::begin);
  CHECK(parse_position("--from", "end").at == Position::At::end);
  CHECK(parse_position("--from", "-3").at == Position::At::back);
  CHECK(parse_position("--from", "-3").value == 3);
  CHECK(parse_position("--from", "17").at == Position::At::index);
  CHECK(parse_position("--from", "17").value == 17);
  for (const char* text : {"", "-", "middle", "--3", "1.5"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_position("--from", text), slickq::Error);
  }
}

TEST_CASE("a bad value names the flag it was given to") {
  try {
    parse_size("--elem", "big");
    FAIL("accepted");
  } catch (const slickq::Error& error) {
    CHECK(error.object() == "--elem");
    CHECK(error.code() == slickq::Errc::invalid_argument);
  }
}

TEST_CASE("bytes for people have one digit behind the point") {
  CHECK(human_bytes(1023) == "1023");
  CHECK(human_bytes(1024) == "1.0K");
  CHECK(human_bytes(278592) == "272.1K");
  CHECK(human_bytes(std::uint64_t{3} << 30) == "3.0G");
}

TEST_CASE("counts agree with their noun") {
  CHECK(count_of(1, "item") == "1 item");
  CHECK(count_of(0, "item") == "0 items");
  CHECK(count_of(2, "process") == "2 processes");
}
