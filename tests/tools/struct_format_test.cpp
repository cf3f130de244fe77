#include "struct_format.hpp"

#include <doctest/doctest.h>

#include "item_format.hpp"
#include "slickq/error.hpp"

using slickq::cli::StructFormat;
using slickq::cli::to_text;

namespace {

StructFormat format(const char* text) { return StructFormat::parse("--pack", text); }

std::string packed(const char* text, std::vector<std::string> values) {
  return slickq::cli::hex_digits(format(text).pack(values));
}

std::string round_trip(const char* text, const std::vector<std::string>& values) {
  std::string out;
  for (const auto& value : format(text).unpack(format(text).pack(values))) out += to_text(value) + "|";
  return out;
}

}  // namespace

// The expected bytes and sizes are what Python's struct module gives.
TEST_CASE("integers are packed in the order the format names") {
  CHECK(packed("<hHiIqQ", {"-2", "65535", "-1", "4294967295", "-3", "18446744073709551615"}) ==
        "feffffff"
        "ffffffff"
        "ffffffff"
        "fdffffffffffffff"
        "ffffffffffffffff");
  CHECK(packed(">hi", {"258", "1"}) ==
        "0102"
        "00000001");
  CHECK(packed("!H", {"258"}) == "0102");
  CHECK(packed("=H", {"258"}) == "0201");
  CHECK(packed("<B", {"0xff"}) == "ff");
}

TEST_CASE("floats, text, truth and padding are packed") {
  CHECK(packed("<d", {"2.5"}) == "0000000000000440");
  CHECK(packed(">f", {"-1"}) == "bf800000");
  CHECK(packed("<4s", {"ab"}) == "61620000");
  CHECK(packed("<4p", {"ab"}) == "02616200");
  CHECK(packed("<?x?", {"true", "0"}) == "010000");
  CHECK(packed("<2c", {"a", "b"}) == "6162");
}

TEST_CASE("native formats align as a C compiler does, the others do not") {
  CHECK(format("<bq").bytes() == 9);
  CHECK(format("bq").bytes() == 16);
  CHECK(format("@bhl").bytes() == 16);
  CHECK(format("<bhl").bytes() == 7);
  CHECK(format("bi0q").bytes() == 8);
  CHECK(format("< 2h 3x d").bytes() == 15);
}

TEST_CASE("a count repeats a value, but is a length for text") {
  CHECK(format("<3i").values() == 3);
  CHECK(format("<8s").values() == 1);
}

TEST_CASE("what was packed is unpacked to the same values") {
  CHECK(round_trip("<qd8s", {"-5", "2.5", "hello"}) == "-5|2.5|hello|");
  CHECK(round_trip(">bhiq", {"-128", "-32768", "-2147483648", "-9223372036854775808"}) ==
        "-128|-32768|-2147483648|-9223372036854775808|");
  CHECK(round_trip("!f?5pB", {"0.5", "1", "abc", "255"}) == "0.5|true|abc|255|");
  CHECK(round_trip("@cHL", {"z", "65535", "18446744073709551615"}) == "z|65535|18446744073709551615|");
}

TEST_CASE("a pascal string whose length lies is cut at its field") {
  const std::vector<std::byte> record{std::byte{200}, std::byte{'a'}, std::byte{'b'}};
  CHECK(to_text(format("<3p").unpack(record)[0]) == "ab");
}

TEST_CASE("formats that mean nothing are refused") {
  for (const char* text : {"", "<", "z", "3", "<q4", "x99999999999999999999", "4294967296x", "<9999999999q"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(format(text), slickq::Error);
  }
}

TEST_CASE("a mistyped count takes no memory") {
  CHECK(format("<1048576b").values() == 1048576);
  CHECK(format("<1048575bb4000000s").values() == 1048577);  // a text is one value, however long
  for (const char* text : {"<1048577b", "<1048576bb", "2899791080b", "<600000b600000b"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(format(text), slickq::Error);
  }
}

TEST_CASE("values that do not fit are refused") {
  CHECK_THROWS_AS(packed("<b", {"128"}), slickq::Error);
  CHECK_THROWS_AS(packed("<b", {"-129"}), slickq::Error);
  CHECK_THROWS_AS(packed("<B", {"-1"}), slickq::Error);
  CHECK_THROWS_AS(packed("<H", {"65536"}), slickq::Error);
  CHECK_THROWS_AS(packed("<q", {"9223372036854775808"}), slickq::Error);
  CHECK_THROWS_AS(packed("<2s", {"abc"}), slickq::Error);
  CHECK_THROWS_AS(packed("<2p", {"ab"}), slickq::Error);
  CHECK_THROWS_AS(packed("<?", {"maybe"}), slickq::Error);
  CHECK_THROWS_AS(packed("<d", {"1.5x"}), slickq::Error);
}

TEST_CASE("too few and too many values are refused") {
  CHECK_THROWS_AS(packed("<2i", {"1"}), slickq::Error);
  CHECK_THROWS_AS(packed("<i", {"1", "2"}), slickq::Error);
}
