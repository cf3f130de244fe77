#include <doctest/doctest.h>

#include <functional>

#include "slickq/error.hpp"
#include "slickq/geometry.hpp"

using slickq::Geometry;
using slickq::Layout;

namespace {

slickq::Error refused(const std::function<void()>& attempt) {
  try {
    attempt();
  } catch (const slickq::Error& error) {
    return error;
  }
  FAIL("was not refused");
  throw;
}

}  // namespace

TEST_CASE("offsets and sizes are the originals'") {
  struct Case {
    Layout layout;
    std::uint64_t capacity, element, items;
    std::uint64_t data_offset, bytes;
  };
  const Case cases[] = {
      {Layout::wide, 8, 32, 1, 192, 448},      {Layout::packed, 16, 32, 1, 320, 832},
      {Layout::slq1, 64, 256, 1, 1088, 17472}, {Layout::slq0, 16, 24, 1, 320, 704},
      {Layout::slq1, 1, 8, 1, 80, 88},         {Layout::slq1, 64, 8, 8, 192, 704},
      {Layout::slq0, 4, 32, 4, 96, 224},       {Layout::slq1, 4, 3, 4, 80, 92},
      {Layout::slq1, 8, 64, 8, 128, 640},      {Layout::slq1, 8, 48, 8, 80, 464},
  };
  for (const Case& c : cases) {
    CAPTURE(c.capacity);
    CAPTURE(c.element);
    CAPTURE(c.items);
    const Geometry g = Geometry::make(c.layout, c.capacity, c.element, c.items);
    CHECK(g.data_offset() == c.data_offset);
    CHECK(g.segment_bytes() == c.bytes);
    CHECK(g.slot_count() == c.capacity / c.items);
  }
}

TEST_CASE("items per slot decides between slq0/slq2 and slq1/slq3") {
  CHECK(Geometry::make(Layout::slq1, 8, 8, 2).layout() == Layout::slq3);
  CHECK(Geometry::make(Layout::slq3, 8, 8, 1).layout() == Layout::slq1);
  CHECK(Geometry::make(Layout::slq0, 8, 8, 4).layout() == Layout::slq2);
  CHECK(Geometry::make(Layout::slq2, 8, 8, 1).layout() == Layout::slq0);
}

TEST_CASE("a footprint is whole slots, and an index finds its slot") {
  const Geometry g = Geometry::make(Layout::slq1, 64, 8, 8);
  CHECK(g.footprint(1) == 8);
  CHECK(g.footprint(8) == 8);
  CHECK(g.footprint(13) == 16);
  CHECK(g.slot_of(0) == 0);
  CHECK(g.slot_of(8) == 1);
  CHECK(g.slot_of(64 + 56) == 7);
}

TEST_CASE("impossible geometries are refused with the value and what is wrong with it") {
  struct Case {
    std::uint64_t capacity, element, items;
    Layout layout;
    const char* says;
  };
  const Case cases[] = {
      {0, 8, 1, Layout::slq1, "size 0"},
      {3, 8, 1, Layout::slq1, "nearest: 2 or 4"},
      {1000, 8, 1, Layout::slq1, "nearest: 512 or 1024"},
      {std::uint64_t{1} << 33, 8, 1, Layout::slq1, "2^31"},
      {8, 0, 1, Layout::slq1, "element size 0"},
      {8, std::uint64_t{1} << 32, 1, Layout::slq1, "4294967295"},
      {8, 8, 3, Layout::slq1, "items per slot 3"},
      {8, 8, 0, Layout::slq1, "items per slot 0"},
      {8, 8, 16, Layout::slq1, "more than the size 8"},
      {8, 8, 2, Layout::packed, "one slot per element"},
      {8, 8, 2, Layout::wide, "one slot per element"},
      {std::uint64_t{1} << 31, 0xFFFFFFFFu, 1, Layout::slq1, "more bytes than a file can have"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.says);
    const auto error = refused([&] { (void)Geometry::make(c.layout, c.capacity, c.element, c.items); });
    CHECK(error.code() == slickq::Errc::invalid_argument);
    CHECK(std::string(error.what()).find(c.says) != std::string::npos);
  }
}
