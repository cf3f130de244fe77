#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "child_process.hpp"
#include "segment_life.hpp"
#include "slickq/error.hpp"
#include "slickq/holders.hpp"
#include "slickq/queue.hpp"
#include "support/shm_dir.hpp"

using slickq::Errc;
using slickq::FileId;
using slickq::find_holders;
using slickq::Holders;
using slickq::Proof;
using slickq::Queue;
using slickq::scan_holders;
using test_support::as_nobody;
using test_support::Child;
using test_support::ChildSide;
using test_support::make_queue;
using test_support::peer;
using test_support::refusal;
using test_support::ShmDir;

namespace {

FileId id_of(const std::string& path) {
  struct stat facts {};
  REQUIRE(stat(path.c_str(), &facts) == 0);
  return {facts.st_dev, facts.st_ino};
}

// How a process that cooperates in nothing may use a segment.
struct RawUse {
  const char* what;
  int flags;
  bool map;
  bool keep_fd;
  const char* access;
};
constexpr RawUse kRawUses[] = {
    {"descriptor and mapping", O_RDWR, true, true, "read-write"},
    {"descriptor only", O_RDWR, false, true, "read-write"},
    {"mapping only", O_RDWR, true, false, "read-write"},
    {"descriptor and mapping, read-only", O_RDONLY, true, true, "read-only"},
    {"descriptor only, read-only", O_RDONLY, false, true, "read-only"},
    {"mapping only, read-only", O_RDONLY, true, false, "read-only"},
    {"descriptor only, write-only", O_WRONLY, false, true, "read-write"},
};

Child raw_user(const std::string& path, const RawUse& use) {
  return Child([path, use](ChildSide& side) {
    const int fd = open(path.c_str(), use.flags);
    if (fd < 0) return 1;
    const int protection = use.flags == O_RDWR ? PROT_READ | PROT_WRITE : PROT_READ;
    if (use.map && mmap(nullptr, 64, protection, MAP_SHARED, fd, 0) == MAP_FAILED) return 2;
    if (!use.keep_fd) close(fd);
    side.report_and_wait();
    return 0;
  });
}

// What can be said of nobody where no lease may be asked. Not every machine lets even root look into all
// processes.
Proof without_lease(const ShmDir& dir) { return scan_holders(dir.path()).complete ? Proof::proc : Proof::flock; }

}  // namespace

TEST_CASE("a segment nobody uses is free, and the lease proves it") {
  ShmDir dir;
  make_queue(dir);
  const Holders holders = find_holders(dir.file("q"));
  CHECK_FALSE(holders.held);
  CHECK(holders.proof == Proof::lease);
  CHECK(holders.count() == 0);
  CHECK_FALSE(holders.by_caller);
}

TEST_CASE("a slickq peer is proved by its lock and named") {
  ShmDir dir;
  make_queue(dir);
  Child child = peer(dir);
  REQUIRE(child.reported());
  for (const bool probe_lease : {true, false}) {
    const Holders holders = find_holders(dir.file("q"), probe_lease);
    CHECK(holders.held);
    CHECK(holders.proof == Proof::flock);
    REQUIRE(holders.count() == 1);
    CHECK(holders.processes[0].pid == child.pid());
    CHECK(holders.processes[0].access == "read-write");
    CHECK(holders.processes[0].open);
    CHECK(holders.processes[0].mapped);
    CHECK_FALSE(holders.processes[0].deleted);
    CHECK_FALSE(holders.processes[0].command.empty());
  }
}

TEST_CASE("a process that cooperates in nothing is proved by the lease and named, however it uses the file") {
  ShmDir dir;
  make_queue(dir);
  for (const RawUse& use : kRawUses) {
    CAPTURE(use.what);
    Child child = raw_user(dir.file("q"), use);
    REQUIRE(child.reported());
    const Holders holders = find_holders(dir.file("q"));
    CHECK(holders.held);
    CHECK(holders.proof == Proof::lease);
    REQUIRE(holders.count() == 1);
    CHECK(holders.processes[0].pid == child.pid());
    CHECK(holders.processes[0].open == use.keep_fd);
    CHECK(holders.processes[0].mapped == use.map);
    CHECK(holders.processes[0].access == use.access);
    const Holders without_lease = find_holders(dir.file("q"), false);
    CHECK(without_lease.held);
    CHECK(without_lease.proof == Proof::proc);
    child.go_on();
    CHECK(child.join() == 0);
    CHECK_FALSE(find_holders(dir.file("q")).held);
  }
}

