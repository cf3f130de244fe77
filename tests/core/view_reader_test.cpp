#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <random>
#include <thread>

#include "slickq/error.hpp"
#include "slickq/queue.hpp"
#include "slickq/view.hpp"
#include "support/golden.hpp"
#include "support/image.hpp"
#include "support/seed.hpp"
#include "support/shm_dir.hpp"

using namespace slickq;
using test_support::Image;
using test_support::ShmDir;

namespace {

constexpr Start at(std::uint64_t index) { return {Start::At::index, index}; }

Image ring_of(std::uint32_t capacity, std::uint32_t items_per_slot = 1) {
  return Image(Geometry::make(Layout::slq1, capacity, 8, items_per_slot));
}

struct Loss {
  std::uint64_t lost, first, last;
};

// Reads to the end; every item must be whole. Returns "index:count ..." and adds up the loss.
std::string read_all(ViewReader& reader, Loss* loss = nullptr) {
  std::string all;
  std::vector<std::byte> bytes;
  for (;;) {
    const PopResult r = reader.next(bytes);
    if (r.lost > 0 && loss != nullptr) *loss = {r.lost, r.first_lost, r.last_lost};
    if (r.what != Pop::item) return all;
    all += std::to_string(r.index) + ":" + std::to_string(r.count) + " ";
  }
}

// What a lapped cursor gives: ours goes on at the oldest item that is surely still there, not at the newer
// item in the cursor's slot.
struct Lapped {
  const char* scenario;
  std::uint64_t start;
  std::uint64_t lost;  // from start on
  const char* items;
};
const Lapped kLapped[] = {
    {"lapped", 0, 22, "22:1 23:1 24:1 25:1 26:1 27:1 28:1 "},
    {"lapped", 20, 2, "22:1 23:1 24:1 25:1 26:1 27:1 28:1 "},
    {"one-slot", 0, 2, "2:1 "},
    {"wrap-marker", 0, 6, "8:4 12:1 "},  // on at the marker of 6, and from there to 8
    {"hole-at-wrap", 4, 9, "13:1 14:1 "},
    {"hole-at-wrap", 5, 8, "13:1 14:1 "},
};

}  // namespace

TEST_CASE("the golden reads that no lap has overtaken are returned to the letter") {
  std::size_t compared = 0;
  for (const auto& golden : test_support::all_golden()) {
    const View view = View::open_file(golden.bin);
    for (const auto& read : golden.reads) {
      if (golden.reserved_index - read.start > golden.capacity) continue;
      CAPTURE(golden.name());
      CAPTURE(read.start);
      ViewReader reader(view, at(read.start));
      std::vector<std::byte> bytes;
      for (const auto& item : read.items) {
        const PopResult r = reader.next(bytes);
        REQUIRE(r.what == Pop::item);
        CHECK(r.lost == 0);
        CHECK(r.count == item.count);
        CHECK(reader.cursor() == item.cursor_after);
        REQUIRE(bytes.size() == std::size_t{item.count} * golden.element_size);
        for (std::uint32_t k = 0; k < item.count; ++k) {
          const auto* element = bytes.data() + std::size_t{k} * golden.element_size;
          CHECK(std::vector<std::byte>(element, element + golden.element_size) ==
                test_support::golden_element(item.first_u64 + k, golden.element_size));
        }
        ++compared;
      }
      CHECK(reader.next(bytes).what == Pop::empty);
      CHECK(reader.cursor() == read.cursor_end);
      CHECK(reader.lost_elements() == 0);
    }
  }
  CHECK(compared > 100);
}

TEST_CASE("a lapped cursor goes on at the oldest item that is still there and counts what it skipped") {
  for (const auto& golden : test_support::all_golden()) {
    for (const Lapped& lapped : kLapped) {
      if (golden.scenario != lapped.scenario) continue;
      CAPTURE(golden.name());
      CAPTURE(lapped.start);
      const View view = View::open_file(golden.bin);
      ViewReader reader(view, at(lapped.start));
      Loss loss{};
      CHECK(read_all(reader, &loss) == lapped.items);
      CHECK(loss.lost == lapped.lost);
      CHECK(loss.first == lapped.start);
      CHECK(loss.last == lapped.start + lapped.lost - 1);
      CHECK(reader.lost_elements() == lapped.lost);
      CHECK(reader.cursor() == golden.reserved_index);
    }
  }
}

