// What crosses the network: bodies, checksums, headers, and the subject that tells of a message.
#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "body.hpp"
#include "checksum.hpp"
#include "connection.hpp"
#include "envelope.hpp"
#include "feed.hpp"
#include "slickq/error.hpp"

using namespace slickq::bridge;
using slickq::Geometry;
using slickq::Layout;

namespace {

std::vector<std::byte> bytes_of(const std::string& text) {
  std::vector<std::byte> bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());  // null is not for memcpy()
  return bytes;
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<std::string> items_of(Body body) {
  std::vector<std::string> items;
  while (const auto item = body.next()) items.push_back(text_of(item->bytes));
  return items;
}

Envelope example() {
  Envelope envelope;
  envelope.queue = "a-1234";
  envelope.epoch = 3;
  envelope.from = 10;
  envelope.first = 12;
  envelope.next = 15;
  envelope.items = 3;
  envelope.geometry = Geometry::make(Layout::slq3, 64, 100, 4);
  envelope.crc = 0xDEADBEEF;
  envelope.bridge = std::string("0123456789abcdef");
  envelope.reason = "reset";
  return envelope;
}

using Fields = std::map<std::string, std::string>;
Fields fields_of(const Envelope& envelope) {
  Fields fields;
  for (const auto& [name, value] : headers_of(envelope)) fields[name] = value;
  return fields;
}
Envelope parse(const Fields& fields) {
  return parse_envelope("message 1", [&](const char* name) {
    const auto at = fields.find(name);
    return at == fields.end() ? std::string() : at->second;
  });
}

}  // namespace

TEST_CASE("a uniform body is its elements and nothing else") {
  const auto bytes = bytes_of("aabbcc");
  CHECK(items_of(*Body::of_message(bytes, 3, 1, 2)) == std::vector<std::string>{"aa", "bb", "cc"});
  CHECK(items_of(*Body::of_message(bytes, 1, 3, 2)) == std::vector<std::string>{"aabbcc"});
  CHECK(Body::of_message({}, 0, 1, 2)->items() == 0);
}

TEST_CASE("a mixed body tells the elements of each item") {
  const std::vector<std::uint32_t> counts{1, 2};
  std::vector<std::byte> bytes;
  mixed_body(counts, bytes_of("aabbcc"), bytes);
  CHECK(text_of(bytes) == std::string("\1\0\0\0\2\0\0\0aabbcc", 14));
  CHECK(items_of(*Body::of_message(bytes, 2, kMixed, 2)) == std::vector<std::string>{"aa", "bbcc"});
}

TEST_CASE("a body whose sizes do not fit its bytes is refused") {
  const auto bytes = bytes_of("aabbcc");
  CHECK_FALSE(Body::of_message(bytes, 2, 1, 2));
  CHECK_FALSE(Body::of_message(bytes, 4, 1, 2));
  CHECK_FALSE(Body::of_message(bytes, 0, 1, 2));
  CHECK_FALSE(Body::of_message(bytes, 3, 1, 0));
  CHECK_FALSE(Body::of_message(bytes, ~std::uint64_t{0}, 1, 2));
  CHECK_FALSE(Body::of_message(bytes, 3, 0xFFFFFFFF, 0xFFFFFFFF));
  std::vector<std::byte> mixed;
  mixed_body(std::vector<std::uint32_t>{1, 2}, bytes_of("aabbcc"), mixed);
  for (std::size_t length = 0; length < mixed.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(Body::of_message(std::span(mixed).first(length), 2, kMixed, 2));
  }
  mixed_body(std::vector<std::uint32_t>{0, 3}, bytes_of("aabbcc"), mixed);
  CHECK_FALSE(Body::of_message(mixed, 2, kMixed, 2));
  mixed_body(std::vector<std::uint32_t>{0xFFFFFFFF, 2}, bytes_of("aabbcc"), mixed);
  CHECK_FALSE(Body::of_message(mixed, 2, kMixed, 2));
}

TEST_CASE("the checksum is CRC-32C, with and without the processor's instruction") {
  CHECK(crc32c(bytes_of("123456789")) == 0xE3069283);
  std::string text;
  for (int length = 0; length < 70; ++length, text.push_back(static_cast<char>(length * 37))) {
    CHECK(crc32c(bytes_of(text)) == crc32c_by_table(bytes_of(text)));
  }
}

TEST_CASE("headers come back as they went") {
  const Envelope there = parse(fields_of(example()));
  CHECK(fields_of(there) == fields_of(example()));
  CHECK(there.geometry == example().geometry);
}

TEST_CASE("headers that are missing or make no sense are refused by name") {
  for (const auto& [name, value] : fields_of(example())) {
    if (name == "Slickq-Bridge" || name == "Slickq-Reason") continue;
    std::string blank_behind = value;
    blank_behind.push_back(' ');
    for (const std::string& wrong : {std::string(), std::string("x y"), std::string("-1"), blank_behind}) {
      if (name == "Slickq-Queue" && !wrong.empty()) continue;
      if (name == "Slickq-Geometry" && wrong.ends_with(' ')) continue;
      CAPTURE(name);
      CAPTURE(wrong);
      Fields fields = fields_of(example());
      fields.insert_or_assign(name, wrong);
      CHECK_THROWS_WITH_AS(parse(fields), doctest::Contains(name.c_str()), slickq::Error);
    }
  }
  Fields backwards = fields_of(example());
  backwards.insert_or_assign("Slickq-Next", "11");
  CHECK_THROWS_AS(parse(backwards), slickq::Error);
  Fields absurd = fields_of(example());
  absurd.insert_or_assign("Slickq-Geometry", "slq1 65 100 1");
  CHECK_THROWS_AS(parse(absurd), slickq::Error);
}

TEST_CASE("the subject of the acknowledgement tells the sequence, on old servers and new ones") {
  for (const char* subject : {"$JS.ACK.S.c.1.17.4.1700000000.9", "$JS.ACK.d.acc.S.c.1.17.4.1700000000.9",
                              "$JS.ACK.d.acc.S.c.1.17.4.1700000000.9.rnd"}) {
    CAPTURE(subject);
    const auto told = parse_ack_subject(subject);
    REQUIRE(told);
    CHECK(told->sequence == 17);
    CHECK(told->delivery == 4);
    CHECK(told->behind == 9);
  }
  for (const char* subject : {"", "inbox", "$JS.ACK.S.c.1.17.4", "$JS.ACK.S.c.1.x.4.1700000000.9", "$JS.ACK.........",
                              "$JS.ACK.S.c.1.0.4.1700000000.9"}) {
    CAPTURE(subject);
    CHECK_FALSE(parse_ack_subject(subject));
  }
}

TEST_CASE("a password is nobody's business") {
  CHECK(without_secrets("nats://me:secret@a:4222,tls://b:4222") == "nats://a:4222,tls://b:4222");
  CHECK(without_secrets("token@a") == "a");
}