TEST_CASE("a holder killed by SIGKILL holds nothing") {
  ShmDir dir;
  make_queue(dir);
  Child child = peer(dir);
  REQUIRE(child.reported());
  REQUIRE(find_holders(dir.file("q")).held);
  child.kill_now();
  const Holders holders = find_holders(dir.file("q"));
  CHECK_FALSE(holders.held);
  CHECK(holders.proof == Proof::lease);
}

TEST_CASE("a stopped holder holds") {
  ShmDir dir;
  make_queue(dir);
  Child child = peer(dir);
  REQUIRE(child.reported());
  kill(child.pid(), SIGSTOP);
  CHECK(find_holders(dir.file("q")).proof == Proof::flock);
  kill(child.pid(), SIGCONT);
}

TEST_CASE("several holders are all named") {
  ShmDir dir;
  make_queue(dir);
  Child first = peer(dir);
  Child second = peer(dir);
  Child third = raw_user(dir.file("q"), kRawUses[0]);
  REQUIRE(first.reported());
  REQUIRE(second.reported());
  REQUIRE(third.reported());
  CHECK(find_holders(dir.file("q")).count() == 3);
}

TEST_CASE("the holder of a removed file shows as deleted, also when the name was made anew") {
  ShmDir dir;
  for (const RawUse& use : {kRawUses[1], kRawUses[2]}) {
    CAPTURE(use.what);
    make_queue(dir);
    const FileId old = id_of(dir.file("q"));
    Child child = raw_user(dir.file("q"), use);
    REQUIRE(child.reported());
    REQUIRE(unlink(dir.file("q").c_str()) == 0);
    make_queue(dir);
    const auto by_dir = scan_holders(dir.path());
    REQUIRE(by_dir.of(old).size() == 1);
    CHECK(by_dir.of(old)[0].deleted);
    CHECK(scan_holders({}, {old}).of(old).size() == 1);
    CHECK_FALSE(find_holders(dir.file("q")).held);
    REQUIRE(unlink(dir.file("q").c_str()) == 0);
  }
}

TEST_CASE("a file really called '(deleted)' is not taken for a deleted one") {
  ShmDir dir;
  make_queue(dir, "q (deleted)");
  Child child = raw_user(dir.file("q (deleted)"), kRawUses[2]);
  REQUIRE(child.reported());
  const Holders holders = find_holders(dir.file("q (deleted)"));
  REQUIRE(holders.count() == 1);
  CHECK_FALSE(holders.processes[0].deleted);
}

TEST_CASE(
    "the calling process does not count: with one descriptor the lease still proves that nobody else is "
    "there") {
  ShmDir dir;
  const Queue own = make_queue(dir);
  const Holders alone = find_holders(dir.file("q"));
  CHECK_FALSE(alone.held);
  CHECK(alone.proof == Proof::lease);
  CHECK(alone.by_caller);
  CHECK(alone.count() == 0);
  for (const RawUse& use : {kRawUses[0], kRawUses[2]}) {
    Child child = raw_user(dir.file("q"), use);
    REQUIRE(child.reported());
    const Holders both = find_holders(dir.file("q"));
    CHECK(both.held);
    REQUIRE(both.count() == 1);
    CHECK(both.processes[0].pid == child.pid());
  }
}

TEST_CASE("the calling process with two descriptors is told from others by /proc") {
  ShmDir dir;
  const Queue first = make_queue(dir);
  const Queue second = Queue::open("q", dir.path());
  const Holders alone = find_holders(dir.file("q"));
  CHECK_FALSE(alone.held);
  CHECK(alone.proof == without_lease(dir));
  CHECK(alone.by_caller);
  Child child = peer(dir);
  REQUIRE(child.reported());
  CHECK(find_holders(dir.file("q")).held);
}