TEST_CASE(
    "a lapped cursor finds the last items also when they begin in the eighth that it would skip, as a Consumer does") {
  ShmDir dir;
  const auto check = [&](const Image& image, std::uint64_t from, const std::string& expected, std::uint64_t lost) {
    Loss loss{};
    const View view = image.view(dir.file("q"));
    ViewReader reader(view, at(from));
    CHECK(read_all(reader, &loss) == expected);
    CHECK(loss.lost == lost);
    CHECK(loss.first == from);
    CHECK(loss.last == from + lost - 1);
    CHECK(reader.cursor() % 64 == 0);  // where each of these ends
    const Queue queue = Queue::open("q", dir.path());
    CHECK(queue.ring().resync(from) == from + lost);
  };
  check(ring_of(64).item(64, 64).reserved(128), 3, "64:64 ", 61);
  check(ring_of(64).item(64, 3).item(67, 61).reserved(128), 0, "64:3 67:61 ", 64);
  check(ring_of(64).item(64, 32).item(96, 32).reserved(128), 0, "96:32 ", 96);  // what is surely there comes first
  check(ring_of(64).item(10, 54).marker(4, 10).reserved(68), 1, "10:54 ", 3);   // a marker leads on, too
  check(ring_of(64, 8).item(64, 60).reserved(128), 0, "64:60 ", 64);
}

TEST_CASE("a cursor that is lapped by an item as large as the ring, still in work, waits for that item") {
  for (const std::uint32_t capacity : {1u, 4u, 16u}) {
    CAPTURE(capacity);
    ShmDir dir;
    slickq::CreateOptions options;
    options.shm_dir = dir.path();
    Queue queue = Queue::create("q", Geometry::make(Layout::slq1, capacity, 8), options);
    queue.ring().publish(queue.ring().reserve(capacity), capacity);
    const std::uint64_t index = queue.ring().reserve(capacity);
    const View view = View::open_segment("q", dir.path());
    ViewReader reader(view, at(0));
    Loss loss{};
    CHECK(read_all(reader, &loss).empty());
    CHECK(loss.lost == capacity);
    CHECK(reader.cursor() == index);
    queue.ring().publish(index, capacity);
    CHECK(read_all(reader) == std::to_string(index) + ":" + std::to_string(capacity) + " ");
  }
}

TEST_CASE("a reader starts at the oldest, at the end, some elements back, or at an index") {
  ShmDir dir;
  Image image = ring_of(8);
  for (std::uint64_t i = 0; i < 20; i += 2) image.item(i, 2);
  const View view = image.reserved(20).view(dir.file("q"));
  const auto start = [&](Start s) { return ViewReader(view, s).cursor(); };
  CHECK(start({}) == 12);
  CHECK(start({Start::At::newest, 0}) == 20);
  CHECK(start({Start::At::back, 0}) == 20);
  CHECK(start({Start::At::back, 4}) == 16);
  CHECK(start({Start::At::back, 3}) == 18);  // 17 is inside an item
  CHECK(start({Start::At::back, 1000}) == 12);
  CHECK(start(at(14)) == 14);
  CHECK(start(at(1000)) == 20);
  CHECK(ViewReader(ring_of(8).view(dir.file("empty")), {}).cursor() == 0);
}

TEST_CASE("reading stops at a hole and goes on when it is published") {
  ShmDir dir;
  Image image = ring_of(8).item(0).item(2).reserved(3);
  image.save(dir.file("q"));
  const View view = View::open_segment("q", dir.path());
  ViewReader reader(view, {});
  CHECK(read_all(reader) == "0:1 ");
  CHECK(read_all(reader).empty());
  image.item(1).save(dir.file("q"));
  CHECK(read_all(reader) == "1:1 2:1 ");
}

