#include "text_width.hpp"

#include <doctest/doctest.h>

using namespace slickq::cli;

TEST_CASE("clean text has no control characters, no broken UTF-8, nothing that rearranges the line") {
  CHECK(clean_text("plain-1") == "plain-1");
  CHECK(clean_text("a\x1B[31mb\tc\nd\x7F") == "a?[31mb?c?d?");
  CHECK(clean_text("tr\xC3\xA4") == "tr\xC3\xA4");
  CHECK(clean_text("\xC2\x9B"
                   "31m") == "?31m");  // CSI as one character
  CHECK(clean_text("\xE2\x80\xAE"
                   "evil") == "?evil");  // right-to-left override
  CHECK(clean_text("cut\xE6\x97") == "cut??");
  CHECK(clean_text("\xC0\xAF\xED\xA0\x80") == "?????");  // overlong, a surrogate
  CHECK(clean_text("\xF4\x90\x80\x80\xFF") == "?????");  // beyond Unicode
  CHECK(clean_text("tr\xC3\xA4\xE6\x97\xA5", Charset::ascii) == "tr??");
}

TEST_CASE("width counts columns, not bytes") {
  CHECK(text_width("abc") == 3);
  CHECK(text_width("tr\xC3\xA4") == 3);
  CHECK(text_width("\xE6\x97\xA5\xE6\x9C\xAC") == 4);  // two East Asian letters
  CHECK(text_width("e\xCC\x81") == 1);                 // with a combining accent
  CHECK(text_width("\xF0\x9F\x98\x80") == 2);
  CHECK(text_width("") == 0);
}

TEST_CASE("what does not fit is cut between characters and marked") {
  CHECK(clip_text("abcdef", 6) == "abcdef");
  CHECK(clip_text("abcdef", 5) == "abcd~");
  CHECK(clip_text("abcdef", 1) == "~");
  CHECK(clip_text("abcdef", 0).empty());
  CHECK(clip_text("\xE6\x97\xA5\xE6\x9C\xAC", 3) == "\xE6\x97\xA5~");
  CHECK(clip_text("\xE6\x97\xA5\xE6\x9C\xAC", 2) == "~");
  CHECK(fit_text("ab", 4) == "ab  ");
  CHECK(fit_text("ab", 4, true) == "  ab");
  // Half of a wide letter is not shown: a space fills its column.
  CHECK(fit_text("\xE6\x97\xA5\xE6\x9C\xAC", 2) == "~ ");
}

TEST_CASE("a count takes at most five columns") {
  CHECK(human_count(0) == "0");
  CHECK(human_count(0.5) == "0.5");
  CHECK(human_count(9.97) == "10.0");
  CHECK(human_count(12.4) == "12");
  CHECK(human_count(999) == "999");
  CHECK(human_count(999.7) == "1.00K");
  CHECK(human_count(1234) == "1.23K");
  CHECK(human_count(9996) == "10.0K");
  CHECK(human_count(45'678'901) == "45.7M");
  CHECK(human_count(999'600) == "1.00M");
  CHECK(human_count(140737488355328.0) == "141T");
  for (double count = 0.3; count < 1e18; count *= 1.07) CHECK(human_count(count).size() <= 5);
}
