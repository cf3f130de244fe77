#include "slickq/view.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "slickq/error.hpp"
#include "slickq/queue.hpp"
#include "support/golden.hpp"
#include "support/image.hpp"
#include "support/shm_dir.hpp"

using namespace slickq;
using test_support::Image;
using test_support::ShmDir;

namespace {

// The Error that opening `name` as a segment gives.
Error refusal(const ShmDir& dir, const std::string& name) {
  try {
    View::open_segment(name, dir.path());
  } catch (const Error& error) {
    return error;
  }
  FAIL("opened " << name);
  return Error(Errc::system, "", "");
}

void check_refused(const ShmDir& dir, const std::string& name, Errc code, const std::string& part) {
  const Error error = refusal(dir, name);
  CAPTURE(error.what());
  CHECK(to_string(error.code()) == to_string(code));
  CHECK(error.cause().find(part) != std::string::npos);
  CHECK(error.object() == name);
}

std::vector<std::byte> zeros(std::size_t bytes) { return std::vector<std::byte>(bytes); }

}  // namespace

TEST_CASE("every golden file is recognised with the geometry and reserved index of its description") {
  for (const auto& golden : test_support::all_golden()) {
    CAPTURE(golden.name());
    const View view = View::open_file(golden.bin);
    CHECK(to_string(view.geometry().layout()) == to_string(golden.layout));
    CHECK(view.geometry().capacity() == golden.capacity);
    CHECK(view.geometry().element_size() == golden.element_size);
    CHECK(view.geometry().items_per_slot() == golden.items_per_slot);
    CHECK(view.geometry().segment_bytes() == golden.segment_bytes);
    CHECK(view.reserved_index() == golden.reserved_index);
    CHECK_FALSE(view.is_live());
    CHECK(view.name() == golden.bin);
  }
}

