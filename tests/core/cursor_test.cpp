#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "slickq/cursor.hpp"
#include "slickq/error.hpp"
#include "support/shm_dir.hpp"

using slickq::AtomicCursor;
using slickq::NamedCursor;

TEST_CASE("a cursor is 8 bytes anywhere: load, store, compare-exchange") {
  alignas(8) std::uint64_t memory = 5;
  AtomicCursor cursor(&memory);
  CHECK(cursor.load() == 5);
  cursor.store(9);
  CHECK(memory == 9);
  std::uint64_t expected = 8;
  CHECK_FALSE(cursor.compare_exchange_weak(expected, 10));
  CHECK(expected == 9);
  while (!cursor.compare_exchange_weak(expected, 10)) {
  }
  CHECK(memory == 10);
}

TEST_CASE("threads that claim by compare-exchange never claim the same") {
  alignas(8) std::uint64_t memory = 0;
  constexpr int kThreads = 4;
  constexpr std::uint64_t kEach = 20000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&memory] {
      AtomicCursor cursor(&memory);
      for (std::uint64_t k = 0; k < kEach; ++k) {
        std::uint64_t seen = cursor.load();
        while (!cursor.compare_exchange_weak(seen, seen + 1)) {
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(memory == kThreads * kEach);
}

TEST_CASE("a named cursor is a segment of 8 bytes that processes share") {
  test_support::ShmDir dir;
  slickq::CreateOptions options;
  options.shm_dir = dir.path();
  NamedCursor mine = NamedCursor::create("q@c", 41, options);
  CHECK(std::filesystem::file_size(dir.file("q@c")) == 8);
  const pid_t child = fork();
  if (child == 0) {
    NamedCursor theirs = NamedCursor::open("q@c", dir.path());
    theirs.cursor().store(theirs.cursor().load() + 1);
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(mine.cursor().load() == 42);
}

TEST_CASE("open_or_create keeps the value of the one that exists") {
  test_support::ShmDir dir;
  slickq::CreateOptions options;
  options.shm_dir = dir.path();
  NamedCursor first = NamedCursor::open_or_create("q@c", 7, options);
  NamedCursor second = NamedCursor::open_or_create("q@c", 100, options);
  CHECK(second.cursor().load() == 7);
  CHECK_THROWS_AS(NamedCursor::create("q@c", 1, options), slickq::Error);
}

TEST_CASE("a segment of another length is no cursor") {
  test_support::ShmDir dir;
  for (const std::size_t bytes : {0u, 7u, 9u, 64u}) {
    std::ofstream(dir.file("q@c"), std::ios::binary | std::ios::trunc) << std::string(bytes, '\0');
    CHECK_THROWS_AS(NamedCursor::open("q@c", dir.path()), slickq::Error);
  }
}
