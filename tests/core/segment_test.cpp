#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>

#include "slickq/error.hpp"
#include "slickq/segment.hpp"
#include "support/shm_dir.hpp"

using slickq::Access;
using slickq::CreateOptions;
using slickq::Errc;
using slickq::Segment;
using test_support::ShmDir;

namespace {

CreateOptions in(const ShmDir& dir) {
  CreateOptions options;
  options.shm_dir = dir.path();
  return options;
}

Errc refusal(const std::function<void()>& attempt) {
  try {
    attempt();
  } catch (const slickq::Error& error) {
    CHECK_FALSE(error.cause().empty());
    return error.code();
  }
  FAIL("was not refused");
  return Errc::system;
}

mode_t mode_of(const std::string& path) {
  struct stat facts {};
  REQUIRE(stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

std::size_t files_in(const ShmDir& dir) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir.path())) ++count;
  return count;
}

// Of the mapping that begins there: what this process has touched of it.
std::uint64_t resident_kib(const std::byte* mapping) {
  std::ostringstream begin;
  begin << std::hex << reinterpret_cast<std::uintptr_t>(mapping) << '-';
  std::ifstream smaps("/proc/self/smaps");
  std::string line;
  while (std::getline(smaps, line) && line.rfind(begin.str(), 0) != 0) {
  }
  while (std::getline(smaps, line)) {
    if (line.rfind("Rss:", 0) == 0) return std::stoull(line.substr(4));
  }
  FAIL("no such mapping");
  return 0;
}

}  // namespace

TEST_CASE("a created segment has its bytes, its content and exactly its mode, whatever the umask") {
  ShmDir dir;
  const mode_t before = umask(0077);
  CreateOptions options = in(dir);
  options.mode = 0664;
  Segment segment = Segment::create("/q", 100, options, [](std::byte* base) { std::memcpy(base, "hello", 5); });
  umask(before);
  CHECK(segment.bytes() == 100);
  CHECK(segment.name() == "q");
  CHECK(segment.path() == dir.file("q"));
  CHECK(mode_of(dir.file("q")) == 0664);
  Segment other = Segment::attach("q", dir.path(), Access::read_only, {});
  CHECK(std::memcmp(other.data(), "hello", 5) == 0);
  CHECK_FALSE(other.writable());
  CHECK(other.inode() == segment.inode());
}

TEST_CASE("a mode by umask is what shm_open gives") {
  ShmDir dir;
  const mode_t before = umask(0027);
  CreateOptions options = in(dir);
  options.mode_by_umask = true;
  Segment segment = Segment::create("q", 8, options, {});
  umask(before);
  CHECK(mode_of(dir.file("q")) == 0640);
}

TEST_CASE("the name appears only when the initialisation is done, and not at all when it fails") {
  ShmDir dir;
  CHECK_THROWS_AS(Segment::create("q", 8, in(dir),
                                  [&](std::byte*) {
                                    CHECK(access(dir.file("q").c_str(), F_OK) != 0);
                                    throw std::runtime_error("constructor failed");
                                  }),
                  std::runtime_error);
  CHECK(files_in(dir) == 0);
}

TEST_CASE("a prepared segment has no name before it is given one, and leaves nothing when it never gets it") {
  const ShmDir dir;
  const auto write = [](std::byte* base) { std::memcpy(base, "ready", 5); };
  { const Segment never = Segment::prepare("s", 4096, in(dir), write); }
  CHECK(files_in(dir) == 0);
  Segment first = Segment::prepare("s", 4096, in(dir), write);
  Segment second = Segment::prepare("s", 8192, in(dir), write);
  CHECK(refusal([&] { Segment::attach("s", dir.path(), Access::read_only, {}); }) == Errc::not_found);
  first.give_name();
  CHECK_FALSE(first.is_detached());
  CHECK(refusal([&] { second.give_name(); }) == Errc::exists);
  CHECK(Segment::attach("s", dir.path(), Access::read_only, {}).bytes() == 4096);
  std::filesystem::remove(dir.file("s"));
  second.give_name();  // the refusal took nothing from it
  CHECK(std::memcmp(Segment::attach("s", dir.path(), Access::read_only, {}).data(), "ready", 5) == 0);
  CHECK(files_in(dir) == 1);
}

TEST_CASE("creating twice is refused and leaves the first alone") {
  ShmDir dir;
  Segment first = Segment::create("q", 8, in(dir), [](std::byte* base) { *base = std::byte{7}; });
  CHECK(refusal([&] { (void)Segment::create("q", 16, in(dir), {}); }) == Errc::exists);
  CHECK(first.data()[0] == std::byte{7});
  CHECK(std::filesystem::file_size(dir.file("q")) == 8);
  CHECK(files_in(dir) == 1);
}

TEST_CASE("prefault, mlock and huge pages are accepted and change no meaning") {
  ShmDir dir;
  CreateOptions options = in(dir);
  options.prefault = options.lock_memory = options.huge_pages = true;
  Segment segment = Segment::create("q", 1 << 16, options, {});
  segment.data()[(1 << 16) - 1] = std::byte{1};
  CHECK(segment.bytes() == 1 << 16);
}

