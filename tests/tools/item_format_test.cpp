#include "item_format.hpp"

#include <doctest/doctest.h>

#include <string_view>

using slickq::cli::base64;
using slickq::cli::hex_digits;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("base64 pads to four characters") {
  CHECK(base64(bytes_of("")) == "");
  CHECK(base64(bytes_of("f")) == "Zg==");
  CHECK(base64(bytes_of("fo")) == "Zm8=");
  CHECK(base64(bytes_of("foo")) == "Zm9v");
  CHECK(base64(bytes_of("foobar")) == "Zm9vYmFy");
  CHECK(base64(bytes_of("\xff\xfe\xfd")) == "//79");
}

TEST_CASE("hex digits are small letters, two a byte") { CHECK(hex_digits(bytes_of("\x01\xaf")) == "01af"); }

TEST_CASE("loss is told with its range") {
  slickq::PopResult result;
  result.lost = 12;
  result.first_lost = 100;
  result.last_lost = 111;
  CHECK(slickq::cli::loss_text(result) == "-- lost 12 elements (100..111)");
}
