// Leases and the signals that come with them.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "child_process.hpp"
#include "linux/lease.hpp"
#include "segment_life.hpp"
#include "support/shm_dir.hpp"

using test_support::Child;
using test_support::ChildSide;
using test_support::make_queue;
using test_support::ShmDir;

namespace {

volatile sig_atomic_t signals_seen = 0;
void count_signal(int) { signals_seen = signals_seen + 1; }
}  // namespace

TEST_CASE("a process that opens the file while a lease is held neither kills nor signals the asker") {
  ShmDir dir;
  make_queue(dir);
  const std::string path = dir.file("q");
  Child opener([&](ChildSide& side) {
    side.report();
    for (;;) {
      const int fd = open(path.c_str(), O_RDWR);
      if (fd < 0) return 1;
      close(fd);
    }
  });
  REQUIRE(opener.reported());
  // The asker: once with default actions, by which SIGIO kills, once with handlers that count.
  for (const bool with_handlers : {false, true}) {
    Child asker([&](ChildSide&) {
      for (const int number : {SIGIO, SIGURG}) signal(number, with_handlers ? count_signal : SIG_DFL);
      int granted = 0;
      for (int tries = 0; granted < 300 && tries < 2000000; ++tries) {
        const slickq::Fd fd = slickq::open_probe(path);
        const slickq::Lease lease(fd.get());
        if (lease.answer() != slickq::LeaseAnswer::granted) continue;
        ++granted;
        usleep(200);  // somebody comes
      }
      sigset_t pending;
      sigpending(&pending);
      if (sigismember(&pending, SIGIO) || sigismember(&pending, SIGURG)) return 3;
      sigset_t mask;
      pthread_sigmask(SIG_BLOCK, nullptr, &mask);
      if (sigismember(&mask, SIGIO) || sigismember(&mask, SIGURG)) return 4;
      if (granted < 300) return 5;
      return signals_seen == 0 ? 0 : 6;
    });
    CHECK(asker.join() == 0);
  }
}

TEST_CASE("a signal of the program's own that came meanwhile is still pending afterwards") {
  ShmDir dir;
  make_queue(dir);
  sigset_t urgent, before, pending;
  sigemptyset(&urgent);
  sigaddset(&urgent, SIGURG);
  pthread_sigmask(SIG_BLOCK, &urgent, &before);
  {
    const slickq::Fd fd = slickq::open_probe(dir.file("q"));
    const slickq::Lease lease(fd.get());
    REQUIRE(lease.answer() == slickq::LeaseAnswer::granted);
    raise(SIGURG);
  }
  sigpending(&pending);
  CHECK(sigismember(&pending, SIGURG) == 1);
  siginfo_t info{};
  const timespec now{};
  CHECK(sigtimedwait(&urgent, &info, &now) == SIGURG);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}
