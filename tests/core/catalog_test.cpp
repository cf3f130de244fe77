#include "slickq/catalog.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "child_process.hpp"
#include "slickq/cursor.hpp"
#include "slickq/error.hpp"
#include "slickq/queue.hpp"
#include "support/image.hpp"
#include "support/shm_dir.hpp"

using namespace slickq;
using test_support::Image;
using test_support::ShmDir;

namespace {

const Geometry kGeometry = Geometry::make(Layout::slq1, 8, 32);

std::vector<Entry> list(const ShmDir& dir, bool everything = true, bool holders = false) {
  return list_segments({.shm_dir = dir.path(), .everything = everything, .holders = holders});
}

const Entry& find(const std::vector<Entry>& entries, const std::string& name) {
  for (const Entry& e : entries) {
    if (e.name == name) return e;
  }
  FAIL("not listed: " << name);
  return entries.front();
}

void check_explained(const std::vector<Entry>& entries, const std::string& name, EntryKind kind,
                     const std::string& part) {
  const Entry& entry = find(entries, name);
  CAPTURE(name);
  CAPTURE(entry.explanation);
  CHECK(to_string(entry.kind) == to_string(kind));
  CHECK(entry.explanation.find(part) != std::string::npos);
  CHECK_FALSE(entry.geometry);
  CHECK_FALSE(entry.cursor);
}

std::string numbered(std::size_t k) {
  std::string name = "q-";
  return name.append(std::to_string(10000 + k));
}

// One of each kind.
void fill(const ShmDir& dir) {
  Image(kGeometry).item(0).item(2).reserved(3).last_published(2).save(dir.file("queue"));
  NamedCursor::create("queue@strategy", 42, {.shm_dir = dir.path()});
  Image(kGeometry).put(48, std::uint32_t{2}).save(dir.file("half"));
  Image damaged(kGeometry);
  damaged.bytes().resize(200);
  damaged.save(dir.file("damaged"));
  Image(kGeometry).save(dir.file(".slickq-gone-12-queue"));
  Image::save_bytes(dir.file("foreign"), std::vector<std::byte>(5000, std::byte{7}));
  std::filesystem::create_directory(dir.file("directory"));
  std::filesystem::create_symlink("queue", dir.file("link"));
  REQUIRE(mkfifo(dir.file("fifo").c_str(), 0600) == 0);
  Image(kGeometry).save(dir.file("bad\nname"));
}

}  // namespace

TEST_CASE("of names that are asked for, those that are there are listed, and nothing else") {
  ShmDir dir;
  fill(dir);
  const auto entries = list_segments({.shm_dir = dir.path(),
                                      .everything = true,
                                      .names = std::vector<std::string>{"queue", "half", "nobody", "queue"},
                                      .holders = false});
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].name == "half");
  CHECK(entries[1].name == "queue");
  CHECK_THROWS_AS(list_segments({.shm_dir = dir.file("absent"), .names = std::vector<std::string>{"queue"}}), Error);
}

TEST_CASE("queues and cursors are listed, sorted, with what they hold") {
  ShmDir dir;
  fill(dir);
  const auto entries = list(dir, false);
  REQUIRE(entries.size() == 2);
  const Entry& queue = entries[0];
  CHECK(queue.name == "queue");
  CHECK(queue.path == dir.file("queue"));
  CHECK(queue.kind == EntryKind::queue);
  CHECK(queue.geometry == kGeometry);
  CHECK(queue.last_published == 2);
  REQUIRE(queue.scan);
  CHECK(queue.scan->reserved == 3);
  CHECK(queue.scan->published == 1);
  CHECK(queue.explanation.empty());
  CHECK(queue.file.bytes == kGeometry.segment_bytes());
  CHECK(queue.owner == user_name(geteuid()));
  CHECK_FALSE(queue.holders);
  const Entry& cursor = entries[1];
  CHECK(cursor.name == "queue@strategy");
  CHECK(cursor.kind == EntryKind::cursor);
  CHECK(cursor.cursor == 42);
  CHECK_FALSE(cursor.geometry);
}