TEST_CASE("markers are followed, those that no producer can have written are not") {
  ShmDir dir;
  const auto read = [&](const Image& image) {
    const View view = image.view(dir.file("q"));
    ViewReader reader(view, {});
    const std::string items = read_all(reader);
    std::vector<std::byte> bytes;
    CHECK(reader.next(bytes).what == Pop::empty);  // and not a reset, which a cursor beyond C would look like
    return items;
  };
  CHECK(read(ring_of(8).item(0).marker(1, 3).marker(2, 3).item(3).reserved(4)) == "0:1 3:1 ");
  CHECK(read(ring_of(8).item(0).marker(1, 4).reserved(4)) == "0:1 ");
  CHECK(read(ring_of(8).item(0).marker(1, 5).item(2).reserved(4)) == "0:1 ");  // beyond C
  CHECK(read(ring_of(8).item(0).marker(1, 0).item(2).reserved(4)) == "0:1 ");  // backwards
  CHECK(read(ring_of(8).item(0).marker(1, 1000).reserved(4)) == "0:1 ");
}

TEST_CASE(
    "several items per slot are read whole, sizes of foreign bytes end at the ring and at the reserved "
    "index") {
  ShmDir dir;
  const auto read = [&](const Image& image) {
    const View view = image.view(dir.file("q"));
    ViewReader reader(view, {});
    return read_all(reader);
  };
  CHECK(read(ring_of(64, 8).item(0, 5).item(8, 8).item(16, 13).reserved(32)) == "0:5 8:8 16:13 ");
  CHECK(read(ring_of(8).item(0).slot(1, 1, 0).item(2).reserved(3)) == "0:1 1:1 2:1 ");
  CHECK(read(ring_of(8).item(0).slot(1, 1, 0xFFFFFFFF).reserved(8)) == "0:1 1:7 ");
  CHECK(read(ring_of(8).item(0).slot(1, 1, 7).reserved(3)) == "0:1 1:2 ");
}

TEST_CASE("an item larger than the window is read whole") {
  ShmDir dir;
  const Geometry geometry = Geometry::make(Layout::slq0, 4096, 256);
  Image image(geometry);
  image.item(0).item(1, 4000).item(4001).reserved(4002);
  const View view = image.view(dir.file("q"));
  ViewReader reader(view, {});
  std::vector<std::byte> bytes;
  CHECK(reader.next(bytes).count == 1);
  CHECK(reader.next(bytes).count == 4000);
  REQUIRE(bytes.size() == 4000 * 256);
  for (std::uint64_t k = 0; k < 4000; ++k) {
    std::uint64_t value;
    std::memcpy(&value, bytes.data() + k * 256, sizeof value);
    REQUIRE(value == k + 1);
  }
  CHECK(reader.next(bytes).index == 4001);
}

TEST_CASE("a reset under the reader is told once, and reading begins anew") {
  ShmDir dir;
  Image image = ring_of(8);
  for (std::uint64_t i = 0; i < 5; ++i) image.item(i);
  image.reserved(5).save(dir.file("q"));
  const View view = View::open_segment("q", dir.path());
  ViewReader reader(view, {});
  CHECK(read_all(reader) == "0:1 1:1 2:1 3:1 4:1 ");
  ring_of(8).item(0).reserved(1).save(dir.file("q"));
  std::vector<std::byte> bytes;
  CHECK(reader.next(bytes).what == Pop::reset);
  CHECK(reader.cursor() == 0);
  CHECK(read_all(reader) == "0:1 ");
}

TEST_CASE("a file truncated under the reader is an error") {
  ShmDir dir;
  ring_of(8).item(0).reserved(1).save(dir.file("q"));
  const View view = View::open_segment("q", dir.path());
  ViewReader reader(view, {});
  REQUIRE(truncate(dir.file("q").c_str(), 150) == 0);
  std::vector<std::byte> bytes;
  CHECK_THROWS_AS(reader.next(bytes), Error);
}

