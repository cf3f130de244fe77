#include "slickq/inspect.hpp"

#include <doctest/doctest.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "child_process.hpp"
#include "slickq/queue.hpp"
#include "support/golden.hpp"
#include "support/shm_dir.hpp"

using namespace slickq;
using test_support::ShmDir;

TEST_CASE("a live queue is described with its file, indexes and owner") {
  ShmDir dir;
  Queue queue = Queue::create("q", Geometry::make(Layout::slq1, 8, 32), {.shm_dir = dir.path(), .mode = 0640});
  queue.ring().publish(queue.ring().reserve(1), 1);
  queue.ring().reserve(2);
  queue.ring().publish(queue.ring().reserve(1), 1);

  const Inspection i = inspect(View::open_segment("q", dir.path()), {.holders = false});
  CHECK(i.name == "q");
  CHECK(i.path == dir.file("q"));
  CHECK(i.geometry == queue.geometry());
  CHECK(i.init_state == InitState::ready);
  CHECK(i.last_published == 3);
  CHECK(i.scan.reserved == 4);
  CHECK(i.scan.published == 1);
  CHECK(i.scan.unpublished == 2);
  CHECK(i.scan.holes == std::vector<Hole>{{1, 3}});
  CHECK_FALSE(i.holders);
  struct stat facts {};
  REQUIRE(stat(dir.file("q").c_str(), &facts) == 0);
  CHECK(i.file.bytes == slickq::bytes_with_annex(queue.geometry()));
  CHECK(i.file.resident_bytes == static_cast<std::uint64_t>(facts.st_blocks) * 512);
  CHECK(i.file.inode == facts.st_ino);
  CHECK(i.file.device == facts.st_dev);
  CHECK(i.file.mode == 0640);
  CHECK(i.file.changed.tv_sec == facts.st_ctim.tv_sec);
  CHECK(i.owner == user_name(geteuid()));
  CHECK(i.group == group_name(facts.st_gid));
}

TEST_CASE("last published is none on an empty queue and where the layout does not maintain it") {
  const std::string golden = SLICKQ_GOLDEN_DIR;
  CHECK(inspect(View::open_file(golden + "/cpp-1.4.0/empty.bin")).last_published == kNoIndex);
  CHECK(inspect(View::open_file(golden + "/cpp-1.4.0/hole.bin")).last_published == 5);
  CHECK(inspect(View::open_file(golden + "/header-2.x/slq0.bin")).last_published == kNoIndex);
  CHECK(inspect(View::open_file(golden + "/cpp-1.2.3/hole.bin")).last_published == kNoIndex);
}

TEST_CASE("a file of bytes has no holders, nor has a segment whose name is gone") {
  ShmDir dir;
  CHECK_FALSE(inspect(View::open_file(std::string(SLICKQ_GOLDEN_DIR) + "/cpp-1.4.0/three.bin")).holders);
  Queue queue = Queue::create("q", Geometry::make(Layout::slq1, 8, 32), {.shm_dir = dir.path()});
  const View view = View::open_segment("q", dir.path());
  std::filesystem::remove(dir.file("q"));
  const Inspection i = inspect(view);
  CHECK_FALSE(i.holders);
  CHECK(i.file.links == 0);
  // Made anew: whoever holds the new one does not hold what we look at.
  Queue anew = Queue::create("q", queue.geometry(), {.shm_dir = dir.path()});
  CHECK_FALSE(inspect(view).holders);
}

TEST_CASE("another process that has the queue attached is named, looking alone is not holding") {
  ShmDir dir;
  { Queue::create("q", Geometry::make(Layout::slq1, 8, 32), {.shm_dir = dir.path()}); }
  const View view = View::open_segment("q", dir.path());
  const Inspection alone = inspect(view);
  REQUIRE(alone.holders);
  CHECK_FALSE(alone.holders->held);

  const test_support::Child child([&](test_support::ChildSide& side) {
    const Queue queue = Queue::open("q", dir.path());
    side.report_and_wait();
    return 0;
  });
  REQUIRE(child.reported());
  const Inspection held = inspect(view);
  REQUIRE(held.holders);
  CHECK(held.holders->held);
  REQUIRE(held.holders->processes.size() == 1);
  CHECK(held.holders->processes[0].pid == child.pid());
}

TEST_CASE("users and groups without a name are shown by number") {
  CHECK(user_name(0) == getpwuid(0)->pw_name);
  CHECK(group_name(0) == getgrgid(0)->gr_name);
  CHECK(user_name(3999999999u) == "3999999999");
  CHECK(group_name(3999999999u) == "3999999999");
}