TEST_CASE("every other file is explained when asked for") {
  ShmDir dir;
  fill(dir);
  const auto entries = list(dir);
  CHECK(entries.size() == 10);
  check_explained(entries, "half", EntryKind::initialising, "initialisation not finished");
  check_explained(entries, "damaged", EntryKind::damaged, "needs 448 bytes, the file has 200");
  check_explained(entries, ".slickq-gone-12-queue", EntryKind::quarantine, "left half-way");
  check_explained(entries, "foreign", EntryKind::foreign, "not a queue");
  check_explained(entries, "directory", EntryKind::special, "a directory");
  check_explained(entries, "link", EntryKind::special, "a symbolic link");
  check_explained(entries, "fifo", EntryKind::special, "a FIFO");
  check_explained(entries, "bad\nname", EntryKind::foreign, "control characters");
}

TEST_CASE("a file that may not be read is listed as unreadable with the reason") {
  if (geteuid() != 0) return;  // another user is needed
  ShmDir dir;
  Image(kGeometry).save(dir.file("secret"));
  REQUIRE(chmod(dir.file("secret").c_str(), 0600) == 0);
  REQUIRE(chmod(dir.path().c_str(), 0755) == 0);
  test_support::Child child([&](test_support::ChildSide&) {
    if (setgid(65534) != 0 || setuid(65534) != 0) return 2;
    const auto entries = list(dir);
    return entries.size() == 1 && entries[0].kind == EntryKind::unreadable &&
                   entries[0].explanation == "cannot look into it: Permission denied"
               ? 0
               : 1;
  });
  int status = 0;
  REQUIRE(waitpid(child.pid(), &status, 0) == child.pid());
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("the holders of all entries are found in one go") {
  ShmDir dir;
  Queue::create("held", kGeometry, {.shm_dir = dir.path()});
  Queue::create("free", kGeometry, {.shm_dir = dir.path()});
  const test_support::Child child([&](test_support::ChildSide& side) {
    const Queue queue = Queue::open("held", dir.path());
    side.report_and_wait();
    return 0;
  });
  REQUIRE(child.reported());
  const auto entries = list(dir, false, true);
  const Entry& held = find(entries, "held");
  REQUIRE(held.holders);
  CHECK(held.holders->held);
  REQUIRE(held.holders->processes.size() == 1);
  CHECK(held.holders->processes[0].pid == child.pid());
  const Entry& free_one = find(entries, "free");
  REQUIRE(free_one.holders);
  CHECK_FALSE(free_one.holders->held);
}

TEST_CASE("a directory that is not there is an error that names it") {
  ShmDir dir;
  try {
    list_segments({.shm_dir = dir.file("absent")});
    FAIL("listed");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::not_found);
    CHECK(error.object() == dir.file("absent"));
    CHECK(error.remedy().find("--shm-dir") != std::string::npos);
  }
}

TEST_CASE("a thousand queues are listed, each once") {
  ShmDir dir;
  for (std::size_t k = 0; k < 1000; ++k) {
    Image(kGeometry).item(0).reserved(1).save(dir.file(numbered(k)));
  }
  const auto entries = list(dir, false, true);
  REQUIRE(entries.size() == 1000);
  for (std::size_t k = 0; k < entries.size(); ++k) {
    CHECK(entries[k].name == numbered(k));
    CHECK(entries[k].scan->published == 1);
  }
}

TEST_CASE("segments that come and go while listing are there or not, never half") {
  ShmDir dir;
  Queue::create("steady", kGeometry, {.shm_dir = dir.path()});
  const test_support::Child churn([&](test_support::ChildSide& side) -> int {
    for (bool told = false;; told = true) {
      Queue::create("brief", kGeometry, {.shm_dir = dir.path()});
      std::filesystem::remove(dir.file("brief"));
      if (!told) side.report();
    }
  });
  REQUIRE(churn.reported());
  for (int k = 0; k < 5000; ++k) {
    const auto entries = list(dir, true, k % 100 == 0);
    CHECK(find(entries, "steady").kind == EntryKind::queue);
    for (const Entry& e : entries) {
      CAPTURE(e.name);
      CAPTURE(e.explanation);
      CHECK(e.kind == EntryKind::queue);
    }
  }
}
