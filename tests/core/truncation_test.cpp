// Segments that somebody makes shorter while they are mapped: in children, for the signal is the whole process's.
#include "slickq/truncation.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "slickq/slickq.hpp"
#include "support/shm_dir.hpp"

using namespace slickq;
using test_support::ShmDir;

namespace {

/// The exit code of `work`'s result, or minus the signal that ended it.
template <class Work>
int in_child(Work work) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    signal(SIGBUS, SIG_DFL);  // a sanitizer's handler would report it at length
    _exit(work());
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

Queue made(const ShmDir& dir, std::uint64_t capacity = 1024) {
  return Queue::create("q", Geometry::make(Layout::slq1, capacity, 64), {.shm_dir = dir.path()});
}

std::string complaint_of(const TruncationCheck& check) {
  try {
    check.require_whole("q");
    return {};
  } catch (const Error& error) {
    return error.code() == Errc::corrupt ? error.what() : "another error";
  }
}

}  // namespace

TEST_CASE("a truncated segment ends who has it mapped, and not who survives truncation") {
  for (const bool survives : {false, true}) {
    CAPTURE(survives);
    const ShmDir dir;
    const int ended = in_child([&] {
      if (survives) survive_truncation();
      Queue queue = made(dir);
      const TruncationCheck check;
      Producer producer(queue);
      Consumer consumer(queue);
      const std::vector<std::byte> message(64);
      std::vector<std::byte> room(64);
      if (producer.push(message) != Push::pushed || !complaint_of(check).empty()) return 1;
      if (truncate(dir.file("q").c_str(), 0) != 0) return 2;
      static_cast<void>(producer.push(message));
      for (int k = 0; k < 3; ++k) static_cast<void>(consumer.pop_into(room));
      return complaint_of(check).find("made it shorter") == std::string::npos ? 3 : 0;
    });
    CHECK(ended == (survives ? 0 : -SIGBUS));
  }
}

TEST_CASE("each page is replaced once; a check that begins afterwards speaks of what comes then") {
  const ShmDir dir;
  CHECK(in_child([&] {
          survive_truncation();
          const Queue queue = made(dir);
          if (truncate(dir.file("q").c_str(), 4096) != 0) return 1;
          const auto* const bytes = reinterpret_cast<const volatile char*>(queue.ring().element(100));
          if (bytes[0] != 0 || bytes[1] != 0 || replaced_pages() != 1) return 2;
          const TruncationCheck later;
          if (bytes[2] != 0 || later.failed()) return 3;
          return queue.ring().reserved_index() == 0 && replaced_pages() == 1 ? 0 : 4;  // in the page that is there
        }) == 0);
}

TEST_CASE("what is no mapped segment ends the process as ever: another mapping, and one that is gone") {
  const ShmDir dir;
  const auto touch_beyond_the_end = [&] {
    const int fd = open(dir.file("f").c_str(), O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, 4096) != 0) return 1;
    void* const at = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED || ftruncate(fd, 0) != 0) return 2;
    *static_cast<volatile char*>(at) = 1;
    return 0;
  };
  CHECK(in_child([&] {
          survive_truncation();
          const Queue queue = made(dir);
          return touch_beyond_the_end();
        }) == -SIGBUS);
  CHECK(in_child([&] {
          survive_truncation();
          // Where segments were mapped before, other things are now.
          for (int k = 0; k < 3; ++k) {
            const Queue queue = Queue::open("q", dir.path());
          }
          return touch_beyond_the_end();
        }) == -SIGBUS);
}

TEST_CASE("beyond the mappings that are watched nothing is promised, and places that are free again are used") {
  const ShmDir dir;
  CHECK(in_child([&] {
          survive_truncation();
          static_cast<void>(made(dir, 2));
          for (std::size_t k = 0; k < 2 * kWatchedMappings; ++k) static_cast<void>(Queue::open("q", dir.path()));
          Queue queue = Queue::open("q", dir.path());
          if (truncate(dir.file("q").c_str(), 0) != 0) return 1;
          const TruncationCheck check;
          static_cast<void>(queue.ring().reserved_index());
          return check.failed() ? 0 : 2;
        }) == 0);
}

TEST_CASE("a SIGBUS that somebody sends ends the process, as it does where nothing is survived") {
  CHECK(in_child([] {
          survive_truncation();
          raise(SIGBUS);
          return 0;
        }) == -SIGBUS);
  CHECK(in_child([] {
          survive_truncation();
          kill(getpid(), SIGBUS);
          return 0;
        }) == -SIGBUS);
}
