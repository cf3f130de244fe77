// From a ring to packets: full ones, late ones, sizes, markers, loss, a reset.
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "body.hpp"
#include "packing.hpp"
#include "slickq/producer.hpp"

using namespace slickq;
using namespace slickq::bridge;

namespace {

PackLimits limits_of(std::size_t bytes, std::size_t most = 1 << 20) {
  PackLimits limits;
  limits.bytes = bytes;
  limits.most_bytes = most;
  return limits;
}

Queue ring(std::uint64_t capacity) { return Queue::local(Geometry::make(Layout::slq1, capacity, 8)); }

void push(Producer& producer, std::uint64_t value) {
  REQUIRE(producer.push(std::as_bytes(std::span(&value, 1))) == Push::pushed);
}
void push_block(Producer& producer, std::vector<std::uint64_t> values) {
  REQUIRE(producer.push_block(std::as_bytes(std::span(values))) == Push::pushed);
}

std::vector<std::uint64_t> values_of(std::span<const std::byte> bytes) {
  std::vector<std::uint64_t> values(bytes.size() / 8);
  std::memcpy(values.data(), bytes.data(), values.size() * 8);
  return values;
}

/// Every index is accounted for once: returns where it ends.
std::uint64_t follow(const Packet& packet, std::uint64_t from) {
  CHECK(packet.from == from);
  CHECK(packet.first >= packet.from);
  CHECK(packet.next >= packet.first);
  return packet.next;
}

}  // namespace

TEST_CASE("a packet is closed when it is full, and the rest is in the next") {
  Queue queue = ring(64);
  Producer producer(queue);
  for (std::uint64_t k = 0; k < 10; ++k) push(producer, k);
  Packer packer(queue, 0, limits_of(32));
  std::uint64_t at = 0;
  std::vector<std::uint64_t> all;
  while (const auto packet = packer.next(true)) {
    at = follow(*packet, at);
    CHECK(packet->items <= 4);
    CHECK(packet->elements == 1);
    for (const std::uint64_t value : values_of(packet->body)) all.push_back(value);
  }
  CHECK(at == 10);
  CHECK(all == std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("a packet that is not full is closed after a while") {
  Queue queue = ring(64);
  Producer producer(queue);
  push(producer, 7);
  Packer packer(queue, 0, limits_of(1024));
  const auto begun = std::chrono::steady_clock::now();
  const auto packet = packer.next(false);
  REQUIRE(packet);
  CHECK(packet->items == 1);
  CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::milliseconds(1));
  CHECK_FALSE(packer.next(false));
  CHECK_FALSE(packer.wait(std::chrono::milliseconds(1)));
  push(producer, 8);
  CHECK(packer.wait(std::chrono::milliseconds(1000)));
}

TEST_CASE("items of different sizes travel together, and markers are jumped over between packets") {
  Queue queue = ring(8);
  Producer producer(queue);
  push(producer, 1);
  push_block(producer, {2, 3, 4});
  push_block(producer, {5, 6});
  Packer packer(queue, 0, limits_of(1024));
  auto packet = packer.next(true);
  REQUIRE(packet);
  CHECK(packet->elements == kMixed);
  CHECK(packet->next == 6);
  auto body = Body::of_message(packet->body, packet->items, packet->elements, 8);
  REQUIRE(body);
  CHECK(values_of(body->next()->bytes) == std::vector<std::uint64_t>{1});
  CHECK(values_of(body->next()->bytes) == std::vector<std::uint64_t>{2, 3, 4});
  CHECK(values_of(body->next()->bytes) == std::vector<std::uint64_t>{5, 6});
  push(producer, 7);
  push_block(producer, {8, 9, 10, 11});  // does not fit before the end: 7 is left out
  packet = packer.next(true);
  REQUIRE(packet);
  CHECK(follow(*packet, 6) == 7);
  packet = packer.next(true);
  REQUIRE(packet);
  CHECK(packet->from == 7);
  CHECK(packet->first == 8);
  CHECK(packet->next == 12);
  CHECK(packet->elements == 4);
}

TEST_CASE("what was overwritten is a gap, and all indexes are accounted for") {
  Queue queue = ring(16);
  Producer producer(queue);
  push(producer, 0);
  Packer packer(queue, 0, limits_of(64));
  for (std::uint64_t k = 1; k < 40; ++k) push(producer, k);
  std::uint64_t at = 0;
  std::uint64_t lost = 0;
  std::vector<std::uint64_t> came;
  while (const auto packet = packer.next(true)) {
    at = follow(*packet, at);
    if (packet->kind == Kind::gap) {
      lost += packet->lost;
      CHECK(packet->reason == std::string("overwritten"));
      CHECK(packet->body.empty());
      CHECK(packet->lost == packet->next - packet->from);
    } else {
      for (const std::uint64_t value : values_of(packet->body)) came.push_back(value);
    }
  }
  CHECK(at == 40);
  CHECK(lost > 0);
  CHECK(lost + came.size() == 40);
  CHECK(came.front() == lost);
  CHECK(came.back() == 39);
}

TEST_CASE("an item larger than a message is a gap of its own, with the reason") {
  Queue queue = ring(64);
  Producer producer(queue);
  push(producer, 1);
  push_block(producer, std::vector<std::uint64_t>(20, 2));
  push_block(producer, std::vector<std::uint64_t>(10, 3));  // larger than a packet, but a message takes it
  Packer packer(queue, 0, limits_of(32, 100));
  auto packet = packer.next(true);
  REQUIRE(packet);
  CHECK(packet->items == 1);
  packet = packer.next(true);
  REQUIRE(packet);
  CHECK(packet->kind == Kind::gap);
  CHECK(packet->reason == std::string("oversize"));
  CHECK(packet->lost == 20);
  CHECK(follow(*packet, 1) == 21);
  packet = packer.next(true);
  REQUIRE(packet);
  CHECK(packet->body.size() == 80);
}

TEST_CASE("a reset is told between what was before and what is behind it") {
  Queue queue = ring(16);
  Producer producer(queue);
  for (std::uint64_t k = 0; k < 3; ++k) push(producer, k);
  Packer packer(queue, 0, limits_of(64));
  CHECK(packer.next(true)->next == 3);
  queue.reset(true);
  push(producer, 9);
  std::optional<Packet> packet;
  for (int look = 0; !packet && look < 1000; ++look) packet = packer.next(true);  // not each look asks for it
  REQUIRE(packet);
  CHECK(packet->kind == Kind::epoch);
  packet = packer.next(true);
  REQUIRE(packet);
  CHECK(follow(*packet, 0) == 1);
  CHECK(values_of(packet->body) == std::vector<std::uint64_t>{9});
}
