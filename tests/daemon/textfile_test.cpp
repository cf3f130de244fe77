// metrics.textfile: whole, readable by others, said once when it cannot be written, gone after a clean stop.
#include "textfile.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "daemon_process.hpp"
#include "fixture.hpp"
#include "small_file_system.hpp"

using daemon_test::Daemon;
using daemon_test::eventually;
using daemon_test::Place;
using daemon_test::read_file;
using daemon_test::SmallFileSystem;
using slickqd::Textfile;
using std::filesystem::exists;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat facts {};
  return stat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777 : 0;
}

std::string rest(const std::string& textfile) { return R"("metrics":{"textfile":")" + textfile + "\"}"; }

std::size_t occurrences(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a textfile is replaced, never written into, and readable by all whatever the umask") {
  const test_support::ShmDir dir;
  const mode_t before = umask(0077);
  Textfile file;
  CHECK(file.write("nowhere").empty());
  file.move_to(dir.file("m.prom"));
  CHECK(file.write("first\n").empty());
  CHECK(mode_of(dir.file("m.prom")) == 0644);
  std::filesystem::create_hard_link(dir.file("m.prom"), dir.file("as a reader has it open"));
  CHECK(file.write("second\n").empty());
  umask(before);
  CHECK(read_file(dir.file("m.prom")) == "second\n");
  CHECK(read_file(dir.file("as a reader has it open")) == "first\n");
  CHECK_FALSE(exists(dir.file("m.prom.tmp")));
}

TEST_CASE("what a killed slickqd left beside it is replaced, a link there leads nowhere") {
  const test_support::ShmDir dir;
  std::ofstream(dir.file("victim")) << "untouched";
  std::filesystem::create_symlink(dir.file("victim"), dir.file("m.prom.tmp"));
  Textfile file;
  file.move_to(dir.file("m.prom"));
  CHECK(file.write("text\n").empty());
  CHECK(read_file(dir.file("m.prom")) == "text\n");
  CHECK(read_file(dir.file("victim")) == "untouched");
}

TEST_CASE("what cannot be written is said, and the old numbers do not stay") {
  const test_support::ShmDir dir;
  Textfile file;
  file.move_to(dir.file("m.prom"));
  CHECK(file.write("text\n").empty());
  std::filesystem::create_directories(dir.file("m.prom.tmp/in the way"));
  CHECK(file.write("text\n") == "metrics.textfile " + dir.file("m.prom") + ": Is a directory");
  CHECK_FALSE(exists(dir.file("m.prom")));
  std::filesystem::remove_all(dir.file("m.prom.tmp"));
  CHECK(file.write("text\n").empty());
}

TEST_CASE("where there is room for one only, each round's file is written all the same") {
  if (!SmallFileSystem::may_be_made()) return;
  const test_support::ShmDir dir;
  const SmallFileSystem small(dir.path(), "12k");
  const std::string text(8192, 'x');  // two pages; the third is the directory entry's own matter
  {
    Textfile file;
    file.move_to(dir.file("m.prom"));
    for (int round = 0; round < 4; ++round) {
      CAPTURE(round);
      CHECK(file.write(text).empty());
      CHECK(exists(dir.file("m.prom")));
    }
    CHECK_FALSE(file.write(std::string(100'000, 'x')).empty());
    CHECK_FALSE(exists(dir.file("m.prom")));
  }
}

TEST_CASE("another path, or none, takes the old file away; a file that is not ours stays") {
  const test_support::ShmDir dir;
  Textfile file;
  file.move_to(dir.file("a"));
  file.write("x");
  file.move_to(dir.file("a"));
  CHECK(exists(dir.file("a")));
  file.move_to(dir.file("b"));
  CHECK_FALSE(exists(dir.file("a")));
  std::ofstream(dir.file("b")) << "somebody's";
  file.move_to(std::nullopt);
  CHECK(exists(dir.file("b")));
}

TEST_CASE("slickqd writes it after each round, says once that it cannot, and removes it at the end") {
  const Place place(R"([{"name":"q","size":8,"elem":8}])");
  const std::string path = place.run.file("slickq.prom");
  place.configure(R"([{"name":"q","size":8,"elem":8}])", rest(path));
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  CHECK(mode_of(path) == 0644);
  CHECK(read_file(path).find("slickq_queue_up{queue=\"q\"} 1\n") != std::string::npos);
  CHECK(read_file(path).find("process_") == std::string::npos);
  CHECK(place.status()["metrics"] == nlohmann::json{{"textfile", path}, {"textfile_error", nullptr}});

  const auto error = [&] { return place.status()["metrics"]["textfile_error"]; };
  std::filesystem::create_directories(path + ".tmp/in the way");
  REQUIRE(eventually([&] { return error().is_string(); }));
  const auto seen = place.status()["rounds"].get<std::uint64_t>();
  REQUIRE(eventually([&] { return place.status()["rounds"].get<std::uint64_t>() >= seen + 3; }));
  CHECK(error() == "metrics.textfile " + path + ": Is a directory");
  CHECK(occurrences(daemon.log(), "slickq.prom: Is a directory") == 1);
  std::filesystem::remove_all(path + ".tmp");
  REQUIRE(eventually([&] { return error().is_null() && exists(path); }));
  REQUIRE(eventually([&] { return daemon.log().find("is written again") != std::string::npos; }));

  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
  CHECK_FALSE(exists(path));
}

TEST_CASE("a reload moves the textfile, a killed slickqd's file is taken over by the next") {
  const Place place;
  const std::string one = place.run.file("one.prom");
  const std::string two = place.run.file("two.prom");
  place.configure("[]", rest(one));
  {
    Daemon daemon(place.arguments(), place.log());
    REQUIRE(place.wait_until_up());
    place.configure("[]", rest(two));
    daemon.signal(SIGHUP);
    REQUIRE(eventually([&] { return exists(two); }));
    CHECK_FALSE(exists(one));
    daemon.signal(SIGKILL);
    daemon.wait();
  }
  CHECK(exists(two));
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
  CHECK_FALSE(exists(two));
}

TEST_CASE("a textfile that is larger than a file may be is told, and does not end slickqd") {
  const Place place;
  place.configure("[]", rest(place.run.file("slickq.prom")));
  Daemon daemon(place.arguments(), "/dev/null", {}, [] {
    const rlimit small{1024, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &small);
  });
  REQUIRE(place.wait_until_up());
  CHECK(place.status()["metrics"]["textfile_error"].get<std::string>().find("File too large") != std::string::npos);
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
}