TEST_CASE("a segment is read by name, with or without the slash, and nothing is written") {
  ShmDir dir;
  Queue queue = Queue::create("q", Geometry::make(Layout::slq1, 8, 4), {.shm_dir = dir.path()});
  queue.ring().publish(queue.ring().reserve(2), 2);
  struct stat before {};
  stat(dir.file("q").c_str(), &before);

  const View view = View::open_segment("/q", dir.path());
  CHECK(view.name() == "q");
  CHECK(view.path() == dir.file("q"));
  CHECK(view.is_live());
  CHECK(view.init_state() == InitState::ready);
  CHECK(view.geometry() == queue.geometry());
  CHECK(view.reserved_index() == 2);
  Slot slot{};
  view.read_slots(0, {&slot, 1});
  CHECK(slot.data_index == 0);
  CHECK(slot.size == 2);
  const FileFacts facts = view.facts();
  CHECK(facts.bytes == slickq::bytes_with_annex(queue.geometry()));
  CHECK(facts.inode == before.st_ino);
  CHECK(facts.links == 1);
  CHECK(facts.mode == 0600);
  CHECK(facts.owner == geteuid());
  struct stat after {};
  stat(dir.file("q").c_str(), &after);
  CHECK(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
}

TEST_CASE("what is not there, or has an impossible name, is said") {
  ShmDir dir;
  check_refused(dir, "absent", Errc::not_found, "no such segment: " + dir.file("absent"));
  CHECK_THROWS_AS(View::open_file(dir.file("absent")), Error);
  CHECK_THROWS_AS(View::open_file(""), Error);
  for (const std::string name : {"", "a/b", "..", ".slickq-gone-1-q"}) {
    CHECK(refusal(dir, name).code() == Errc::invalid_argument);
  }
}

TEST_CASE("a directory, FIFO, socket, symlink or device in place of a segment is named as what it is") {
  ShmDir dir;
  std::filesystem::create_directory(dir.file("directory"));
  REQUIRE(mkfifo(dir.file("fifo").c_str(), 0600) == 0);
  const int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{AF_UNIX, {}};
  dir.file("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(bind(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  close(socket_fd);
  Queue::create("q", Geometry::make(Layout::slq1, 8, 4), {.shm_dir = dir.path()});
  std::filesystem::create_symlink("q", dir.file("symlink"));
  check_refused(dir, "directory", Errc::corrupt, "a directory");
  check_refused(dir, "fifo", Errc::corrupt, "a FIFO");
  check_refused(dir, "socket", Errc::corrupt, "a socket");
  check_refused(dir, "symlink", Errc::corrupt, "a symbolic link");
  if (geteuid() == 0) {
    REQUIRE(mknod(dir.file("device").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0);
    check_refused(dir, "device", Errc::corrupt, "a character device");
  }
}

TEST_CASE("an eight-byte segment is told to be a cursor, with the command that shows it") {
  ShmDir dir;
  Image::save_bytes(dir.file("q@strategy"), zeros(8));
  check_refused(dir, "q@strategy", Errc::corrupt, "a cursor");
  CHECK(refusal(dir, "q@strategy").remedy() == "show it: slickq cursor show q@strategy");
}

TEST_CASE("empty, short, garbage, truncated and half-made files are refused with the reason") {
  ShmDir dir;
  const Geometry geometry = Geometry::make(Layout::slq1, 8, 32);
  Image::save_bytes(dir.file("empty"), {});
  Image::save_bytes(dir.file("short"), zeros(20));
  Image::save_bytes(dir.file("garbage"), std::vector<std::byte>(4096, std::byte{0x5a}));
  Image::save_bytes(dir.file("zeros"), zeros(4096));
  Image truncated(geometry);
  truncated.bytes().resize(300);
  truncated.save(dir.file("truncated"));
  Image half(geometry);
  half.put(48, std::uint32_t{2}).save(dir.file("half"));
  Image unknown(geometry);
  unknown.put(24, std::uint32_t{0x534C5135}).save(dir.file("unknown"));

  check_refused(dir, "empty", Errc::corrupt, "empty");
  check_refused(dir, "short", Errc::corrupt, "too short: 20 bytes");
  check_refused(dir, "garbage", Errc::corrupt, "not a queue");
  check_refused(dir, "zeros", Errc::corrupt, "all zero");
  check_refused(dir, "truncated", Errc::corrupt, "needs 448 bytes, the file has 300");
  check_refused(dir, "half", Errc::corrupt, "initialisation not finished");
  check_refused(dir, "half", Errc::corrupt, "s ago)");
  check_refused(dir, "unknown", Errc::corrupt, "0x534c5135");
}

TEST_CASE("a golden file cut at any length is refused, never read beyond its end") {
  ShmDir dir;
  for (const char* path : {"/cpp-1.4.0/three.bin", "/header-2.x/slq3-bytes.bin"}) {
    const auto whole = test_support::read_bytes(std::string(SLICKQ_GOLDEN_DIR) + path);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      CAPTURE(length);
      Image::save_bytes(dir.file("cut"), {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)});
      CHECK(refusal(dir, "cut").code() == Errc::corrupt);
    }
  }
}

TEST_CASE("a segment that is truncated while it is open gives an error with need and offset, not SIGBUS") {
  ShmDir dir;
  Image(Geometry::make(Layout::slq1, 8, 32)).save(dir.file("q"));
  const View view = View::open_segment("q", dir.path());
  REQUIRE(truncate(dir.file("q").c_str(), 100) == 0);
  CHECK(view.reserved_index() == 0);
  std::vector<Slot> slots(8);
  CHECK_THROWS_WITH_AS(view.read_slots(0, slots),
                       "q: truncated while reading: need 128 bytes at offset 64, only 36 are there", Error);
  std::vector<std::byte> element(32);
  CHECK_THROWS_WITH_AS(view.read_elements(1, 1, element),
                       "q: truncated while reading: need 32 bytes at offset 224, only 0 are there", Error);
  REQUIRE(truncate(dir.file("q").c_str(), 10) == 0);
  CHECK_THROWS_AS(view.reserved_index(), Error);
}

TEST_CASE("elements past the end of the ring or into a small buffer are not read") {
  ShmDir dir;
  const View view = Image(Geometry::make(Layout::slq1, 8, 4)).view(dir.file("q"));
  std::vector<std::byte> buffer(16);
  CHECK_NOTHROW(view.read_elements(4, 4, buffer));
  CHECK_THROWS_AS(view.read_elements(5, 4, buffer), Error);
  CHECK_THROWS_AS(view.read_elements(0, 5, buffer), Error);
}

TEST_CASE("a view notices that its name leads elsewhere") {
  ShmDir dir;
  const Geometry geometry = Geometry::make(Layout::slq0, 4, 8);
  Queue::create("q", geometry, {.shm_dir = dir.path()});
  View view = View::open_segment("q", dir.path());
  CHECK_FALSE(view.is_detached());
  std::filesystem::remove(dir.file("q"));
  CHECK(view.is_detached());
  CHECK(view.facts().links == 0);
  Queue::create("q", geometry, {.shm_dir = dir.path()});
  CHECK(view.is_detached());
  view = View::open_segment("q", dir.path());
  CHECK_FALSE(view.is_detached());
}
