// Leases and the signals that come with them.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "linux/lease.hpp"
#include "segment_life.hpp"
#include "slickq/catalog.hpp"
#include "slickq/lease_patience.hpp"
#include "slickq/removal.hpp"
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

TEST_CASE("a hundred leased files are waited for as long as one, and not at all to clear up") {
  ShmDir dir;
  signal(SIGIO, SIG_IGN);
  std::vector<slickq::Fd> leased;
  for (int k = 0; k < 5; ++k) {
    for (const std::string prefix : {"q-", ".slickq-gone-"}) {
      leased.emplace_back(open(dir.file(prefix + std::to_string(k)).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
      REQUIRE(fcntl(leased.back().get(), F_SETLEASE, F_WRLCK) == 0);
    }
  }
  const slickq::LeasePatience counted(1'000'000);
  CHECK(slickq::adopt_quarantined(dir.path()).empty());
  CHECK(counted.spent() == 0);
  const auto entries = slickq::list_segments({.shm_dir = dir.path(), .everything = true});
  CHECK(counted.spent() == slickq::LeasePatience::kOneFile);
  for (const slickq::Entry& entry : entries) {
    if (entry.name.starts_with("q-")) CHECK(entry.error == EWOULDBLOCK);
  }
  signal(SIGIO, SIG_DFL);
}
