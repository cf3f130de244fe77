// Producers keep away from where somebody of an earlier lap may still be writing (writer.hpp). Somebody dead is there
// for ever, and where he died while reserving that is everywhere: the living must not wait for a repair that nobody
// makes. Here nobody makes one but they.
#include <doctest/doctest.h>

#include <chrono>
#include <cstring>

#include <string>
#include <vector>

#include "slickq/producer.hpp"
#include "slickq/repair.hpp"
#include "stage.hpp"

using slickq::Pop;
using slickq::Push;
using staged::Element;
using staged::kShapes;
using staged::kSlots;
using staged::Shape;
using staged::Stage;

namespace {

struct Death {
  const char* name;
  void (*stage)(Stage& s);
};
constexpr Death kDeaths[] = {
    {"while reserving, C as it was", [](Stage& s) { s.reserving(0); }},
    {"while reserving, C further", [](Stage& s) { s.item(1).reserved(2).reserving(0); }},
    {"holding the whole ring", [](Stage& s) { s.items(0, 8).reserved(16).held(8, 16); }},
    {"twice", [](Stage& s) { s.items(0, 4).reserved(8).held(4, 6).reserving(6); }},
};

struct Way {
  const char* name;
  std::uint32_t slots;  ///< of one push
  bool is_batch;
};
constexpr Way kWays[] = {{"items of one slot", 1, false},
                         {"items of three slots", 3, false},
                         {"batches", 3, true},
                         {"items as long as the ring", kSlots, false}};

// Numbered elements, so that nothing depends on where they come to lie.
std::vector<Element> numbered(std::uint64_t first, std::uint64_t count) {
  std::vector<Element> elements;
  for (std::uint64_t k = first; k < first + count; ++k) elements.push_back({k, ~k});
  return elements;
}

void check_goes_on(const Shape& shape, const Death& death, const Way& way) {
  Stage stage(shape);
  death.stage(stage);
  slickq::Producer producer(stage.queue());
  REQUIRE(producer.is_registered());
  slickq::Consumer consumer(stage.queue(), {slickq::Start::At::newest});
  std::vector<std::byte> buffer(sizeof(Element) * stage.geometry().capacity());
  std::uint64_t next = 0;
  for (std::uint32_t k = 0; k < 4 * kSlots; ++k) {
    const auto elements = numbered(next, way.slots * (way.is_batch ? 1 : stage.step()));
    const auto bytes = std::as_bytes(std::span(elements));
    REQUIRE((way.is_batch ? producer.push_batch(bytes) : producer.push_block(bytes)) == Push::pushed);
    const std::uint64_t end = next + elements.size();
    while (next != end) {
      const auto result = consumer.pop_into(buffer);
      REQUIRE(result.what == Pop::item);
      for (std::uint32_t e = 0; e < result.count; ++e, ++next) {
        Element element;
        std::memcpy(&element, buffer.data() + e * sizeof element, sizeof element);
        // Detours move C on; with them a batch may be longer than the ring, and its begin lost before we look.
        CHECK((element.index == next || (element.index > next && way.is_batch && result.lost != 0)));
        next = element.index;
        CHECK(element.inverse == ~next);
      }
    }
  }
}

}  // namespace

TEST_CASE("the dead hold up nobody for ever, also where nobody repairs") {
  for (const Death& death : kDeaths) {
    for (const Way& way : kWays) {
      for (const Shape& shape : kShapes) {
        CAPTURE(std::string(death.name));
        CAPTURE(std::string(way.name));
        CAPTURE(std::string(slickq::to_string(shape.layout)));
        CAPTURE(shape.items_per_slot);
        check_goes_on(shape, death, way);
      }
    }
  }
}

// Its detours end at what the consumer has not passed, so that few come in a row.
TEST_CASE("a producer that waits for its consumer is not held up by the dead either, and loses nothing") {
  for (const Shape& shape : kShapes) {
    CAPTURE(std::string(slickq::to_string(shape.layout)));
    Stage stage(shape);
    stage.reserving(0);
    std::uint64_t at = 0;
    slickq::ProducerOptions options;
    options.respect = {slickq::AtomicCursor(&at)};
    options.patience = std::chrono::milliseconds(1);
    slickq::Producer producer(stage.queue(), options);
    slickq::SharedConsumer consumer(stage.queue(), slickq::AtomicCursor(&at));
    std::vector<std::byte> buffer(sizeof(Element) * stage.geometry().capacity());
    for (std::uint64_t k = 0; k < 4 * kSlots; ++k) {
      const auto elements = numbered(k, 3 * stage.step());
      for (int tries = 0; producer.push_block(std::as_bytes(std::span(elements))) != Push::pushed; ++tries) {
        REQUIRE(tries < 100);
        REQUIRE(consumer.pop_into(buffer).what == Pop::empty);
      }
      REQUIRE(consumer.pop_into(buffer).what == Pop::item);
      CHECK(std::memcmp(buffer.data(), elements.data(), elements.size() * sizeof(Element)) == 0);
    }
    CHECK(consumer.lost_elements() == 0);
  }
}
