#include "slickq/scan.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <map>
#include <random>
#include <thread>

#include "slickq/queue.hpp"
#include "support/golden.hpp"
#include "support/image.hpp"
#include "support/seed.hpp"
#include "support/shm_dir.hpp"

using namespace slickq;
using test_support::Image;
using test_support::ShmDir;

namespace {

struct Expected {
  std::uint64_t published;
  std::uint64_t oldest;
  std::vector<Hole> holes;
};

// By scenario; read off the images by hand.
const std::map<std::string, Expected> kGolden{
    {"empty", {0, 0, {}}},
    {"three", {3, 0, {}}},
    {"wrap-marker", {13, 5, {}}},
    {"hole", {2, 0, {{2, 3}}}},
    {"hole-batch", {1, 0, {{1, 4}}}},
    {"hole-at-wrap", {8, 13, {{8, 13}}}},
    {"lapped", {29, 21, {}}},
    {"batches", {57, 0, {}}},
    {"one-slot", {3, 2, {}}},
    {"reset", {1, 0, {}}},
    {"slq0", {4, 0, {}}},
    {"slq1", {4, 0, {}}},
    {"slq2-padded", {4, 0, {}}},
    {"slq3-bytes", {32, 0, {}}},
};

std::string text(const std::vector<Hole>& holes) {
  std::string all;
  for (const Hole& h : holes) {
    all.append("[").append(std::to_string(h.index)).append(",").append(std::to_string(h.next)).append(")");
  }
  return all;
}

Image ring_of(std::uint32_t capacity, std::uint32_t items_per_slot = 1) {
  return Image(Geometry::make(Layout::slq1, capacity, 8, items_per_slot));
}

Scan scan_of(const Image& image, const ScanOptions& options = {}) {
  ShmDir dir;
  return scan(image.view(dir.file("q")), options);
}

// What is true of every scan, whatever the bytes.
void check_sane(const Scan& s, const Geometry& geometry) {
  std::uint64_t end = s.reserved > geometry.capacity() ? s.reserved - geometry.capacity() : 0;
  std::uint64_t unpublished = 0;
  for (const Hole& hole : s.holes) {
    CHECK(hole.index >= end);
    CHECK(hole.next > hole.index);
    end = hole.next;
    unpublished += hole.next - hole.index;
  }
  CHECK(end <= s.reserved);
  CHECK(s.unpublished == unpublished);
  CHECK(s.published == (s.holes.empty() ? s.scanned_to : s.holes[0].index));
  CHECK(s.oldest <= s.reserved);
}

}  // namespace

TEST_CASE("holes, published and oldest of the golden files are where they are") {
  for (const auto& golden : test_support::all_golden()) {
    CAPTURE(golden.name());
    const Scan s = scan(View::open_file(golden.bin));
    const Expected& expected = kGolden.at(golden.scenario);
    CHECK(s.consistent);
    CHECK(s.reserved == golden.reserved_index);
    CHECK(s.scanned_to == golden.reserved_index);
    CHECK(s.published == expected.published);
    CHECK(s.oldest == expected.oldest);
    CHECK(text(s.holes) == text(expected.holes));
  }
}

TEST_CASE("a reservation with nothing behind it is a hole up to the reserved index") {
  const Scan s = scan_of(ring_of(8).item(0).reserved(4));
  CHECK(text(s.holes) == "[1,4)");
  CHECK(s.published == 1);
  CHECK(s.unpublished == 3);
}

TEST_CASE("several holes are listed in order and summed, also beyond the limit of the list") {
  const Image image = ring_of(16).item(1).item(4).item(5).item(7).reserved(9);
  const Scan s = scan_of(image);
  CHECK(text(s.holes) == "[0,1)[2,4)[6,7)[8,9)");
  CHECK(s.published == 0);
  CHECK(s.oldest == 1);
  CHECK(s.unpublished == 5);
  const Scan limited = scan_of(image, {.hole_limit = 1});
  CHECK(text(limited.holes) == "[0,1)");
  CHECK(limited.unpublished == 5);
  CHECK(scan_of(image, {.hole_limit = 0}).published == 0);
}

TEST_CASE("a marker is published: what it jumps over is no hole") {
  CHECK(text(scan_of(ring_of(8).item(0).marker(1, 4).item(4).reserved(5)).holes).empty());
  // One step at a time, as a repair leaves them.
  CHECK(text(scan_of(ring_of(8).item(0).marker(1, 3).marker(2, 3).item(3).reserved(4)).holes).empty());
}

TEST_CASE("fewer elements published than reserved leave a hole behind the item") {
  CHECK(text(scan_of(ring_of(8).item(0, 2).item(4).reserved(5)).holes) == "[2,4)");
}

TEST_CASE("the oldest hole of a lapped ring of single items is reported") {
  Image image = ring_of(8);
  for (std::uint64_t i = 0; i < 12; ++i) {
    if (i != 4) image.item(i);
  }
  const Scan s = scan_of(image.reserved(12));
  CHECK(text(s.holes) == "[4,5)");
  CHECK(s.published == 4);
  CHECK(s.oldest == 5);
}

