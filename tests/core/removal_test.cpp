#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "segment_life.hpp"
#include "slickq/cursor.hpp"
#include "slickq/error.hpp"
#include "slickq/queue.hpp"
#include "slickq/removal.hpp"
#include "support/shm_dir.hpp"

using slickq::Errc;
using slickq::Geometry;
using slickq::Layout;
using slickq::Proof;
using slickq::Queue;
using slickq::Removal;
using slickq::remove_segment;
using slickq::RemoveOptions;
using test_support::as_nobody;
using test_support::Child;
using test_support::ChildSide;
using test_support::creating;
using test_support::inode_of;
using test_support::make_queue;
using test_support::names_in;
using test_support::peer;
using test_support::raw_user;
using test_support::refusal;
using test_support::removing;
using test_support::ShmDir;

TEST_CASE("a queue nobody uses is removed on the lease's proof and leaves nothing") {
  ShmDir dir;
  make_queue(dir);
  const Removal removal = remove_segment("/q", removing(dir));
  CHECK(removal.removed);
  CHECK_FALSE(removal.was_held);
  CHECK_FALSE(removal.holders.held);
  CHECK(removal.holders.proof == Proof::lease);
  CHECK(names_in(dir).empty());
}

TEST_CASE("a cursor nobody uses is removed") {
  ShmDir dir;
  slickq::NamedCursor::create("q@c", 7, creating(dir));
  CHECK(remove_segment("q@c", removing(dir)).removed);
  CHECK(names_in(dir).empty());
}

TEST_CASE("a held queue is refused with its holder named, and stays what it was") {
  ShmDir dir;
  make_queue(dir);
  const std::uint64_t inode = inode_of(dir.file("q"));
  for (const bool by_peer : {true, false}) {
    CAPTURE(by_peer);
    Child child = by_peer ? peer(dir) : raw_user(dir.file("q"));
    REQUIRE(child.reported());
    const Removal removal = remove_segment("q", removing(dir));
    CHECK_FALSE(removal.removed);
    CHECK(removal.holders.held);
    CHECK(removal.holders.proof == (by_peer ? Proof::flock : Proof::lease));
    REQUIRE(removal.holders.count() == 1);
    CHECK(removal.holders.processes[0].pid == child.pid());
    CHECK(names_in(dir) == std::vector<std::string>{"q"});
    CHECK(inode_of(dir.file("q")) == inode);
    child.go_on();
    CHECK(child.join() == 0);
  }
  CHECK(remove_segment("q", removing(dir)).removed);
}

TEST_CASE("the calling process's own use is use") {
  ShmDir dir;
  {
    const Queue own = Queue::create("q", Geometry::make(Layout::slq1, 8, 64), creating(dir));
    const Removal removal = remove_segment("q", removing(dir));
    CHECK_FALSE(removal.removed);
    CHECK_FALSE(removal.holders.held);
    CHECK(removal.holders.by_caller);
    CHECK_FALSE(own.is_detached());
  }
  CHECK(remove_segment("q", removing(dir)).removed);
}

TEST_CASE("force removes under a holder, tells whom, and the holder notices") {
  ShmDir dir;
  make_queue(dir);
  Child child = peer(dir);
  REQUIRE(child.reported());
  RemoveOptions options = removing(dir);
  options.force = true;
  const Removal removal = remove_segment("q", options);
  CHECK(removal.removed);
  CHECK(removal.was_held);
  REQUIRE(removal.holders.count() == 1);
  CHECK(removal.holders.processes[0].pid == child.pid());
  CHECK(names_in(dir).empty());
  child.go_on();
  CHECK(child.join() == 10);  // detached
}

TEST_CASE("a holder killed by SIGKILL does not stand in the way") {
  ShmDir dir;
  make_queue(dir);
  Child child = peer(dir);
  REQUIRE(child.reported());
  REQUIRE_FALSE(remove_segment("q", removing(dir)).removed);
  child.kill_now();
  CHECK(remove_segment("q", removing(dir)).removed);
}

TEST_CASE("a name that leads to another inode by now is not removed, force or not") {
  ShmDir dir;
  make_queue(dir);
  RemoveOptions options = removing(dir);
  options.inode = inode_of(dir.file("q")) + 1;
  for (const bool force : {false, true}) {
    options.force = force;
    CHECK(refusal([&] { remove_segment("q", options); }) == Errc::not_found);
    CHECK(names_in(dir) == std::vector<std::string>{"q"});
  }
  options.inode = inode_of(dir.file("q"));
  CHECK(remove_segment("q", options).removed);
}

TEST_CASE("a dry run tells the same and changes nothing") {
  ShmDir dir;
  make_queue(dir);
  const std::uint64_t inode = inode_of(dir.file("q"));
  RemoveOptions options = removing(dir);
  options.dry_run = true;
  CHECK(remove_segment("q", options).removed);
  Child child = peer(dir);
  REQUIRE(child.reported());
  CHECK_FALSE(remove_segment("q", options).removed);
  options.force = true;
  const Removal forced = remove_segment("q", options);
  CHECK(forced.removed);
  CHECK(forced.was_held);
  CHECK(inode_of(dir.file("q")) == inode);
  CHECK(names_in(dir).size() == 1);
}

TEST_CASE("a file that is no segment needs force") {
  ShmDir dir;
  std::ofstream(dir.file("notes")) << "groceries: bread, and much more than eight bytes of it, for a whole week or so";
  CHECK(refusal([&] { remove_segment("notes", removing(dir)); }) == Errc::corrupt);
  REQUIRE(inode_of(dir.file("notes")) != 0);
  RemoveOptions options = removing(dir);
  options.force = true;
  CHECK(remove_segment("notes", options).removed);
  CHECK(names_in(dir).empty());
}

