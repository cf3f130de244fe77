// Removals that died half-way, and what becomes of them.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "segment_life.hpp"
#include "slickq/error.hpp"
#include "slickq/queue.hpp"
#include "slickq/removal.hpp"
#include "slickq/segment.hpp"
#include "support/nameless.hpp"
#include "support/seed.hpp"
#include "support/shm_dir.hpp"

using slickq::adopt_quarantined;
using test_support::Child;
using test_support::ChildSide;
using test_support::inode_of;
using test_support::make_queue;
using test_support::names_in;
using test_support::peer;
using test_support::raw_user;
using test_support::removing;
using test_support::ShmDir;

namespace {

// What a remover leaves that dies between its two looks.
std::string put_in_quarantine(const ShmDir& dir, const std::string& name = "q") {
  const std::string quarantine = ".slickq-gone-" + std::to_string(inode_of(dir.file(name))) + "-" + name;
  std::filesystem::rename(dir.file(name), dir.file(quarantine));
  return quarantine;
}

}  // namespace

TEST_CASE("a quarantined segment that nobody uses goes, one that is held gets its name back") {
  ShmDir dir;
  make_queue(dir);
  put_in_quarantine(dir);
  auto adopted = adopt_quarantined(dir.path());
  REQUIRE(adopted.size() == 1);
  CHECK(adopted[0].name == "q");
  CHECK_FALSE(adopted[0].restored);
  CHECK(names_in(dir).empty());
  for (const bool by_peer : {true, false}) {
    CAPTURE(by_peer);
    make_queue(dir);
    Child child = by_peer ? peer(dir) : raw_user(dir.file("q"));
    REQUIRE(child.reported());
    put_in_quarantine(dir);
    adopted = adopt_quarantined(dir.path());
    REQUIRE(adopted.size() == 1);
    CHECK(adopted[0].name == "q");
    CHECK(adopted[0].restored);
    CHECK(names_in(dir) == std::vector<std::string>{"q"});
    CHECK(adopt_quarantined(dir.path()).empty());
    child.go_on();
    CHECK(child.join() == 0);  // attached to the name again
    CHECK(remove_segment("q", removing(dir)).removed);
  }
}

TEST_CASE("a held segment whose name was taken anew stays in quarantine until it is free") {
  ShmDir dir;
  make_queue(dir);
  Child child = peer(dir);
  REQUIRE(child.reported());
  const std::string quarantine = put_in_quarantine(dir);
  make_queue(dir);
  CHECK(adopt_quarantined(dir.path()).empty());
  CHECK(inode_of(dir.file(quarantine)) != 0);
  child.kill_now();
  const auto adopted = adopt_quarantined(dir.path());
  REQUIRE(adopted.size() == 1);
  CHECK_FALSE(adopted[0].restored);
  CHECK(names_in(dir) == std::vector<std::string>{"q"});
}

TEST_CASE("a quarantine name that does not tell the original is given back to nobody") {
  ShmDir dir;
  for (const char* name : {".slickq-gone-1-q", ".slickq-gone-", ".slickq-gone-x-q"}) {
    CAPTURE(name);
    make_queue(dir);
    std::filesystem::rename(dir.file("q"), dir.file(name));
    Child child = raw_user(dir.file(name));
    REQUIRE(child.reported());
    CHECK(adopt_quarantined(dir.path()).empty());
    child.kill_now();
    const auto adopted = adopt_quarantined(dir.path());
    REQUIRE(adopted.size() == 1);
    CHECK(adopted[0].name == name);
    CHECK_FALSE(adopted[0].restored);
    CHECK(names_in(dir).empty());
  }
}

TEST_CASE("what only has such a name, and is no queue, stays") {
  const ShmDir dir;
  for (const char* name : {".slickq-gone-1-q", ".slickq-gone-mine"}) {
    std::ofstream(dir.file(name)) << std::string(5000, 'x');
  }
  CHECK(adopt_quarantined(dir.path()).empty());
  CHECK(names_in(dir).size() == 2);
}

TEST_CASE("adoption leaves alone what a living remover is at, other private files, and what is no file") {
  ShmDir dir;
  make_queue(dir);
  const std::string quarantine = put_in_quarantine(dir);
  std::ofstream(dir.file(".slickq-tmp-1-1")) << "another part's";
  REQUIRE(mkdir(dir.file(".slickq-gone-5-d").c_str(), 0700) == 0);
  Child remover([&](ChildSide& side) {
    const int fd = open(dir.file(quarantine).c_str(), O_RDONLY);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0) return 1;
    side.report_and_wait();
    return 0;
  });
  REQUIRE(remover.reported());
  CHECK(adopt_quarantined(dir.path()).empty());
  CHECK(names_in(dir).size() == 3);
  remover.kill_now();
  CHECK(adopt_quarantined(dir.path()).size() == 1);
  CHECK(names_in(dir).size() == 2);
}

