#include <doctest/doctest.h>

#include "slickq/memory.hpp"
#include "slickq/platform.hpp"

TEST_CASE("a machine these tests run on is supported, and says what it is") {
  const auto support = slickq::check_platform_support();
  CHECK(support.supported);
  CHECK(support.message.find("16-byte") != std::string::npos);
}

TEST_CASE("the 16-byte compare-exchange changes both words or none and tells what it saw") {
  slickq::WideWord word{1, 2};
  slickq::WideWord expected{1, 3};
  CHECK_FALSE(slickq::compare_exchange_wide(&word, expected, {7, 8}));
  CHECK(expected.low == 1);
  CHECK(expected.high == 2);
  CHECK(word.low == 1);
  CHECK(slickq::compare_exchange_wide(&word, expected, {7, 8}));
  CHECK(word.low == 7);
  CHECK(word.high == 8);
}