TEST_CASE("a truncated queue is a segment and may go") {
  ShmDir dir;
  make_queue(dir);
  REQUIRE(truncate(dir.file("q").c_str(), 100) == 0);
  CHECK(remove_segment("q", removing(dir)).removed);
}

TEST_CASE("what is no regular file is never removed, not even by force") {
  ShmDir dir;
  make_queue(dir);
  REQUIRE(mkfifo(dir.file("fifo").c_str(), 0600) == 0);
  REQUIRE(mkdir(dir.file("dir").c_str(), 0700) == 0);
  REQUIRE(symlink("q", dir.file("link").c_str()) == 0);
  RemoveOptions options = removing(dir);
  for (const char* name : {"fifo", "dir", "link"}) {
    for (const bool force : {false, true}) {
      CAPTURE(name);
      options.force = force;
      CHECK(refusal([&] { remove_segment(name, options); }) == Errc::corrupt);
    }
  }
  CHECK(names_in(dir).size() == 4);
}

TEST_CASE("absent and impossible names are refused") {
  ShmDir dir;
  CHECK(refusal([&] { remove_segment("q", removing(dir)); }) == Errc::not_found);
  for (const char* name : {"", "..", "a/b", ".slickq-gone-1-q"}) {
    CAPTURE(name);
    CHECK(refusal([&] { remove_segment(name, removing(dir)); }) == Errc::invalid_argument);
  }
  RemoveOptions nowhere;
  nowhere.shm_dir = dir.file("nowhere");
  CHECK(refusal([&] { remove_segment("q", nowhere); }) == Errc::not_found);
}

TEST_CASE("names of every length are removed, also those too long for a quarantine name") {
  ShmDir dir;
  for (const std::size_t length : {1u, 200u, 225u, 235u, 255u}) {
    CAPTURE(length);
    const std::string name(length, 'n');
    make_queue(dir, name);
    CHECK(remove_segment(name, removing(dir)).removed);
    make_queue(dir, name);
    RemoveOptions options = removing(dir);
    options.force = true;
    CHECK(remove_segment(name, options).removed);
    CHECK(names_in(dir).empty());
  }
}

TEST_CASE("an ordinary user removes his own segment and not another user's") {
  ShmDir dir;
  REQUIRE(chmod(dir.path().c_str(), 01777) == 0);
  make_queue(dir, "q", 0666);
  make_queue(dir, "private", 0600);
  const auto code_of = [&](const char* name, bool force) {
    RemoveOptions options = removing(dir);
    options.force = force;
    return as_nobody([&] { return refusal([&] { remove_segment(name, options); }) == Errc::permission ? 0 : 1; });
  };
  for (const bool force : {false, true}) {
    CHECK(code_of("q", force) == 0);
    CHECK(code_of("private", force) == 0);
  }
  CHECK(as_nobody([&] {
          make_queue(dir, "mine");
          const Removal removal = remove_segment("mine", removing(dir));
          return removal.removed && removal.holders.proof == Proof::lease ? 0 : 1;
        }) == 0);
  CHECK(names_in(dir).size() == 2);
}

TEST_CASE("a user who may write the directory but can prove nothing is refused without force") {
  ShmDir dir;
  REQUIRE(chmod(dir.path().c_str(), 0777) == 0);  // no sticky bit: anybody may unlink
  make_queue(dir, "q", 0666);
  CHECK(as_nobody([&] {
          const Removal removal = remove_segment("q", removing(dir));
          return !removal.removed && removal.holders.held && removal.holders.proof == Proof::none ? 0 : 1;
        }) == 0);
  CHECK(inode_of(dir.file("q")) != 0);
  CHECK(as_nobody([&] {
          RemoveOptions options = removing(dir);
          options.force = true;
          return remove_segment("q", options).removed ? 0 : 1;
        }) == 0);
  CHECK(names_in(dir).empty());
}

TEST_CASE("an ordinary user's segment held by another user is refused") {
  ShmDir dir;
  REQUIRE(chmod(dir.path().c_str(), 01777) == 0);
  REQUIRE(as_nobody([&] {
            make_queue(dir, "q", 0666);
            return 0;
          }) == 0);
  Child child = raw_user(dir.file("q"));  // root's, invisible in /proc to the owner
  REQUIRE(child.reported());
  CHECK(as_nobody([&] {
          const Removal removal = remove_segment("q", removing(dir));
          return !removal.removed && removal.holders.held && removal.holders.proof == Proof::lease ? 0 : 1;
        }) == 0);
}

TEST_CASE("two removers at once: one removes, the other finds nothing") {
  ShmDir dir;
  int removed = 0;
  constexpr int kRounds = 50;
  for (int round = 0; round < kRounds; ++round) {
    make_queue(dir);
    const auto remover = [&](ChildSide& side) {
      side.report_and_wait();
      try {
        return remove_segment("q", removing(dir)).removed ? 1 : 50;
      } catch (const slickq::Error& error) {
        return error.code() == Errc::not_found ? 0 : 60;
      }
    };
    Child first(remover);
    Child second(remover);
    REQUIRE(first.reported());
    REQUIRE(second.reported());
    first.go_on();
    second.go_on();
    removed += first.join() + second.join();
    REQUIRE(names_in(dir).empty());
  }
  CHECK(removed == kRounds);
}