TEST_CASE("the inside of a half overwritten item is no hole") {
  const Scan s = scan_of(ring_of(8).item(0, 4).item(4, 4).item(8).item(9).reserved(10));
  CHECK(text(s.holes).empty());
  CHECK(s.published == 10);
  CHECK(s.oldest == 4);
  // Nor when every item left is single: slots 4 to 7 were never an item's first in the lap before.
  const Scan singles = scan_of(ring_of(8).item(8, 8).item(16).item(17).item(18).item(19).reserved(20));
  CHECK(text(singles.holes).empty());
  CHECK(singles.oldest == 16);
}

TEST_CASE("the rest of the only long item and a real hole that lead the ring cannot be told apart, but by a frontier") {
  const auto geometry = Geometry::make(Layout::slq1, 8, 8);
  const auto push = [](Ring& ring, int times, std::uint32_t count = 1) {
    for (int k = 0; k < times; ++k) ring.publish(ring.reserve(count), count);
  };
  ShmDir dir;
  Queue sound = Queue::create("sound", geometry, {.shm_dir = dir.path()});
  push(sound.ring(), 2);
  push(sound.ring(), 1, 4);  // [2, 6)
  push(sound.ring(), 5);     // its head is overwritten by the last
  Queue holed = Queue::create("holed", geometry, {.shm_dir = dir.path()});
  push(holed.ring(), 3);
  CHECK(holed.ring().reserve(3) == 3);  // never published
  push(holed.ring(), 5);
  CHECK(std::memcmp(sound.ring().base(), holed.ring().base(), geometry.data_offset()) == 0);
  const View of_sound = View::open_segment("sound", dir.path());
  const View of_holed = View::open_segment("holed", dir.path());
  CHECK(text(scan(of_sound).holes) == "[3,6)");  // false
  CHECK(text(scan(of_holed).holes) == "[3,6)");
  // Who was there before knows the boundaries: 6 was the last of the one, 3 of the other.
  CHECK(text(scan(of_sound, {.frontier = 6}).holes).empty());
  CHECK(text(scan(of_holed, {.frontier = 3}).holes) == "[3,6)");
  push(sound.ring(), 2);
  CHECK(text(scan(of_sound).holes) == "[5,6)");
  push(sound.ring(), 1);
  CHECK(text(scan(of_sound).holes).empty());
}

TEST_CASE("an unpublished run at the front that reaches over the end of the ring is one hole") {
  Image image = ring_of(8);
  for (std::uint64_t i = 0; i < 14; ++i) {
    if (i < 6 || i > 8) image.item(i);
  }
  CHECK(text(scan_of(image.reserved(14)).holes) == "[6,9)");
}

TEST_CASE("capacity one: published, or a hole") {
  CHECK(text(scan_of(ring_of(1).item(6).reserved(7)).holes).empty());
  const Scan s = scan_of(ring_of(1).item(6).reserved(8));
  CHECK(text(s.holes) == "[7,8)");
  CHECK(s.oldest == 7);
}

TEST_CASE("with several items per slot the walk goes from slot to slot") {
  const Scan s = scan_of(ring_of(64, 8).item(0, 5).item(8, 13).item(32, 8).reserved(48));
  CHECK(text(s.holes) == "[24,32)[40,48)");
  CHECK(s.unpublished == 16);
  CHECK(s.oldest == 0);
}

TEST_CASE("markers that lead in circles, backwards or beyond the reserved index end the walk") {
  for (const std::uint64_t target : {0u, 1u, 2u, 9u, 12u, 1000u}) {
    Image image = ring_of(8);
    for (std::uint64_t i = 0; i < 8; ++i) image.marker(i, target);
    const Scan s = scan_of(image.reserved(10));
    CAPTURE(target);
    check_sane(s, image.geometry());
    CHECK(s.scanned_to == 10);
  }
}

TEST_CASE("a walk resumed at the frontier finds what a whole walk finds") {
  Image image = ring_of(64);
  for (std::uint64_t i = 0; i < 100; ++i) {
    if (i != 80 && i != 99) image.item(i);
  }
  image.reserved(100);
  const Scan whole = scan_of(image);
  CHECK(text(whole.holes) == "[80,81)[99,100)");
  for (const std::uint64_t frontier : {36u, 50u, 80u}) {
    const Scan resumed = scan_of(image, {.frontier = frontier});
    CHECK(text(resumed.holes) == text(whole.holes));
    CHECK(resumed.oldest == whole.oldest);
    CHECK(resumed.published == whole.published);
  }
  // Of another time: lapped, or from before a reset.
  for (const std::uint64_t frontier : {0u, 35u, 101u, 5000u}) {
    CHECK(text(scan_of(image, {.frontier = frontier}).holes) == text(whole.holes));
  }
}

TEST_CASE("a frontier makes the inside of a lost reservation at the front a certain hole") {
  // [2,6) was one reservation of four; items 0, 1 and 6 on are single; the ring has lapped to 12, frontier 5
  // is inside.
  const Image image = ring_of(8).item(6, 2).item(8, 2).item(10, 2).reserved(12);
  CHECK(text(scan_of(image).holes).empty());
  CHECK(text(scan_of(image, {.frontier = 4}).holes) == "[4,6)");
}

