#include "life_acts.hpp"

#include <doctest/doctest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "original_reader.hpp"
#include "slickq/consumer.hpp"
#include "slickq/holders.hpp"
#include "slickq/inspect.hpp"
#include "slickq/producer.hpp"
#include "slickq/repair.hpp"
#include "support/nameless.hpp"

using slickq::Queue;
using test_support::Child;
using test_support::inode_of;
using test_support::make_queue;
using test_support::names_in;
using test_support::removing;
using test_support::ShmDir;

namespace life_test {
namespace {

constexpr std::uint64_t kItems = 3;

void push_numbers(Queue& queue, std::uint64_t from, std::uint64_t count) {
  slickq::Producer producer(queue);
  for (std::uint64_t k = from; k < from + count; ++k) {
    REQUIRE(producer.push(std::as_bytes(std::span(&k, 1))) == slickq::Push::pushed);
  }
}

// What a consumer of ours, and a reader that does only what the originals' do, get from the start.
void check_numbers(const Queue& queue, std::uint64_t count) {
  slickq::Consumer consumer(queue, {slickq::Start::At::index, 0});
  std::uint64_t cursor = 0;
  std::vector<std::byte> buffer(queue.geometry().element_size());
  for (std::uint64_t k = 0; k < count; ++k) {
    REQUIRE(consumer.pop_into(buffer).what == slickq::Pop::item);
    CHECK(std::memcmp(buffer.data(), &k, sizeof k) == 0);
    const auto item = ring_test::original_read(queue.ring(), cursor);
    REQUIRE(item.found);
    CHECK(std::memcmp(queue.ring().element(item.index), &k, sizeof k) == 0);
  }
  CHECK(consumer.pop_into(buffer).what == slickq::Pop::empty);
  CHECK_FALSE(ring_test::original_read(queue.ring(), cursor).found);
}

void make_filled(Stage& stage) {
  Queue queue = make_queue(stage.dir);
  push_numbers(queue, 0, kItems);
  stage.inode = inode_of(stage.path());
}

// A hole in the middle whose owner is dead: index 3, by the first journal line.
void make_broken(Stage& stage) {
  make_filled(stage);
  Queue queue = Queue::open("q", stage.dir.path());
  const std::uint64_t hole = queue.ring().reserve(1);
  push_numbers(queue, kItems, 2);
  slickq::Journal(queue.annex(), queue.geometry()).held(0, hole, hole + 1);
}

void quarantine(Stage& stage) {
  const std::string name = ".slickq-gone-" + std::to_string(stage.inode) + "-q";
  std::filesystem::rename(stage.path(), stage.dir.file(name));
}

void use(Stage& stage, Child (*user)(const ShmDir&)) {
  stage.user.emplace(user(stage.dir));
  REQUIRE(stage.user->reported());
}
Child peer(const ShmDir& dir) { return test_support::peer(dir); }
Child raw_user(const ShmDir& dir) { return test_support::raw_user(dir.file("q")); }

// The segment is whole, under its name, and its user, if there is one, still attached to that name.
void check_there(Stage& stage, std::uint64_t items = kItems) {
  REQUIRE(names_in(stage.dir) == std::vector<std::string>{"q"});
  if (stage.inode != 0) CHECK(inode_of(stage.path()) == stage.inode);
  check_numbers(Queue::open("q", stage.dir.path()), items);
  if (!stage.user) return;
  stage.user->go_on();
  CHECK(stage.user->join() == 0);
}

bool is_there(const Stage& stage) { return inode_of(stage.path()) != 0; }
// One name at most, its own or the quarantine's; whose quarantine it was is finished by who comes next.
void adopt(const Stage& stage) {
  REQUIRE(names_in(stage.dir).size() <= 1);
  const bool in_quarantine = !names_in(stage.dir).empty() && !is_there(stage);
  CHECK(slickq::adopt_quarantined(stage.dir.path()).size() == (in_quarantine ? 1 : 0));
}

void remove_q(const std::string& dir, bool force = false) {
  slickq::RemoveOptions options;
  options.shm_dir = dir;
  options.force = force;
  (void)slickq::remove_segment("q", options);
}
void remove_it(const std::string& dir) { remove_q(dir); }
void remove_by_force(const std::string& dir) { remove_q(dir, true); }
void adopt_it(const std::string& dir) { (void)slickq::adopt_quarantined(dir); }

void check_used(Stage& stage) {
  adopt(stage);
  check_there(stage);
}
void check_whole_or_gone(Stage& stage) {
  if (is_there(stage)) {
    check_there(stage);
  } else {
    adopt(stage);
    CHECK(names_in(stage.dir).empty());
  }
}

}  // namespace

const std::vector<Act>& all_acts() {
  static const std::vector<Act> acts{
      {"create",
       [](Stage&) {},
       [](const std::string& dir) {
         slickq::CreateOptions options;
         options.shm_dir = dir;
         options.prefault = true;
         Queue queue = Queue::create("q", slickq::Geometry::make(slickq::Layout::slq1, 8, 64), options);
         push_numbers(queue, 0, kItems);
       },
       // Not even the private name of something half-made; what has the name is an empty queue at the least.
       [](Stage& stage) {
         if (names_in(stage.dir).empty()) return;
         REQUIRE(is_there(stage));
         Queue queue = Queue::open("q", stage.dir.path());
         REQUIRE(queue.annex() != nullptr);
         slickq::Repairer repairer(queue);
         CHECK(repairer.apply(repairer.plan()));
         const std::uint64_t there = queue.ring().reserved_index();
         CHECK(there <= kItems);
         push_numbers(queue, there, 2);
         check_numbers(queue, there + 2);
       },
       {SYS_openat, SYS_flock, SYS_fallocate, SYS_mmap, SYS_madvise, SYS_fchmod, SYS_linkat, SYS_fcntl}},
      {"create where no file is nameless",
       [](Stage&) {},
       [](const std::string& dir) {
         test_support::refuse_nameless_files();
         slickq::CreateOptions options;
         options.shm_dir = dir;
         Queue::create("q", slickq::Geometry::make(slickq::Layout::slq1, 8, 64), options);
       },
       // A private name, the queue's own, or both: what is left is one whole queue or nothing.
       [](Stage& stage) {
         (void)slickq::adopt_quarantined(stage.dir.path());
         if (!names_in(stage.dir).empty()) check_there(stage, 0);
       },
       {SYS_openat, SYS_flock, SYS_fallocate, SYS_linkat, SYS_unlink}},
      {"attach",
       make_filled,
       [](const std::string& dir) {
         Queue queue = Queue::open("q", dir);
         slickq::Producer producer(queue);
         slickq::Consumer consumer(queue);
       },
       [](Stage& stage) {
         CHECK_FALSE(slickq::find_holders(stage.path()).held);
         Queue queue = Queue::open("q", stage.dir.path());
         slickq::Repairer repairer(queue);
         CHECK(repairer.apply(repairer.plan()));
         CHECK(repairer.plan().dead.empty());
         CHECK(slickq::verify(slickq::View::open_segment("q", stage.dir.path()), 0).empty());
         check_there(stage);
       },
       {SYS_openat, SYS_flock, SYS_mmap, SYS_fcntl, SYS_munmap, SYS_close}},
      {"remove",
       make_filled,
       remove_it,
       check_whole_or_gone,
       {SYS_openat, SYS_flock, SYS_fcntl, SYS_renameat2, SYS_unlink}},
      {"remove what a slickq process uses",
       [](Stage& stage) { make_filled(stage), use(stage, peer); },
       remove_it,
       check_used,
       {SYS_openat, SYS_flock}},
      {"remove what an original uses",
       [](Stage& stage) { make_filled(stage), use(stage, raw_user); },
       remove_it,
       check_used,
       {SYS_openat, SYS_flock, SYS_fcntl}},
      {"remove by force",
       [](Stage& stage) { make_filled(stage), use(stage, peer); },
       remove_by_force,
       [](Stage& stage) {
         adopt(stage);
         if (is_there(stage)) return check_there(stage);
         CHECK(names_in(stage.dir).empty());
         stage.user->go_on();
         CHECK(stage.user->join() == 10);  // it can tell that the name is gone
       },
       {SYS_renameat2, SYS_unlink}},
      {"adopt",
       [](Stage& stage) { make_filled(stage), quarantine(stage); },
       adopt_it,
       [](Stage& stage) {
         adopt(stage);
         CHECK(names_in(stage.dir).empty());
       },
       {SYS_openat, SYS_flock, SYS_fcntl, SYS_unlink}},
      {"adopt what a slickq process uses",
       [](Stage& stage) { make_filled(stage), use(stage, peer), quarantine(stage); },
       adopt_it,
       check_used,
       {SYS_openat, SYS_flock, SYS_renameat2}},
      {"adopt what an original uses",
       [](Stage& stage) { make_filled(stage), use(stage, raw_user), quarantine(stage); },
       adopt_it,
       check_used,
       {SYS_openat, SYS_flock, SYS_fcntl, SYS_renameat2}},
      {"repair",
       make_broken,
       [](const std::string& dir) {
         Queue queue = Queue::open("q", dir);
         slickq::Repairer repairer(queue);
         (void)repairer.apply(repairer.plan());
       },
       [](Stage& stage) {
         {
           Queue queue = Queue::open("q", stage.dir.path());
           slickq::Repairer repairer(queue);
           CHECK(repairer.apply(repairer.plan()));
           CHECK(repairer.plan().dead.empty());
           CHECK(slickq::verify(slickq::View::open_segment("q", stage.dir.path()), 0).empty());
         }
         check_there(stage, kItems + 2);
       },
       {SYS_openat, SYS_fcntl, SYS_close, SYS_munmap}},
  };
  return acts;
}

void clear(const ShmDir& dir) {
  CHECK(slickq::adopt_quarantined(dir.path()).empty());
  if (names_in(dir).empty()) return;
  REQUIRE(names_in(dir) == std::vector<std::string>{"q"});
  CHECK(slickq::remove_segment("q", removing(dir)).removed);
  CHECK(names_in(dir).empty());
}

}  // namespace life_test
