#include "interrupt.hpp"

#include <signal.h>
#include <time.h>

#include <algorithm>

namespace slickq::cli {
namespace {

volatile sig_atomic_t raised = 0;

void on_signal(int) { raised = 1; }

}  // namespace

void catch_interrupts(std::initializer_list<int> more) {
  struct sigaction action {};
  action.sa_handler = on_signal;  // without SA_RESTART: a blocked read() must return
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  for (const int signal : more) sigaction(signal, &action, nullptr);
}

bool interrupted() noexcept { return raised != 0; }

void pause_for(std::chrono::nanoseconds time) noexcept {
  // In slices: a signal that comes between the check and the sleep is then noticed at the next slice.
  constexpr std::chrono::nanoseconds kSlice = std::chrono::milliseconds(100);
  while (time.count() > 0 && !interrupted()) {
    const timespec length{0, std::min(time, kSlice).count()};
    nanosleep(&length, nullptr);
    time -= kSlice;
  }
}

void Backoff::wait() noexcept {
  pause_for(next_);
  next_ = std::min(next_ * 2, longest_);
}

}  // namespace slickq::cli
