// Processes that create, attach to and remove ONE name as fast as they can.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "slickq/consumer.hpp"
#include "slickq/error.hpp"
#include "slickq/producer.hpp"
#include "slickq/queue.hpp"
#include "slickq/removal.hpp"
#include "support/seed.hpp"
#include "support/shm_dir.hpp"

using slickq::Errc;
using slickq::Geometry;
using slickq::Layout;
using slickq::Queue;
using test_support::Child;
using test_support::ChildSide;
using test_support::ShmDir;

namespace {

constexpr std::uint32_t kRounds = 1000;
constexpr int kProcesses = 4;

// Shared between the processes of one test. All relaxed: counts, read for certain only after the processes
// ended.
struct Counts {
  std::atomic<std::uint32_t> created, existed, attached, absent, busy, removed, refused, adopted, raw, raw_cut_off;

  static void add(std::atomic<std::uint32_t>& count) { count.fetch_add(1, std::memory_order_relaxed); }
  static std::uint32_t get(const std::atomic<std::uint32_t>& count) { return count.load(std::memory_order_relaxed); }
};

class SharedCounts {
 public:
  SharedCounts() {
    void* at = mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(at != MAP_FAILED);
    counts_ = new (at) Counts{};
  }
  SharedCounts(const SharedCounts&) = delete;
  SharedCounts& operator=(const SharedCounts&) = delete;
  ~SharedCounts() { munmap(counts_, sizeof(Counts)); }
  Counts& operator*() const { return *counts_; }
  Counts* operator->() const { return counts_; }

 private:
  Counts* counts_;
};

// Exit statuses of a process that saw what must not be.
enum Wrong : int { kNothing = 0, kGeometry = 20, kPush, kRead, kTorn, kDetached, kError };

// Differ in size and layout, so that half of one and half of another cannot pass for a sound one.
const std::vector<Geometry>& geometries() {
  static const std::vector<Geometry> all = {Geometry::make(Layout::slq1, 64, 32), Geometry::make(Layout::wide, 128, 48),
                                            Geometry::make(Layout::packed, 256, 16),
                                            Geometry::make(Layout::slq3, 64, 64, 4)};
  return all;
}

// Push an item and read that very item back, if no more than a lap passed meanwhile.
Wrong use_ring(Queue& queue, std::uint64_t value) {
  const auto& known = geometries();
  if (std::find(known.begin(), known.end(), queue.geometry()) == known.end()) return kGeometry;
  std::vector<std::byte> item(queue.geometry().element_size());
  for (std::size_t at = 0; at < item.size(); at += sizeof value) std::memcpy(item.data() + at, &value, sizeof value);
  slickq::Producer producer(queue);
  if (producer.push(item) != slickq::Push::pushed) return kPush;
  slickq::Consumer consumer(queue);
  consumer.seek(producer.last_index());
  std::vector<std::byte> got(item.size());
  const auto result = consumer.pop_into(got);
  if (result.what != slickq::Pop::item) return kRead;
  return result.index != producer.last_index() || got == item ? kNothing : kTorn;
}

class Racer {
 public:
  Racer(const std::string& dir, Counts& counts, std::uint64_t seed) : counts_(counts), random_(seed) {
    creating_.shm_dir = dir;
    removing_.shm_dir = dir;
  }

  Wrong run() {
    while (Counts::get(counts_.created) < kRounds) {
      const Wrong wrong = one_step();
      if (wrong != kNothing) return wrong;
    }
    return kNothing;
  }

 private:
  Wrong one_step() {
    switch (random_() % 8) {
      case 0:
      case 1:
      case 2: return create();
      case 3:
      case 4: return attach();
      case 5: return adopt();
      default: return remove();
    }
  }

  Wrong create() {
    try {
      Queue queue = Queue::create("q", geometries()[random_() % geometries().size()], creating_);
      Counts::add(counts_.created);
      return hold(queue);
    } catch (const slickq::Error& error) {
      if (error.code() != Errc::exists) return say(error);
      Counts::add(counts_.existed);
      return kNothing;
    }
  }

  Wrong attach() {
    try {
      Queue queue = Queue::open("q", creating_.shm_dir);
      Counts::add(counts_.attached);
      return hold(queue);
    } catch (const slickq::Error& error) {
      if (error.code() != Errc::not_found && error.code() != Errc::busy) return say(error);
      Counts::add(error.code() == Errc::busy ? counts_.busy : counts_.absent);
      return kNothing;
    }
  }