TEST_CASE("a budget ends the walk, and further calls go on where it ended") {
  Image image = ring_of(1024);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    if (i != 777) image.item(i);
  }
  ShmDir dir;
  const View view = image.reserved(1000).view(dir.file("q"));
  ScanOptions options{.slot_budget = 100};
  for (std::uint64_t expected = 100; expected < 777; expected += 100) {
    const Scan s = scan(view, options);
    CHECK(s.reserved == 1000);
    CHECK(s.scanned_to == expected);
    CHECK(s.published == expected);
    CHECK(s.holes.empty());
    options.frontier = s.published;
  }
  const Scan last = scan(view, options);
  CHECK(text(last.holes) == "[777,778)");
  CHECK(last.scanned_to == 800);
  CHECK(last.oldest == 0);
}

TEST_CASE("random histories: holes are exactly the reservations that were never published") {
  std::mt19937_64 random(test_support::seed());
  for (int round = 0; round < 400; ++round) {
    const std::uint32_t step = round % 3 == 0 ? 4 : 1;
    const std::uint32_t capacity = step << random() % 6;
    Image image = ring_of(capacity, step);
    const Geometry& geometry = image.geometry();
    std::vector<Hole> reservations;  // those never published, skips included
    std::uint64_t reserved = 0;
    for (std::uint64_t ops = random() % 60; ops > 0; --ops) {
      const auto count = static_cast<std::uint32_t>(1 + random() % std::min(capacity, 9u));
      const std::uint64_t taken = geometry.footprint(count);
      const std::uint64_t room = capacity - (reserved & geometry.mask());
      const std::uint64_t index = taken > room ? reserved + room : reserved;
      const bool published = random() % 4 != 0;
      if (published && index != reserved) image.marker(reserved, index);
      if (published) image.item(index, count);
      if (!published) reservations.push_back({reserved, index + taken});
      reserved = index + taken;
    }
    const Scan s = scan_of(image.reserved(reserved));
    CAPTURE(round);
    CAPTURE(capacity);
    check_sane(s, geometry);
    std::vector<Hole> joined;
    for (const Hole& r : reservations) {
      if (!joined.empty() && joined.back().next == r.index) {
        joined.back().next = r.next;
      } else {
        joined.push_back(r);
      }
    }
    // Before the first certain boundary of a lapped ring nothing is promised.
    const std::uint64_t floor = reserved > capacity ? reserved - capacity : 0;
    const std::uint64_t lap = (floor + geometry.mask()) & ~std::uint64_t{geometry.mask()};
    const auto certain = [&](const std::vector<Hole>& holes) {
      std::vector<Hole> kept;
      for (const Hole& h : holes) {
        if (h.next > lap) kept.push_back({std::max(h.index, lap), h.next});
      }
      return text(kept);
    };
    CHECK(certain(s.holes) == certain(joined));
  }
}

TEST_CASE("random bytes in slots and header give an answer that is in itself sane") {
  std::mt19937_64 random(test_support::seed() + 1);
  ShmDir dir;
  for (int round = 0; round < 300; ++round) {
    Image image = round % 2 == 0 ? ring_of(16) : Image(Geometry::make(Layout::wide, 16, 8));
    const auto near = [&](std::uint64_t i) { return random() % 8 == 0 ? random() : i + random() % 40 - 20; };
    const std::uint64_t reserved = random() % 16 == 0 ? ~std::uint64_t{0} : near(40);
    for (std::uint32_t k = 0; k < 16; ++k) image.slot(k, near(reserved), static_cast<std::uint32_t>(near(2)));
    const View view = image.reserved(reserved).view(dir.file("q"));
    check_sane(scan(view), image.geometry());
    check_sane(scan(view, {.frontier = near(reserved), .slot_budget = random() % 20}), image.geometry());
  }
}

TEST_CASE("while a producer runs, only its own reservation at the end is ever unpublished") {
  ShmDir dir;
  for (const std::uint32_t capacity : {16u, 8192u}) {
    Queue queue = Queue::create(capacity == 16 ? "small" : "large", Geometry::make(Layout::slq1, capacity, 8),
                                {.shm_dir = dir.path()});
    const View view = View::open_segment(queue.name(), dir.path());
    std::atomic<bool> stop{false};
    std::thread producer([&] {
      // relaxed: only ends the loop.
      while (!stop.load(std::memory_order_relaxed)) queue.ring().publish(queue.ring().reserve(1), 1);
    });
    int consistent = 0;
    for (int k = 0; k < 3000; ++k) {
      const Scan s = scan(view);
      if (!s.consistent) continue;
      ++consistent;
      check_sane(s, view.geometry());
      CHECK(s.holes.size() <= 1);
      if (!s.holes.empty()) CHECK(s.holes[0].next == s.reserved);
    }
    stop.store(true, std::memory_order_relaxed);
    producer.join();
    CHECK(consistent > 0);
    CHECK(scan(view).published == queue.ring().reserved_index());
  }
}