TEST_CASE("a file the calling process only reads is not held by it") {
  ShmDir dir;
  make_queue(dir);
  const int fd = open(dir.file("q").c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  const Holders holders = find_holders(dir.file("q"));
  CHECK_FALSE(holders.held);
  CHECK(holders.proof == Proof::lease);
  CHECK(holders.by_caller);
  close(fd);
}

TEST_CASE("a forked child that inherited the segment counts as a holder") {
  ShmDir dir;
  const Queue own = make_queue(dir);
  Child child([](ChildSide& side) {
    side.report_and_wait();
    return 0;
  });
  REQUIRE(child.reported());
  const Holders holders = find_holders(dir.file("q"));
  CHECK(holders.held);
  REQUIRE(holders.count() == 1);
  CHECK(holders.processes[0].pid == child.pid());
}

TEST_CASE("the own segment's lock and descriptor are as they were after asking") {
  ShmDir dir;
  const Queue own = make_queue(dir);
  find_holders(dir.file("q"));
  CHECK(fcntl(own.segment().fd(), F_GETLEASE) == F_UNLCK);
  CHECK(fcntl(own.segment().fd(), F_GETSIG) == 0);
  f_owner_ex owner{};
  REQUIRE(fcntl(own.segment().fd(), F_GETOWN_EX, &owner) == 0);
  CHECK(owner.pid == 0);
  Child other([&](ChildSide&) { return find_holders(dir.file("q"), false).proof == Proof::flock ? 0 : 1; });
  CHECK(other.join() == 0);
}

TEST_CASE("one pass tells the holders of many files, below the directory only") {
  ShmDir dir;
  ShmDir elsewhere;
  make_queue(dir, "a");
  make_queue(dir, "b with space");
  make_queue(elsewhere, "c");
  Child a = peer(dir, "a");
  Child b = raw_user(dir.file("b with space"), kRawUses[2]);
  Child c = raw_user(elsewhere.file("c"), kRawUses[0]);
  Child name_only([&](ChildSide& side) {
    if (open(dir.file("a").c_str(), O_PATH) < 0) return 1;
    side.report_and_wait();
    return 0;
  });
  for (const Child* child : {&a, &b, &c, &name_only}) REQUIRE(child->reported());
  const auto scanned = scan_holders(dir.path());
  CHECK(scanned.files.size() == 2);
  CHECK(scanned.of(id_of(dir.file("a"))).size() == 1);
  CHECK(scanned.of(id_of(dir.file("b with space"))).size() == 1);
  CHECK(scanned.of(id_of(elsewhere.file("c"))).empty());
  CHECK(find_holders(dir.file("a"), scanned).proof == Proof::flock);
  CHECK(find_holders(dir.file("b with space"), scanned).proof == Proof::proc);
  CHECK(scan_holders(dir.path(), {id_of(elsewhere.file("c"))}).of(id_of(elsewhere.file("c"))).size() == 1);
}

TEST_CASE("a directory named through a symbolic link is the same directory") {
  ShmDir dir;
  make_queue(dir);
  Child child = peer(dir);
  REQUIRE(child.reported());
  ShmDir other;
  REQUIRE(symlink(dir.path().c_str(), other.file("link").c_str()) == 0);
  CHECK(scan_holders(other.file("link")).of(id_of(dir.file("q"))).size() == 1);
}

TEST_CASE("an ordinary user is told of a root-owned peer by its lock, and that he cannot see originals") {
  ShmDir dir;
  REQUIRE(chmod(dir.path().c_str(), 0755) == 0);
  make_queue(dir, "q", 0666);
  const std::string path = dir.file("q");
  CHECK(as_nobody([&] {
          const Holders holders = find_holders(path);
          return !holders.held && holders.proof == Proof::flock ? 0 : 1;  // no lease for him, /proc in part only
        }) == 0);
  Child child = peer(dir);
  REQUIRE(child.reported());
  CHECK(as_nobody([&] {
          const Holders holders = find_holders(path);
          const bool named = holders.processes.size() == 1 && holders.processes[0].pid == child.pid();
          return holders.held && holders.proof == Proof::flock && named && holders.processes[0].access == "unknown" ? 0
                                                                                                                    : 1;
        }) == 0);
}

TEST_CASE("an ordinary user who may not even open the file knows nothing, and says so") {
  ShmDir dir;
  REQUIRE(chmod(dir.path().c_str(), 0755) == 0);
  make_queue(dir, "q", 0600);
  CHECK(as_nobody([path = dir.file("q")] {
          const Holders holders = find_holders(path);
          return holders.held && holders.proof == Proof::none ? 0 : 1;
        }) == 0);
}

TEST_CASE("an ordinary user has the lease on his own segment") {
  ShmDir dir;
  REQUIRE(chmod(dir.path().c_str(), 0777) == 0);
  CHECK(as_nobody([&] {
          make_queue(dir);
          const Holders holders = find_holders(dir.file("q"));
          return !holders.held && holders.proof == Proof::lease ? 0 : 1;
        }) == 0);
}

TEST_CASE("holders are described by pid and command, the first five, or by what is known") {
  Holders holders;
  CHECK(holders.describe() == "nobody");
  holders.by_caller = true;
  CHECK(holders.describe() == "this process itself");
  holders.held = true;
  CHECK(holders.describe() == "possibly somebody (not allowed to look)");
  holders.proof = Proof::lease;
  CHECK(holders.describe() == "a process that cannot be named from here");
  CHECK(holders.count() == 1);
  for (int pid = 11; pid <= 17; ++pid) holders.processes.push_back({.pid = pid, .command = "feed", .access = {}});
  CHECK(holders.describe() == "pid 11 (feed), pid 12 (feed), pid 13 (feed), pid 14 (feed), pid 15 (feed) and 2 more");
}

TEST_CASE("what is no regular file, or not there, is refused with its kind") {
  ShmDir dir;
  REQUIRE(mkfifo(dir.file("fifo").c_str(), 0600) == 0);
  REQUIRE(mkdir(dir.file("dir").c_str(), 0700) == 0);
  REQUIRE(symlink("q", dir.file("link").c_str()) == 0);
  const struct {
    const char* name;
    Errc code;
  } rows[] = {{"fifo", Errc::corrupt}, {"dir", Errc::corrupt}, {"link", Errc::corrupt}, {"absent", Errc::not_found}};
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(refusal([&] { find_holders(dir.file(row.name)); }) == row.code);
  }
}