TEST_CASE("random bytes never lead the reader out of the ring, backwards, or round and round") {
  std::mt19937_64 random(test_support::seed());
  ShmDir dir;
  for (int round = 0; round < 300; ++round) {
    Image image = round % 3 == 0   ? ring_of(16)
                  : round % 3 == 1 ? ring_of(32, 4)
                                   : Image(Geometry::make(Layout::wide, 16, 3));
    const auto near = [&](std::uint64_t i) { return random() % 8 == 0 ? random() : i + random() % 40 - 20; };
    const std::uint64_t reserved = random() % 16 == 0 ? ~std::uint64_t{0} : near(40);
    for (std::uint32_t k = 0; k < image.geometry().slot_count(); ++k) {
      image.slot(k, near(reserved), static_cast<std::uint32_t>(near(2)));
    }
    const View view = image.reserved(reserved).view(dir.file("q"));
    const Start starts[] = {{}, at(near(reserved)), at(near(0)), {Start::At::back, random() % 40}};
    for (const Start& start : starts) {
      ViewReader reader(view, start);
      std::vector<std::byte> bytes;
      std::uint64_t before = reader.cursor();
      int items = 0;
      while (reader.next(bytes).what == Pop::item) {
        REQUIRE(reader.cursor() > before);
        before = reader.cursor();
        REQUIRE(++items <= 64);
      }
      CHECK(reader.cursor() <= view.reserved_index());
    }
  }
}

namespace {

// Every element says its item's index, its place in it and their number.
struct Payload {
  std::uint64_t index;
  std::uint64_t place;
  std::uint64_t count;
  std::array<std::uint64_t, 5> check;  // index again
};
static_assert(sizeof(Payload) == 64);

void push_until(Queue& queue, const std::atomic<bool>& stop, std::uint32_t largest) {
  for (std::uint32_t k = 0; !stop.load(std::memory_order_relaxed); ++k) {  // relaxed: only ends the loop
    const std::uint32_t count = 1 + k % largest;
    const std::uint64_t index = queue.ring().reserve(count);
    for (std::uint32_t place = 0; place < count; ++place) {
      Payload payload{index, place, count, {}};
      payload.check.fill(index);
      HardwareMemory::copy_in(queue.ring().element(index + place), &payload, sizeof payload);
    }
    queue.ring().publish(index, count);
  }
}

bool is_whole(const std::vector<std::byte>& bytes, const PopResult& r) {
  if (bytes.size() != r.count * sizeof(Payload)) return false;
  for (std::uint32_t place = 0; place < r.count; ++place) {
    Payload payload{};
    std::memcpy(&payload, bytes.data() + place * sizeof payload, sizeof payload);
    if (payload.index != r.index || payload.place != place || payload.count != r.count) return false;
    for (const std::uint64_t word : payload.check) {
      if (word != r.index) return false;
    }
  }
  return true;
}

// Reads while the producer runs, then to the end.
void hammer(Layout layout, std::uint32_t capacity, std::uint32_t largest) {
  CAPTURE(to_string(layout));
  CAPTURE(capacity);
  CAPTURE(largest);
  ShmDir dir;
  Queue queue = Queue::create("q", Geometry::make(layout, capacity, sizeof(Payload)), {.shm_dir = dir.path()});
  const View view = View::open_segment("q", dir.path());
  ViewReader reader(view, {});
  std::atomic<bool> stop{false};
  std::thread producer([&] { push_until(queue, stop, largest); });
  std::uint64_t items = 0;
  std::uint64_t received = 0;
  std::uint64_t lost = 0;
  std::uint64_t torn = 0;
  std::vector<std::byte> bytes;
  const auto read = [&] {
    const PopResult r = reader.next(bytes);
    lost += r.lost;
    if (r.what != Pop::item) return false;
    ++items;
    received += r.count;
    if (!is_whole(bytes, r)) ++torn;
    return true;
  };
  while (queue.ring().reserved_index() < capacity) std::this_thread::yield();
  for (int k = 0; k < 20000; ++k) read();
  stop.store(true, std::memory_order_relaxed);
  producer.join();
  while (read()) {
  }
  CHECK(torn == 0);
  CHECK(items > 0);
  CHECK(lost == reader.lost_elements());
  // With larger items the rest is what producers jumped over at the end of the ring.
  if (largest == 1) {
    CHECK(received + lost == queue.ring().reserved_index());
  } else {
    CHECK(received + lost <= queue.ring().reserved_index());
  }
}

}  // namespace

TEST_CASE("under a hammering producer no torn item is returned, and received + lost == published") {
  for (const Layout layout : {Layout::wide, Layout::packed, Layout::slq1}) {
    for (const std::uint32_t capacity : {8u, 64u, 4096u}) {
      hammer(layout, capacity, 1);
      hammer(layout, capacity, 3);
    }
  }
}
