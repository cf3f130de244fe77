// Bytes written by us equal the originals': each golden scenario is played on a queue of its layout and the result
// compared with the image byte for byte.
//
// Not compared: slot padding; element bytes no item was written to; and, in the two images whose header was laid out
// by hand with items per slot > 1, the low 16 bits of word 0: the images say 1 there, while the 2.x header writes the
// size of the last reservation (13 and 3), as we do.
#include <doctest/doctest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "slickq/queue.hpp"
#include "slickq/recognise.hpp"
#include "support/shm_dir.hpp"

using slickq::Geometry;
using slickq::Layout;
using slickq::Queue;

namespace {

struct Op {
  enum What { item, hole, reset } what;
  std::uint32_t count;  // elements reserved (and, for an item, published)
  std::uint64_t value;  // of the first element; the next ones count up
  std::uint32_t repeat = 1;
};

struct Scenario {
  const char* name;
  std::vector<Op> ops;
};

// What the generator of the images did, read off the images and their json.
const std::vector<Scenario> kScenarios{
    {"empty", {}},
    {"three", {{Op::item, 1, 100, 3}}},
    {"wrap-marker", {{Op::item, 1, 200, 6}, {Op::item, 4, 300}, {Op::item, 1, 400}}},
    {"hole", {{Op::item, 1, 500, 2}, {Op::hole, 1, 0}, {Op::item, 1, 510, 3}}},
    {"hole-batch", {{Op::item, 1, 520}, {Op::hole, 3, 0}, {Op::item, 1, 530, 3}}},
    {"hole-at-wrap", {{Op::item, 1, 560, 5}, {Op::hole, 5, 0}, {Op::item, 1, 590, 2}}},
    {"lapped", {{Op::item, 1, 600, 29}}},
    {"batches",
     {{Op::item, 1, 700},
      {Op::item, 6, 701},
      {Op::item, 11, 707},
      {Op::item, 5, 718},
      {Op::item, 10, 723},
      {Op::item, 4, 733},
      {Op::item, 9, 737},
      {Op::item, 3, 746},
      {Op::item, 8, 749}}},
    {"one-slot", {{Op::item, 1, 800, 3}}},
    {"reset", {{Op::item, 1, 900, 5}, {Op::reset, 0, 0}, {Op::item, 1, 950}}},
    {"slq0", {{Op::item, 1, 100}, {Op::item, 2, 110}, {Op::item, 1, 120}}},
    {"slq1", {{Op::item, 1, 100}, {Op::item, 2, 110}, {Op::item, 1, 120}}},
    {"slq2-padded", {{Op::item, 3, 500}}},
    {"slq3-bytes", {{Op::item, 5, 200}, {Op::item, 8, 300}, {Op::item, 13, 400}}},
};

struct Generation {
  const char* name;
  Layout layout;
  std::vector<const char*> scenarios;
};
const std::vector<const char*> kAll{"empty",        "three",  "wrap-marker", "hole",     "hole-batch",
                                    "hole-at-wrap", "lapped", "batches",     "one-slot", "reset"};
const std::vector<Generation> kGenerations{
    {"cpp-1.1.2", Layout::wide, kAll},
    {"cpp-1.2.3", Layout::packed, kAll},
    {"cpp-1.3.0", Layout::packed, kAll},
    {"cpp-1.4.0", Layout::slq1, kAll},
    {"python-1.0.1", Layout::packed, {"empty", "three", "wrap-marker", "hole"}},
    {"header-2.x", Layout::slq0, {"slq0"}},
    {"header-2.x", Layout::slq1, {"slq1"}},
    {"header-2.x", Layout::slq2, {"slq2-padded"}},
    {"header-2.x", Layout::slq3, {"slq3-bytes"}},
};

using Bytes = std::vector<unsigned char>;

Bytes read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE_MESSAGE(in.good(), path);
  return {std::istreambuf_iterator<char>(in), {}};
}

void fill(std::byte* element, std::uint32_t size, std::uint64_t value) {
  std::memcpy(element, &value, sizeof value);
  for (std::uint32_t k = 8; k < size; ++k) element[k] = static_cast<std::byte>((value * 31 + k) & 0xFF);
}

// Plays the scenario; returns which elements were written.
std::vector<bool> play(Queue& q, const Scenario& scenario) {
  std::vector<bool> written(q.geometry().capacity());
  for (const Op& op : scenario.ops) {
    for (std::uint32_t r = 0; r < op.repeat; ++r) {
      if (op.what == Op::reset) {
        q.ring().reset();
        continue;
      }
      const std::uint64_t index = q.ring().reserve(op.count);
      if (op.what == Op::hole) continue;
      for (std::uint32_t k = 0; k < op.count; ++k) {
        fill(q.ring().element(index + k), q.geometry().element_size(), op.value + r + k);
        written[(index + k) & q.geometry().mask()] = true;
      }
      q.ring().publish(index, op.count);
    }
  }
  return written;
}

void blank(Bytes& bytes, std::size_t from, std::size_t count) { std::memset(bytes.data() + from, 0, count); }

void blank_what_is_not_compared(Bytes& bytes, const Geometry& g, const std::vector<bool>& written) {
  for (std::uint32_t k = 0; k < g.slot_count(); ++k) blank(bytes, slickq::kHeaderBytes + 16u * k + 12, 4);
  for (std::size_t k = 0; k < written.size(); ++k) {
    if (!written[k]) blank(bytes, g.data_offset() + k * g.element_size(), g.element_size());
  }
  if (slickq::has_shared_slots(g.layout())) blank(bytes, 0, 2);
  blank(bytes, 48, 4);  // checked by expected_init_state()
}

std::uint32_t init_state(const Bytes& bytes) {
  std::uint32_t state;
  std::memcpy(&state, bytes.data() + 48, sizeof state);
  return state;
}

}  // namespace

TEST_CASE("each golden scenario, played by us, gives the original's bytes") {
  test_support::ShmDir dir;
  int compared = 0;
  for (const Generation& generation : kGenerations) {
    for (const char* name : generation.scenarios) {
      CAPTURE(generation.name);
      CAPTURE(name);
      Bytes image = read_file(std::string(SLICKQ_GOLDEN_DIR) + "/" + generation.name + "/" + name + ".bin");
      slickq::HeaderBytes header;
      std::memcpy(header.data(), image.data(), header.size());
      const auto found = slickq::recognise(header, image.size());
      REQUIRE(found.geometry);
      REQUIRE(found.geometry->layout() == generation.layout);
      slickq::CreateOptions options;
      options.shm_dir = dir.path();
      const std::string segment = std::string(generation.name) + "." + name;
      Queue q = Queue::create(segment, *found.geometry, options);
      const Scenario* scenario = nullptr;
      for (const Scenario& s : kScenarios) {
        if (std::string(s.name) == name) scenario = &s;
      }
      REQUIRE(scenario != nullptr);
      const auto written = play(q, *scenario);
      Bytes ours = read_file(dir.file(segment));
      REQUIRE(ours.size() >= image.size());
      ours.resize(image.size());
      // C++ 1.3 leaves its creator flag, 1, where 1.2 and Python 1.0 have 0: the three read each other's.
      if (slickq::has_magic(generation.layout)) CHECK(init_state(ours) == init_state(image));
      if (!slickq::has_magic(generation.layout)) CHECK(init_state(ours) == 0);
      blank_what_is_not_compared(ours, *found.geometry, written);
      blank_what_is_not_compared(image, *found.geometry, written);
      CHECK(ours == image);
      ++compared;
    }
  }
  CHECK(compared == 48);
}