TEST_CASE("what a creation left that was killed goes; one whose creator lives, or that is somebody else's, stays") {
  ShmDir dir;
  const auto maker = [&](bool with_lock) {
    return Child([&, with_lock](ChildSide& side) {
      test_support::refuse_nameless_files();
      const auto segment = slickq::Segment::prepare("q", 4096, test_support::creating(dir), {});
      if (!with_lock) flock(segment.fd(), LOCK_UN);  // as between the open() and the lock
      side.report_and_wait();
      return 0;
    });
  };
  for (const bool with_lock : {true, false}) {
    CAPTURE(with_lock);
    Child child = maker(with_lock);
    REQUIRE(child.reported());
    REQUIRE(names_in(dir).size() == 1);
    const std::string name = names_in(dir).front();
    CHECK(adopt_quarantined(dir.path()).empty());
    CHECK(names_in(dir).size() == 1);
    child.kill_now();
    const auto adopted = adopt_quarantined(dir.path());
    REQUIRE(adopted.size() == 1);
    CHECK(adopted[0].name == name);
    CHECK_FALSE(adopted[0].restored);
    CHECK(names_in(dir).empty());
  }
  for (const char* name : {".slickq-tmp-1-1", ".slickq-tmp-1-x", ".slickq-tmp-"}) {
    std::ofstream(dir.file(name)) << (std::string(name).ends_with("1-1") ? "no segment at all" : "");
  }
  CHECK(adopt_quarantined(dir.path()).empty());
  CHECK(names_in(dir).size() == 3);
}

TEST_CASE("a creation that was killed with its name given leaves the queue alone, also in use") {
  ShmDir dir;
  make_queue(dir);
  Child child = peer(dir);
  REQUIRE(child.reported());
  std::filesystem::create_hard_link(dir.file("q"), dir.file(".slickq-tmp-1-0"));
  const auto adopted = adopt_quarantined(dir.path());
  REQUIRE(adopted.size() == 1);
  CHECK_FALSE(adopted[0].restored);
  CHECK(names_in(dir) == std::vector<std::string>{"q"});
  child.go_on();
  CHECK(child.join() == 0);
}

TEST_CASE("a creation is not hindered by what an earlier process of its id left") {
  ShmDir dir;
  Child child([&](ChildSide&) {
    test_support::refuse_nameless_files();
    for (int k = 0; k < 5; ++k) {
      std::ofstream(dir.file(".slickq-tmp-" + std::to_string(getpid()) + "-" + std::to_string(k))) << "left";
    }
    make_queue(dir);
    return 0;
  });
  CHECK(child.join() == 0);
  CHECK(inode_of(dir.file("q")) != 0);
}

TEST_CASE("several processes adopting at once finish each removal once") {
  ShmDir dir;
  constexpr int kSegments = 40;
  for (int k = 0; k < kSegments; ++k) {
    const std::string name = std::string("q").append(std::to_string(k));
    make_queue(dir, name);
    put_in_quarantine(dir, name);
  }
  std::vector<Child> adopters;
  for (int k = 0; k < 3; ++k) {
    adopters.emplace_back([&](ChildSide& side) {
      side.report_and_wait();
      return static_cast<int>(adopt_quarantined(dir.path()).size());
    });
  }
  for (Child& child : adopters) REQUIRE(child.reported());
  for (Child& child : adopters) child.go_on();
  int finished = 0;
  for (Child& child : adopters) finished += child.join();
  finished += static_cast<int>(adopt_quarantined(dir.path()).size());  // what two had left to each other
  CHECK(finished == kSegments);
  CHECK(names_in(dir).empty());
}

TEST_CASE("removers killed at any moment leave the segment under its name, in quarantine, or gone") {
  ShmDir dir;
  std::mt19937_64 random(test_support::seed());
  int quarantined = 0;
  for (int round = 0; round < 150; ++round) {
    Child remover([&](ChildSide& side) {
      side.report();
      for (;;) {
        make_queue(dir);
        slickq::remove_segment("q", removing(dir));
      }
      return 0;
    });
    REQUIRE(remover.reported());
    usleep(static_cast<useconds_t>(random() % 8000));
    remover.kill_now();
    const auto left = names_in(dir);
    REQUIRE(left.size() <= 1);
    const auto adopted = adopt_quarantined(dir.path());
    if (!left.empty() && left[0] != "q") {
      ++quarantined;
      REQUIRE(adopted.size() == 1);
      CHECK(adopted[0].name == "q");
    }
    if (inode_of(dir.file("q")) == 0) continue;
    CHECK(slickq::Queue::open("q", dir.path()).geometry().capacity() == 8);
    CHECK(slickq::remove_segment("q", removing(dir)).removed);
  }
  std::printf("in quarantine after the kill: %d of 150\n", quarantined);
  CHECK(quarantined > 0);
  CHECK(names_in(dir).empty());
}
