#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "slickq/inspect.hpp"
#include "slickq/queue.hpp"
#include "support/golden.hpp"
#include "support/image.hpp"
#include "support/shm_dir.hpp"

using namespace slickq;
using test_support::Image;
using test_support::ShmDir;

namespace {

constexpr std::uint32_t kCapacity = 8;

// Indexes 0 to 12: a lap, then items 8, [9,11), 11, 12.
Image sound() {
  Image image(Geometry::make(Layout::slq1, kCapacity, 8));
  for (std::uint64_t i = 0; i < 9; ++i) image.item(i);
  return image.item(9, 2).item(11).item(12).reserved(13).last_published(12);
}

std::vector<Finding> findings_of(const Image& image) {
  ShmDir dir;
  return verify(image.view(dir.file("q")));
}

std::string texts(const std::vector<Finding>& findings) {
  std::string all;
  for (const Finding& f : findings) all += f.text + "\n";
  return all;
}

// Exactly one finding, of that kind, at that place, saying that.
void check_one(const Image& image, Finding::Kind kind, std::uint64_t where, const std::string& part) {
  const auto findings = findings_of(image);
  CAPTURE(texts(findings));
  CAPTURE(part);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].kind == kind);
  CHECK(findings[0].where == where);
  CHECK(findings[0].text.find(part) != std::string::npos);
}

using Kind = Finding::Kind;

}  // namespace

TEST_CASE("the sound golden files have no findings, the others exactly their hole") {
  for (const auto& golden : test_support::all_golden()) {
    CAPTURE(golden.name());
    const auto findings = verify(View::open_file(golden.bin));
    CAPTURE(texts(findings));
    if (golden.scenario.rfind("hole", 0) != 0) {
      CHECK(findings.empty());
    } else {
      REQUIRE(findings.size() == 1);
      CHECK(findings[0].kind == Kind::hole);
      CHECK(findings[0].where == (golden.scenario == "hole" ? 2 : golden.scenario == "hole-batch" ? 1 : 8));
    }
  }
}

TEST_CASE("what is reserved and not published at the end is in flight, in the middle it is a hole") {
  CHECK(findings_of(sound()).empty());
  CHECK(findings_of(sound().reserved(16)).empty());
  check_one(sound().slot(3, 3, 1), Kind::hole, 11, "hole: index 11 up to 12");
}

TEST_CASE("an index in a slot that is not its own is a finding") {
  check_one(sound().slot(3, 19, 1), Kind::slot, 3,
            "slot 3 holds index 19, which is not reserved yet; index 11 or older fits here with the reserved "
            "index 13");
  check_one(sound().slot(6, 22, 1), Kind::slot, 6, "index 6 or older fits here");
  Image wide_slots(Geometry::make(Layout::slq0, 32, 8, 8));
  wide_slots.item(0, 8).slot(1, 11, 2).reserved(32);
  check_one(wide_slots, Kind::slot, 1, "slot 1 holds index 11, inside the slot; its first index is 8");
  Image young(Geometry::make(Layout::slq0, 8, 8));
  check_one(young.item(0).slot(5, 5, 1).reserved(2), Kind::slot, 5, "nothing fits here yet");
}

TEST_CASE("a jump marker beyond the reserved index, backwards, or into a slot's middle is a finding") {
  check_one(sound().slot(3, 14, 1), Kind::marker, 3,
            "slot 3 holds index 14, which belongs to slot 6; as a jump marker it points further than what is "
            "reserved");
  check_one(sound().slot(5, 2, 1), Kind::marker, 5, "points backwards: the first index here is 5");
  Image wide_slots(Geometry::make(Layout::slq0, 32, 8, 8));
  wide_slots.item(0, 8).slot(1, 19, 1).reserved(32);
  check_one(wide_slots, Kind::marker, 1, "points inside a slot: targets are multiples of 8");
}

TEST_CASE("a size of nothing, beyond the ring's end, beyond the reserved index or over another item is a finding") {
  check_one(sound().slot(4, 12, 0), Kind::slot, 4, "size 0; an item there has 1 to 4 elements");
  check_one(sound().slot(6, 6, 3), Kind::slot, 6, "size 3; an item there has 1 to 2 elements");
  check_one(sound().slot(4, 12, 2), Kind::slot, 4, "reaches beyond the reserved index 13");
  check_one(sound().slot(1, 9, 3), Kind::slot, 1, "size 3, but slot 3 holds index 11 inside it");
}

TEST_CASE("a marker inside an item, as a repair before a late publish leaves it, is none") {
  CHECK(findings_of(sound().marker(10, 11)).empty());
}

