#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "slickq/consumer.hpp"
#include "slickq/error.hpp"
#include "slickq/producer.hpp"
#include "slickq/queue.hpp"
#include "slickq/recognise.hpp"
#include "support/shm_dir.hpp"

using slickq::Access;
using slickq::Errc;
using slickq::Geometry;
using slickq::Layout;
using slickq::Queue;
using test_support::ShmDir;

namespace {

slickq::CreateOptions in(const ShmDir& dir) {
  slickq::CreateOptions options;
  options.shm_dir = dir.path();
  return options;
}

slickq::Error refused(const std::function<void()>& attempt) {
  try {
    attempt();
  } catch (const slickq::Error& error) {
    return error;
  }
  FAIL("was not refused");
  throw;
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::string header_text(const Geometry& geometry) {
  const auto header = slickq::fresh_header(geometry);
  return {reinterpret_cast<const char*>(header.data()), header.size()};
}

}  // namespace

TEST_CASE("every layout can be created, opened and used by two objects") {
  ShmDir dir;
  for (const Layout layout : {Layout::wide, Layout::packed, Layout::slq0, Layout::slq1, Layout::slq2, Layout::slq3}) {
    CAPTURE(slickq::to_string(layout));
    const std::uint64_t items = slickq::has_shared_slots(layout) ? 4 : 1;
    const Geometry geometry = Geometry::make(layout, 16, 24, items);
    const std::string name(slickq::to_string(layout));
    Queue made = Queue::create(name, geometry, in(dir));
    Queue opened = Queue::open("/" + name, dir.path());
    CHECK(made.is_creator());
    CHECK_FALSE(opened.is_creator());
    CHECK(opened.geometry() == geometry);
    CHECK(std::filesystem::file_size(dir.file(name)) == slickq::bytes_with_annex(geometry));
    slickq::Producer producer(made);
    slickq::Consumer consumer(opened);
    const std::uint64_t value = 77;
    CHECK(producer.push(std::as_bytes(std::span(&value, 1))) == slickq::Push::pushed);
    std::array<std::byte, 24> buffer;
    CHECK(consumer.pop_into(buffer).what == slickq::Pop::item);
    CHECK(std::memcmp(buffer.data(), &value, 8) == 0);
  }
}

TEST_CASE("open_or_create gives the same queue to whoever comes second, and refuses another geometry with both") {
  ShmDir dir;
  const Geometry geometry = Geometry::make(Layout::slq1, 16, 24);
  Queue first = Queue::open_or_create("q", geometry, in(dir));
  Queue second = Queue::open_or_create("q", geometry, in(dir));
  CHECK(first.is_creator());
  CHECK_FALSE(second.is_creator());
  const auto error = refused([&] { (void)Queue::open_or_create("q", Geometry::make(Layout::slq1, 32, 24), in(dir)); });
  CHECK(error.code() == Errc::mismatch);
  CHECK(error.cause().find("16 elements of 24 bytes") != std::string::npos);
  CHECK(error.cause().find("32 elements of 24 bytes") != std::string::npos);
}

TEST_CASE("a queue survives a move") {
  ShmDir dir;
  Queue a = Queue::create("q", Geometry::make(Layout::slq1, 4, 8), in(dir));
  Queue b = std::move(a);
  CHECK(b.ring().reserve(1) == 0);
  CHECK(b.geometry().capacity() == 4);
  Queue c = Queue::local(Geometry::make(Layout::slq1, 8, 8));
  c = std::move(b);
  CHECK(c.ring().reserve(1) == 1);
  CHECK(c.name() == "q");
}

TEST_CASE("files that are no queues, or not yet or no more, are refused with what they are") {
  ShmDir dir;
  const Geometry geometry = Geometry::make(Layout::slq1, 8, 32);
  std::string sound = header_text(geometry);
  sound.resize(geometry.segment_bytes());
  std::string initialising = sound;
  initialising[48] = 2;
  std::string unknown_feature = sound;
  unknown_feature[24] = 0x35;  // feature bit 2
  std::string odd_capacity = sound;
  odd_capacity[8] = 7;
  std::string contradiction = sound;
  contradiction[28] = 4;
  struct Case {
    const char* what;
    std::string bytes;
    const char* says;
  };
  const Case cases[] = {
      {"empty", "", "empty"},
      {"short", "SLQ", "too short"},
      {"a cursor", std::string(8, '\0'), "cursor"},
      {"zeros", std::string(4096, '\0'), "all zero"},
      {"text", std::string(4096, 'x'), "not a queue"},
      {"truncated", sound.substr(0, 200), "truncated: slq1, 8 elements of 32 bytes needs 448 bytes, the file has 200"},
      {"initialising", initialising, "init state 2"},
      {"unknown feature", unknown_feature, "feature bits"},
      {"capacity 7", odd_capacity, "size 7"},
      {"contradiction", contradiction, "contradicts items per slot 4"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    write_file(dir.file("q"), c.bytes);
    const auto error = refused([&] { (void)Queue::open("q", dir.path()); });
    CHECK(error.code() == Errc::corrupt);
    CHECK(error.cause().find(c.says) != std::string::npos);
    const auto second = refused([&] { (void)Queue::open_or_create("q", geometry, in(dir)); });
    CHECK(second.code() == Errc::corrupt);
    std::ifstream after(dir.file("q"), std::ios::binary);
    CHECK(std::string(std::istreambuf_iterator<char>(after), {}) == c.bytes);
  }
}

TEST_CASE("a segment an original is still making is waited for") {
  ShmDir dir;
  const Geometry geometry = Geometry::make(Layout::slq1, 8, 32);
  std::string bytes = header_text(geometry);
  bytes.resize(geometry.segment_bytes(), '\xff');
  bytes[48] = 2;
  write_file(dir.file("q"), bytes);
  std::thread creator([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::fstream file(dir.file("q"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(48);
    file.put(3);
  });
  Queue q = Queue::open("q", dir.path(), Access::read_write, std::chrono::seconds(60));
  creator.join();
  CHECK(q.geometry() == geometry);
}

TEST_CASE("who may only read gets a read-only queue, and a producer on it is refused") {
  ShmDir dir;
  const Geometry geometry = Geometry::make(Layout::slq1, 8, 8);
  slickq::CreateOptions options = in(dir);
  options.mode = 0644;
  Queue made = Queue::create("q", geometry, options);
  made.ring().publish(made.ring().reserve(1), 1);
  REQUIRE(chmod(dir.path().c_str(), 0755) == 0);
  const pid_t child = fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (setgid(kNobody) != 0 || setuid(kNobody) != 0) _exit(10);
    try {
      (void)Queue::open("q", dir.path(), Access::read_write);
      _exit(11);
    } catch (const slickq::Error& error) {
      if (error.code() != Errc::permission) _exit(12);
    }
    Queue q = Queue::open("q", dir.path(), Access::prefer_write);
    if (q.writable()) _exit(13);
    slickq::Consumer consumer(q);
    std::array<std::byte, 8> buffer;
    if (consumer.pop_into(buffer).what != slickq::Pop::item) _exit(14);
    try {
      slickq::Producer producer(q);
      _exit(15);
    } catch (const slickq::Error& error) {
      _exit(error.code() == Errc::permission ? 0 : 16);
    }
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a reset is refused, naming them, while another process holds the queue, unless it is forced") {
  ShmDir dir;
  Queue q = Queue::create("q", Geometry::make(Layout::slq1, 8, 8), in(dir));
  q.ring().publish(q.ring().reserve(1), 1);
  int ready[2];
  int finish[2];
  REQUIRE(pipe(ready) == 0);
  REQUIRE(pipe(finish) == 0);
  const pid_t child = fork();
  if (child == 0) {
    Queue theirs = Queue::open("q", dir.path());
    char byte = 'r';
    if (write(ready[1], &byte, 1) != 1 || read(finish[0], &byte, 1) != 1) _exit(1);
    _exit(0);
  }
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  const auto error = refused([&] { q.reset(); });
  CHECK(error.code() == Errc::busy);
  CHECK(error.cause().find(std::to_string(child)) != std::string::npos);
  CHECK(q.ring().reserved_index() == 1);
  q.reset(true);
  CHECK(q.ring().reserved_index() == 0);
  REQUIRE(write(finish[1], &byte, 1) == 1);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  q.ring().publish(q.ring().reserve(1), 1);
  q.reset();
  CHECK(q.ring().reserved_index() == 0);
  for (const int fd : {ready[0], ready[1], finish[0], finish[1]}) close(fd);
}
