#include <doctest/doctest.h>

#include <cstdlib>

#include "slickq/error.hpp"
#include "slickq/names.hpp"

TEST_CASE("a name with and without '/' is the same segment") {
  CHECK(slickq::segment_name("q") == "q");
  CHECK(slickq::segment_name("/q") == "q");
  CHECK(slickq::segment_path("/dev/shm", "/q") == "/dev/shm/q");
  CHECK(slickq::segment_name(std::string(255, 'x')) == std::string(255, 'x'));
}

TEST_CASE("names that cannot be segments are refused") {
  const std::string names[] = {
      "", "/", ".", "..", "/..", "a/b", "//q", "a/", std::string(300, 'x'), "a\nb", ".slickq-gone-1-q"};
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK_THROWS_AS((void)slickq::segment_name(name), slickq::Error);
  }
}

TEST_CASE("a cursor's name has the queue's before the '@'") {
  CHECK(slickq::cursor_segment_name("/ticks", "strategy") == "ticks@strategy");
  const auto parts = slickq::split_cursor_name("a@b@c");
  REQUIRE(parts);
  CHECK(parts->queue == "a@b");
  CHECK(parts->cursor == "c");
  CHECK_FALSE(slickq::split_cursor_name("ticks"));
  CHECK_FALSE(slickq::split_cursor_name("@c"));
  CHECK_FALSE(slickq::split_cursor_name("q@"));
  CHECK_THROWS_AS((void)slickq::cursor_segment_name("q", ""), slickq::Error);
  CHECK_THROWS_AS((void)slickq::cursor_segment_name("q", "a@b"), slickq::Error);
}

TEST_CASE("the directory comes from the environment, else it is /dev/shm") {
  const char* before = std::getenv("SLICKQ_SHM_DIR");
  const std::string saved = before != nullptr ? before : "";
  setenv("SLICKQ_SHM_DIR", "/tmp/elsewhere", 1);
  CHECK(slickq::default_shm_dir() == "/tmp/elsewhere");
  setenv("SLICKQ_SHM_DIR", "", 1);
  CHECK(slickq::default_shm_dir() == "/dev/shm");
  unsetenv("SLICKQ_SHM_DIR");
  CHECK(slickq::default_shm_dir() == "/dev/shm");
  if (before != nullptr) setenv("SLICKQ_SHM_DIR", saved.c_str(), 1);
}
