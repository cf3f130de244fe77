// The drop-in header reads the originals' segments exactly as the originals did: every start cursor, every item, the
// cursor after it, and read_last.
#include <doctest/doctest.h>
#include <slick/queue.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/shm_env.hpp"

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

template <std::size_t Bytes>
struct Element {
  std::uint64_t value;
  unsigned char rest[Bytes - 8];
};
template <>
struct Element<8> {
  std::uint64_t value;
};

struct WithoutLast : slick::queue_traits {
  static constexpr bool enable_read_last = false;
};

template <class Queue, class Cursor>
void check_reads(Queue& q, const Json& start) {
  Cursor cursor(start.at("start").get<std::uint64_t>());
  for (const Json& item : start.at("items")) {
    const auto [data, count] = q.read(cursor);
    REQUIRE(data != nullptr);
    CHECK(cursor == item.at("cursor_after").get<std::uint64_t>());
    CHECK(count == item.at("count").get<std::uint32_t>());
    CHECK(data->value == item.at("first_u64").get<std::uint64_t>());
  }
  CHECK(q.read(cursor).first == nullptr);
  CHECK(cursor == start.at("cursor_end").get<std::uint64_t>());
}

template <std::size_t Bytes, class Traits>
void check_segment(const char* name, const Json& expected, bool has_read_last) {
  slick::SlickQueue<Element<Bytes>, Traits> q(name);
  CHECK(q.size() == expected.at("capacity").get<std::uint32_t>());
  CHECK(q.items_per_slot() == expected.value("items_per_slot", 1u));
  CHECK(q.initial_reading_index() == expected.at("reserved_index").get<std::uint64_t>());
  for (const Json& start : expected.at("reads")) {
    check_reads<decltype(q), std::uint64_t>(q, start);
    check_reads<decltype(q), std::atomic<std::uint64_t>>(q, start);
  }
  if constexpr (Traits::enable_read_last) {
    if (!has_read_last) return;
    const auto [last, count] = q.read_last();
    if (expected.at("read_last_first_u64").is_null()) {
      CHECK(last == nullptr);
    } else {
      REQUIRE(last != nullptr);
      CHECK(last->value == expected.at("read_last_first_u64").get<std::uint64_t>());
    }
  }
}

template <class Traits>
void check_by_size(std::size_t bytes, const char* name, const Json& expected, bool has_read_last) {
  switch (bytes) {
    case 8: return check_segment<8, Traits>(name, expected, has_read_last);
    case 24: return check_segment<24, Traits>(name, expected, has_read_last);
    case 32: return check_segment<32, Traits>(name, expected, has_read_last);
    case 40: return check_segment<40, Traits>(name, expected, has_read_last);
    case 256: return check_segment<256, Traits>(name, expected, has_read_last);
    default: FAIL("no element type of " << bytes << " bytes");
  }
}

}  // namespace

TEST_CASE("the drop-in header returns exactly what the originals' readers returned") {
  int segments = 0;
  for (const auto& generation : fs::directory_iterator(SLICKQ_GOLDEN_DIR)) {
    if (!generation.is_directory()) continue;
    for (const auto& file : fs::directory_iterator(generation.path())) {
      if (file.path().extension() != ".json") continue;
      CAPTURE(file.path().string());
      const Json expected = Json::parse(std::ifstream(file.path()));
      test_support::ShmEnv env;
      fs::path image = file.path();
      fs::copy_file(image.replace_extension(".bin"), env.dir().file("golden"));
      const std::string stem = file.path().stem();
      // slq0 and slq2 have no last published index: opened without read_last, as a 2.x program would have to.
      const bool without = stem.starts_with("slq0") || stem.starts_with("slq2");
      // The Python 1.0 reader had no read_last: its null means "not asked".
      const bool asked = generation.path().filename() != "python-1.0.1";
      const auto bytes = expected.at("element_size").get<std::size_t>();
      if (without) {
        check_by_size<WithoutLast>(bytes, "golden", expected, asked);
      } else {
        check_by_size<slick::queue_traits>(bytes, "golden", expected, asked);
      }
      ++segments;
    }
  }
  CHECK(segments == 48);
}
