// Which addresses are this machine's alone, and what stands behind a '?'.
#include "loopback.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "query.hpp"

using namespace slickqd;

TEST_CASE("loopback addresses with a port are understood") {
  CHECK(parse_loopback("127.0.0.1:9464") == LoopbackAddress{"127.0.0.1", 9464});
  CHECK(parse_loopback("127.1.2.3:1") == LoopbackAddress{"127.1.2.3", 1});
  CHECK(parse_loopback("[::1]:65535") == LoopbackAddress{"::1", 65535});
  CHECK(parse_loopback("[::1]:65535").text() == "[::1]:65535");
  CHECK(parse_loopback("127.0.0.1:80").text() == "127.0.0.1:80");
}

TEST_CASE("all other addresses are refused") {
  for (const char* text : {"",
                           ":",
                           "9464",
                           ":9464",
                           "127.0.0.1",
                           "127.0.0.1:",
                           "127.0.0.1:0",
                           "127.0.0.1:65536",
                           "127.0.0.1:x",
                           "127.0.0.1:1:2",
                           "0.0.0.0:9464",
                           "10.0.0.1:9464",
                           "*:9464",
                           "localhost:9464",
                           "[::]:9464",
                           "[::1]",
                           "[::1]x:1",
                           "::1:9464",
                           "[fe80::1]:9464",
                           "[::ffff:127.0.0.1]:9464",
                           "127.1:9464",
                           "0x7f.0.0.1:9464",
                           " 127.0.0.1:9464"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_loopback(text), std::invalid_argument);
  }
}

TEST_CASE("a Host header means this machine when it says localhost or a literal loopback address") {
  for (const char* host : {"localhost", "LOCALHOST", "localhost:9464", "127.0.0.1", "127.0.0.1:9464", "[::1]",
                           "[::1]:9464", "localhost:"}) {
    CAPTURE(host);
    CHECK(names_loopback(host));
  }
  for (const char* host : {"", "evil.example", "evil.example:9464", "localhost.evil.example", "127.0.0.1.evil.example",
                           "localhost@evil", "10.0.0.1", "[localhost]", "localhost:port", "[::1", "localhost:1:2"}) {
    CAPTURE(host);
    CHECK_FALSE(names_loopback(host));
  }
}

TEST_CASE("a query is its flags and numbers; what is not understood is said") {
  const Query query("dry_run=1&force&n=12&off=0&bad=x&%6eame=a%20b&&");
  CHECK(query.flag("dry_run"));
  CHECK(query.flag("force"));
  CHECK_FALSE(query.flag("off"));
  CHECK_FALSE(query.flag("absent"));
  CHECK(query.number("n", 7) == 12);
  CHECK(query.number("absent", 7) == 7);
  CHECK_THROWS_AS(query.flag("bad"), BadQuery);
  CHECK_THROWS_AS(query.number("bad", 0), BadQuery);
  CHECK_THROWS_AS(query.number("name", 0), BadQuery);
  CHECK_THROWS_AS(query.allow_only({"dry_run", "force"}), BadQuery);
  CHECK_NOTHROW(Query("dry_run=1").allow_only({"dry_run", "force"}));
  CHECK_NOTHROW(Query("").allow_only({}));
}