  Wrong remove() {
    try {
      Counts::add(slickq::remove_segment("q", removing_).removed ? counts_.removed : counts_.refused);
    } catch (const slickq::Error& error) {
      if (error.code() != Errc::not_found) return say(error);
      Counts::add(counts_.absent);
    }
    return kNothing;
  }

  Wrong adopt() {
    const auto adopted = slickq::adopt_quarantined(removing_.shm_dir);
    counts_.adopted.fetch_add(static_cast<std::uint32_t>(adopted.size()), std::memory_order_relaxed);
    return kNothing;
  }

  Wrong hold(Queue& queue) {
    const Wrong wrong = use_ring(queue, random_());
    if (wrong != kNothing) return wrong;
    usleep(static_cast<useconds_t>(random_() % 300));
    return queue.is_detached() ? kDetached : kNothing;
  }

  static Wrong say(const slickq::Error& error) {
    std::fprintf(stderr, "racer: %s: %s\n", std::string(to_string(error.code())).c_str(), error.what());
    return kError;
  }

  Counts& counts_;
  std::mt19937_64 random_;
  slickq::CreateOptions creating_;
  slickq::RemoveOptions removing_;
};

void finish(const ShmDir& dir) {
  slickq::adopt_quarantined(dir.path());
  slickq::RemoveOptions options;
  options.shm_dir = dir.path();
  try {
    const bool removed = slickq::remove_segment("q", options).removed;
    CHECK(removed);
  } catch (const slickq::Error& error) {
    CHECK(error.code() == Errc::not_found);  // the last step was a removal
  }
  CHECK(std::filesystem::is_empty(dir.path()));
}

}  // namespace

TEST_CASE("a thousand races to create, attach and remove one name show no half-made segment and take none away") {
  ShmDir dir;
  SharedCounts counts;
  std::vector<Child> racers;
  for (int k = 0; k < kProcesses; ++k) {
    racers.emplace_back([&, seed = test_support::seed() + static_cast<std::uint64_t>(k)](ChildSide&) {
      return Racer(dir.path(), *counts, seed).run();
    });
  }
  for (Child& racer : racers) CHECK(racer.join() == kNothing);
  std::printf("created %u, existed %u, attached %u, absent %u, busy %u, removed %u, refused %u, adopted %u\n",
              Counts::get(counts->created), Counts::get(counts->existed), Counts::get(counts->attached),
              Counts::get(counts->absent), Counts::get(counts->busy), Counts::get(counts->removed),
              Counts::get(counts->refused), Counts::get(counts->adopted));
  CHECK(Counts::get(counts->created) >= kRounds);
  CHECK(Counts::get(counts->attached) > 0);
  CHECK(Counts::get(counts->removed) > 0);
  finish(dir);
}

TEST_CASE("a process that knows no locks and opens the file in the middle of its removal is not cut off") {
  ShmDir dir;
  SharedCounts counts;
  const std::string path = dir.file("q");
  Child opener([&](ChildSide&) {
    std::mt19937_64 random(test_support::seed());
    for (;;) {
      const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
      if (fd < 0) continue;
      Counts::add(counts->raw);
      usleep(static_cast<useconds_t>(random() % 4000));
      struct stat facts {};
      if (fstat(fd, &facts) != 0 || facts.st_nlink == 0) Counts::add(counts->raw_cut_off);
      close(fd);
      usleep(static_cast<useconds_t>(random() % 500));
    }
    return 0;
  });
  slickq::CreateOptions creating;
  creating.shm_dir = dir.path();
  slickq::RemoveOptions removing;
  removing.shm_dir = dir.path();
  std::uint32_t refused = 0;
  constexpr std::uint32_t kOpened = 200;
  std::mt19937_64 random(test_support::seed());
  for (std::uint32_t round = 0; round < kOpened || Counts::get(counts->raw) < kOpened; ++round) {
    Queue::create("q", geometries()[0], creating);
    usleep(static_cast<useconds_t>(random() % 200));  // the removal begins before, in and after the open
    while (!slickq::remove_segment("q", removing).removed) ++refused;
  }
  opener.kill_now();
  std::printf("opened %u, refused %u, cut off %u\n", Counts::get(counts->raw), refused,
              Counts::get(counts->raw_cut_off));
  CHECK(Counts::get(counts->raw_cut_off) == 0);
  finish(dir);
}