TEST_CASE("impossible header words are findings") {
  check_one(sound().put(52, std::uint32_t{7}), Kind::header, 0, "bytes 52..55 hold 7 instead of 0");
  check_one(sound().last_published(13), Kind::header, 0, "the last published index 13 is not reserved yet");
  check_one(sound().last_published(10), Kind::header, 0, "is not in its slot 2, which holds index 2");
  CHECK(findings_of(sound().last_published(3)).empty());         // of a lap ago: nothing can be said
  CHECK(findings_of(sound().last_published(kNoIndex)).empty());  // a producer died before it raised it
  Image shared(Geometry::make(Layout::slq0, 32, 8, 8));
  check_one(shared.reserved(5), Kind::header, 0, "5 is no multiple of the 8 items per slot");
  Image far(Geometry::make(Layout::slq0, 8, 8));
  check_one(far.reserved(kMaxIndex + 1), Kind::header, 0, "beyond 2^47");
}

TEST_CASE("a reserved index that is too small is found in every slot that knows better") {
  const auto findings = findings_of(sound().reserved(11).last_published(9));
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].where == 3);
  CHECK(findings[1].where == 4);
}

TEST_CASE("findings of the header come first and their number is bounded") {
  Image image(Geometry::make(Layout::slq1, 4096, 8));
  for (std::uint32_t k = 0; k < 4096; ++k) image.slot(k, 5'000'000u + k, 1);
  const auto findings = findings_of(image.put(52, std::uint32_t{1}));
  REQUIRE(findings.size() == 1001);
  CHECK(findings.front().kind == Kind::header);
  CHECK(findings.back().text == "more than 1000 findings: the rest is not listed");
}

TEST_CASE("a header that changes under an open view is a finding") {
  ShmDir dir;
  sound().save(dir.file("q"));
  const View view = View::open_segment("q", dir.path());
  CHECK(verify(view).empty());
  sound().put(8, std::uint32_t{4}).save(dir.file("q"));
  const auto findings = verify(view, 0);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].kind == Kind::header);
  CHECK(findings[0].text.find("slq1, 8 elements of 8 bytes, now slq1, 4 elements") != std::string::npos);
}

TEST_CASE("on a live queue what stays is reported; what heals, or is new at the second look, is not") {
  ShmDir dir;
  Queue queue = Queue::create("q", Geometry::make(Layout::slq1, 8, 8), {.shm_dir = dir.path()});
  const std::uint64_t slow = queue.ring().reserve(1);
  queue.ring().publish(queue.ring().reserve(1), 1);
  const View view = View::open_segment("q", dir.path());
  CHECK(verify(view, 10).size() == 1);
  std::thread late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(800));  // the first look is long over
    queue.ring().publish(slow, 1);
    queue.ring().reserve(1);
    queue.ring().publish(queue.ring().reserve(1), 1);
  });
  CHECK(verify(view, 2400).empty());
  late.join();
  CHECK(verify(view, 10).size() == 1);
}

TEST_CASE("a queue under load is sound") {
  ShmDir dir;
  Queue queue = Queue::create("q", Geometry::make(Layout::slq1, 256, 8), {.shm_dir = dir.path()});
  const View view = View::open_segment("q", dir.path());
  std::atomic<bool> stop{false};
  std::thread producer([&] {
    for (std::uint32_t k = 0; !stop.load(std::memory_order_relaxed); ++k) {  // relaxed: only ends the loop
      const std::uint32_t n = 1 + k % 5;
      queue.ring().publish(queue.ring().reserve(n), n);
    }
  });
  for (int k = 0; k < 50; ++k) {
    const auto findings = verify(view, 5);
    CAPTURE(texts(findings));
    CHECK(findings.empty());
  }
  stop.store(true, std::memory_order_relaxed);
  producer.join();
}

TEST_CASE("an annex that is cut off or overwritten is told, and nothing else is wrong with the queue") {
  for (const bool cut : {true, false}) {
    CAPTURE(cut);
    ShmDir dir;
    CreateOptions options;
    options.shm_dir = dir.path();
    const auto geometry = Geometry::make(Layout::slq1, kCapacity, 8);
    Queue::create("q", geometry, options);
    CHECK(verify(View::open_segment("q", dir.path())).empty());
    if (cut) {
      std::filesystem::resize_file(dir.file("q"), annex_offset(geometry) + 100);
    } else {
      std::fstream(dir.file("q")).seekp(static_cast<std::streamoff>(annex_offset(geometry))) << "nonsense";
    }
    const auto findings = verify(View::open_segment("q", dir.path()));
    CAPTURE(texts(findings));
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].kind == Kind::header);
    CHECK(findings[0].text.find("no sound annex") != std::string::npos);
  }
}