TEST_CASE("who attaches may have every page touched ahead, mapped read-only, too") {
  constexpr std::uint64_t kKib = 4096;
  ShmDir dir;
  Segment::create("q", kKib * 1024, in(dir), {});
  for (const Access access : {Access::read_write, Access::read_only}) {
    const Segment segment = Segment::attach("q", dir.path(), access, {});
    CHECK(resident_kib(segment.data()) == 0);
    CHECK_FALSE(segment.advise({}).prefault);
    CHECK(resident_kib(segment.data()) == 0);
    const slickq::MemoryHints reached = segment.advise({true, false, false});
    CHECK(reached.prefault);
    CHECK_FALSE(reached.lock_memory);
    CHECK_FALSE(reached.huge_pages);
    CHECK(resident_kib(segment.data()) == kKib);
  }
}

TEST_CASE("what is no regular file is refused by what it is") {
  ShmDir dir;
  std::filesystem::create_directory(dir.file("directory"));
  REQUIRE(mkfifo(dir.file("fifo").c_str(), 0600) == 0);
  std::filesystem::create_symlink("/etc/passwd", dir.file("link"));
  std::filesystem::create_symlink(dir.file("nowhere"), dir.file("dangling"));
  const int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, dir.file("socket").c_str(), sizeof address.sun_path - 1);
  REQUIRE(bind(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  for (const char* name : {"directory", "fifo", "link", "dangling", "socket"}) {
    CAPTURE(name);
    CHECK(refusal([&] { (void)Segment::attach(name, dir.path(), Access::read_write, {}); }) == Errc::corrupt);
    CHECK(refusal([&] { (void)Segment::create(name, 8, in(dir), {}); }) == Errc::exists);
  }
  close(socket_fd);
}

TEST_CASE("absent segments and absent directories are said") {
  ShmDir dir;
  CHECK(refusal([&] { (void)Segment::attach("q", dir.path(), Access::read_write, {}); }) == Errc::not_found);
  CreateOptions options;
  options.shm_dir = dir.file("no-such-directory");
  CHECK(refusal([&] { (void)Segment::create("q", 8, options, {}); }) == Errc::not_found);
}

TEST_CASE("a check that refuses leaves nothing mapped and nothing locked") {
  ShmDir dir;
  { Segment segment = Segment::create("q", 8, in(dir), {}); }
  CHECK_THROWS_AS(
      Segment::attach("q", dir.path(), Access::read_write, [](int, std::uint64_t) { throw std::runtime_error("no"); }),
      std::runtime_error);
  const int fd = open(dir.file("q").c_str(), O_RDWR | O_CLOEXEC);
  CHECK(flock(fd, LOCK_EX | LOCK_NB) == 0);
  close(fd);
}

TEST_CASE("a shared lock tells that a segment lives, until the last one goes") {
  ShmDir dir;
  Segment first = Segment::create("q", 8, in(dir), {});
  Segment second = Segment::attach("q", dir.path(), Access::read_write, {});
  const int fd = open(dir.file("q").c_str(), O_RDWR | O_CLOEXEC);
  CHECK(flock(fd, LOCK_EX | LOCK_NB) != 0);
  first = Segment();
  CHECK(flock(fd, LOCK_EX | LOCK_NB) != 0);
  Segment moved = std::move(second);
  CHECK(flock(fd, LOCK_EX | LOCK_NB) != 0);
  moved = Segment();
  CHECK(flock(fd, LOCK_EX | LOCK_NB) == 0);
  close(fd);
}

TEST_CASE("attaching waits while the kernel is being asked for the users of a file") {
  ShmDir dir;
  { Segment segment = Segment::create("q", 8, in(dir), {}); }
  const int fd = open(dir.file("q").c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(fcntl(fd, F_SETSIG, SIGURG) == 0);
  REQUIRE(fcntl(fd, F_SETLEASE, F_WRLCK) == 0);
  std::thread asker([fd] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    fcntl(fd, F_SETLEASE, F_UNLCK);
  });
  Segment segment = Segment::attach("q", dir.path(), Access::read_write, {});
  CHECK(segment.bytes() == 8);
  asker.join();
  close(fd);
}

TEST_CASE("who has no patience is told at once that somebody has locked it") {
  ShmDir dir;
  { Segment segment = Segment::create("q", 8, in(dir), {}); }
  const int fd = open(dir.file("q").c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(flock(fd, LOCK_EX | LOCK_NB) == 0);
  for (const int patience : {0, 3}) {
    CAPTURE(patience);
    try {
      (void)Segment::attach("q", dir.path(), Access::read_only, {}, std::chrono::milliseconds(patience));
      FAIL("was not refused");
    } catch (const slickq::Error& error) {
      CHECK(error.code() == Errc::busy);
      CHECK((error.cause().find("for 3 ms") != std::string::npos) == (patience == 3));
    }
  }
  close(fd);
}

TEST_CASE("a name that leads elsewhere by now is noticed") {
  ShmDir dir;
  Segment segment = Segment::create("q", 8, in(dir), {});
  CHECK_FALSE(segment.is_detached());
  std::filesystem::remove(dir.file("q"));
  CHECK(segment.is_detached());
  Segment again = Segment::create("q", 8, in(dir), {});
  CHECK(segment.is_detached());
  CHECK_FALSE(again.is_detached());
}

TEST_CASE("a directory without room gives no_space with need and free, not a signal later") {
  ShmDir dir;
  try {
    (void)Segment::create("q", std::uint64_t{1} << 50, in(dir), {});
    FAIL("was not refused");
  } catch (const slickq::Error& error) {
    CHECK(error.code() == Errc::no_space);
    CHECK(error.cause().find("need 1073741824 MiB, free ") != std::string::npos);
    CHECK_FALSE(error.remedy().empty());
  }
  CHECK(files_in(dir) == 0);
}