TEST_CASE("two askers at once do not take each other for users for long") {
  ShmDir dir;
  make_queue(dir);
  const auto ask = [path = dir.file("q")](ChildSide&) {
    int wrong = 0;
    for (int round = 0; round < 200; ++round) wrong += find_holders(path, false).held ? 1 : 0;
    return wrong > 100 ? 1 : 0;
  };
  Child first(ask);
  Child second(ask);
  CHECK(first.join() == 0);
  CHECK(second.join() == 0);
}

TEST_CASE("who came after the pass is held to be there by his lock; without another pass he has no name") {
  const ShmDir dir;
  make_queue(dir);
  const slickq::HolderMap before = scan_holders(dir.path());
  CHECK_FALSE(slickq::holders_by_lock(dir.file("q"), before).held);
  Child child = peer(dir);
  REQUIRE(child.reported());
  const Holders late = slickq::holders_by_lock(dir.file("q"), before);
  CHECK(late.held);
  CHECK(late.proof == Proof::flock);
  CHECK(late.processes.empty());
  const Holders named = slickq::holders_by_lock(dir.file("q"), scan_holders(dir.path()));
  REQUIRE(named.count() == 1);
  CHECK(named.processes[0].pid == child.pid());
}

TEST_CASE("a pass over /proc in parts finds what one in one piece does, and the names of what was removed") {
  const ShmDir dir;
  make_queue(dir, "stays");
  make_queue(dir, "goes");
  const Child both([path = dir.path()](ChildSide& side) {
    const auto stays = Queue::open("stays", path);
    const auto goes = Queue::open("goes", path);
    const int fd = open((path + "/stays").c_str(), O_RDONLY);
    for (int k = 0; k < 5000; ++k) {
      if (dup(fd) < 0) return 1;
    }
    side.report_and_wait();
    return 0;
  });
  REQUIRE(both.reported());
  const FileId stays = id_of(dir.file("stays"));
  const FileId goes = id_of(dir.file("goes"));
  REQUIRE(unlink(dir.file("goes").c_str()) == 0);

  slickq::HolderScan scan(dir.path());
  int steps = 1;
  while (!scan.step([] { return true; })) ++steps;
  CHECK(steps > 2);  // one process is looked at in parts, too
  const slickq::HolderMap parts = scan.take();
  const slickq::HolderMap whole = scan_holders(dir.path());
  for (const slickq::HolderMap* map : {&parts, &whole}) {
    REQUIRE(map->of(stays).size() == 1);
    CHECK(map->of(stays)[0].pid == both.pid());
    REQUIRE(map->of(goes).size() == 1);
    CHECK(map->of(goes)[0].deleted);
    CHECK(map->removed == std::map<FileId, std::string>{{goes, "goes"}});
  }
  CHECK(parts.complete == whole.complete);
}
