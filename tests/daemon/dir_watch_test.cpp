// Names that come and go, told at once; and how often that may cost a round.
#include "dir_watch.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "early_round.hpp"
#include "support/shm_dir.hpp"

using namespace slickqd;
using std::chrono::milliseconds;

namespace {

struct WatchedDir {
  WatchedDir() { REQUIRE(watch.watch().empty()); }
  void touch(const std::string& name) const { std::ofstream(dir.file(name)) << "x"; }
  /// Calls since the last time.
  int told() {
    calls = 0;
    io.restart();
    while (io.poll_one() > 0) {
    }
    return calls;
  }

  test_support::ShmDir dir;
  int calls = 0;
  boost::asio::io_context io{1};
  DirWatch watch{io, dir.path(), [](std::string_view name) { return name.starts_with("mine"); }, [this] { ++calls; }};
};

}  // namespace

TEST_CASE("a wanted name that comes, goes or moves is told, others are not, and writing is no change") {
  WatchedDir w;
  CHECK(w.told() == 0);
  w.touch("mine");
  CHECK(w.told() == 1);
  w.touch("mine");  // opened and written again
  w.touch("other");
  CHECK(w.told() == 0);
  std::filesystem::rename(w.dir.file("mine"), w.dir.file("other"));
  CHECK(w.told() == 1);
  std::filesystem::rename(w.dir.file("other"), w.dir.file("mine"));
  CHECK(w.told() == 1);
  std::filesystem::remove(w.dir.file("mine"));
  CHECK(w.told() == 1);
}

TEST_CASE("a burst of changes is told once") {
  WatchedDir w;
  for (int k = 0; k < 1000; ++k) w.touch("mine-" + std::to_string(k));
  CHECK(w.told() == 1);
  CHECK(w.told() == 0);
}

TEST_CASE("when the kernel's queue ran over it is told, whatever the names were") {
  WatchedDir w;
  for (int k = 0; k < 20'000; ++k) {  // each two events, of which 16,384 are kept
    w.touch("other");
    std::filesystem::remove(w.dir.file("other"));
  }
  CHECK(w.told() == 1);
  w.touch("mine");
  CHECK(w.told() == 1);
}

TEST_CASE("without a directory there is nothing to watch, and it is watched as soon as there is one") {
  WatchedDir w;
  const std::string path = w.dir.file("later");
  int calls = 0;
  DirWatch later(
      w.io, path, [](std::string_view) { return true; }, [&] { ++calls; });
  CHECK_FALSE(later.watch().empty());
  std::filesystem::create_directory(path);
  CHECK(later.watch().empty());
  std::ofstream(path + "/q") << "x";
  w.told();
  CHECK(calls == 1);

  std::filesystem::remove_all(path);  // told, too
  w.told();
  CHECK(calls > 1);
  CHECK_FALSE(later.watch().empty());
  std::filesystem::create_directory(path);
  CHECK(later.watch().empty());
  const int before = calls;
  std::ofstream(path + "/q") << "x";
  w.told();
  CHECK(calls == before + 1);
}

TEST_CASE("a directory that took another's place is watched instead") {
  WatchedDir w;
  const std::string path = w.dir.file("shm");
  std::filesystem::create_directory(path);
  int calls = 0;
  DirWatch watch(
      w.io, path, [](std::string_view) { return true; }, [&] { ++calls; });
  REQUIRE(watch.watch().empty());
  std::filesystem::rename(path, w.dir.file("old"));
  std::filesystem::create_directory(path);
  CHECK(watch.watch().empty());
  std::ofstream(path + "/q") << "x";
  w.told();
  CHECK(calls == 1);
}

TEST_CASE("an early round waits for a burst to end, and neither follows the last one soon nor takes much of the time") {
  const Monotonic now{std::chrono::hours(1)};
  const auto after = [&](milliseconds since_last, milliseconds cost) {
    return early_round_at(now, {now - since_last, cost}) - now;
  };
  CHECK(after(milliseconds(5000), milliseconds(1)) == milliseconds(10));
  CHECK(after(milliseconds(20), milliseconds(1)) == milliseconds(80));
  CHECK(after(milliseconds(20), milliseconds(50)) == milliseconds(980));
}
