#include "bench/payload.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

using namespace slickq::bench;

namespace {

std::vector<std::byte> copy_of(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

const Form kForms[] = {{8, 1, false},   {12, 1, false}, {16, 1, false}, {64, 1, false},
                       {64, 16, false}, {16, 1, true},  {21, 1, true},  {4096, 4, false}};

}  // namespace

TEST_CASE("messages of every form are whole, in order, and counted") {
  for (const Form& form : kForms) {
    CAPTURE(form.bytes);
    CAPTURE(form.batch);
    Source source(1, form);
    Checker checker(2, form);
    for (std::uint64_t sequence = 0; sequence < 1024; sequence += form.batch) {
      const auto messages = source.prepare(sequence, form.batch);
      REQUIRE(messages.size() == std::size_t{form.batch} * form.bytes);
      for (std::uint32_t k = 0; k < form.batch; ++k) {
        checker.account(checker.look(messages.subspan(std::size_t{k} * form.bytes, form.bytes)));
      }
    }
    checker.close(0, 0);
    checker.close(1, 1024);
    CHECK(checker.received() == 1024);
    CHECK(checker.missing() == 0);
    CHECK(checker.torn() == 0);
  }
}

TEST_CASE("a stamped message brings its time along") {
  const Form form{32, 1, true};
  Source source(0, form);
  const Checker checker(1, form);
  CHECK(checker.look(source.prepare_stamped(7, 123456789)).stamp == 123456789);
}

TEST_CASE("a message whose end belongs to another is torn") {
  for (const Form& form : kForms) {
    if (form.tail_bytes() == 0) continue;  // nothing but the word, which is written at once
    CAPTURE(form.bytes);
    Source source(0, form);
    std::vector<std::byte> message = copy_of(source.prepare(form.batch * 5).first(form.bytes));
    const std::vector<std::byte> later = copy_of(source.prepare(form.batch * 6).first(form.bytes));
    std::memcpy(message.data() + form.bytes - form.tail_bytes(), later.data() + form.bytes - form.tail_bytes(),
                form.tail_bytes());
    Checker checker(1, form);
    checker.account(checker.look(message));
    CHECK(checker.torn() == 1);
    CHECK(checker.received() == 0);
  }
}

TEST_CASE("any single byte of the middle counts in a message that is wholly checked") {
  const Form form{64, 1, false};
  Source source(0, form);
  const std::vector<std::byte> message = copy_of(source.prepare(128));
  const Checker checker(1, form);
  REQUIRE(checker.look(message).intact);
  for (std::size_t k = 0; k < message.size(); ++k) {
    CAPTURE(k);
    std::vector<std::byte> broken = message;
    broken[k] ^= std::byte{1};
    CHECK_FALSE(checker.look(broken).intact);
  }
}

TEST_CASE("one lap later the same element has another middle") {
  const Form form{64, 16, false};
  Source source(0, form);
  const std::vector<std::byte> now = copy_of(source.prepare(0, 16));
  const std::vector<std::byte> a_lap_later = copy_of(source.prepare(65536, 16));
  for (std::size_t k = form.middle_at(); k < form.middle_at() + form.middle_bytes(); ++k) {
    CHECK(now[k] != a_lap_later[k]);
  }
}

TEST_CASE("what did not come is missing, in between and at the end") {
  const Form form{16, 1, false};
  Source source(0, form);
  Checker checker(1, form);
  for (const std::uint64_t sequence : {0u, 1u, 5u}) checker.account(checker.look(source.prepare(sequence)));
  CHECK(checker.missing() == 3);
  checker.close(0, 10);
  CHECK(checker.missing() == 7);
  CHECK(checker.received() == 3);
}

TEST_CASE("a message that comes twice, or after a later one, is refused") {
  const Form form{16, 1, false};
  Source source(0, form);
  Checker checker(1, form);
  checker.account(checker.look(source.prepare(4)));
  CHECK_THROWS_AS(checker.account(checker.look(source.prepare(4))), CheckFailed);
  CHECK_THROWS_AS(checker.account(checker.look(source.prepare(2))), CheckFailed);
}

TEST_CASE("more messages than were sent are refused, and those of nobody are torn") {
  const Form form{16, 1, false};
  Source source(0, form);
  Source stranger(3, form);
  Checker checker(2, form);
  checker.account(checker.look(stranger.prepare(0)));
  CHECK(checker.torn() == 1);
  checker.account(checker.look(source.prepare(8)));
  CHECK_THROWS_AS(checker.close(0, 8), CheckFailed);
  checker.close(0, 9);
}

TEST_CASE("counting from here on forgets the counts, not the order") {
  const Form form{16, 1, false};
  Source source(0, form);
  Checker checker(1, form);
  checker.account(checker.look(source.prepare(3)));
  checker.start_counting();
  CHECK(checker.received() == 0);
  CHECK(checker.missing() == 0);
  CHECK_THROWS_AS(checker.account(checker.look(source.prepare(3))), CheckFailed);
  checker.account(checker.look(source.prepare(4)));
  CHECK(checker.received() == 1);
}
