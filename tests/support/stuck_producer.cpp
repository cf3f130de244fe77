// A producer that reserves and then never publishes: what a kill or a stop in the middle of its work leaves.
//
//   stuck_producer QUEUE COUNT              with a journal line
//   stuck_producer QUEUE COUNT unregistered as the originals work, with none
//   stuck_producer QUEUE COUNT slow         the same, but it publishes after 2 ms, and again and again until SIGUSR1;
//                                           then it says "longest MS": how long one was in work
//
// Says "reserved INDEX" and waits to be ended; on SIGUSR1 it publishes after all, says "published" or "late", and ends
// with 0. SLICKQ_SHM_DIR says where. Ends by itself after five minutes.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "slickq/slickq.hpp"

namespace {

volatile std::sig_atomic_t go_on = 0;

void wait_for_permission() {
  sigset_t usr1;
  sigset_t before;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, &before);
  while (go_on == 0) sigsuspend(&before);
}

int stuck(slickq::Queue& queue, std::uint32_t count) {
  slickq::Producer producer(queue);
  slickq::Reservation reservation = producer.reserve(count);
  if (!reservation) return 1;
  std::printf("reserved %llu\n", static_cast<unsigned long long>(reservation.index()));
  std::fflush(stdout);
  wait_for_permission();
  std::puts(reservation.publish() == slickq::Push::pushed ? "published" : "late");
  return 0;
}

int stuck_unregistered(slickq::Queue& queue, std::uint32_t count) {
  const std::uint64_t index = queue.ring().reserve(count);
  std::printf("reserved %llu\n", static_cast<unsigned long long>(index));
  std::fflush(stdout);
  wait_for_permission();
  queue.ring().publish(index, count);
  std::puts("published");
  return 0;
}

int slow(slickq::Queue& queue, std::uint32_t count) {
  using Clock = std::chrono::steady_clock;
  Clock::duration longest{0};
  bool told = false;
  while (go_on == 0) {
    const auto begun = Clock::now();
    const std::uint64_t index = queue.ring().reserve(count);
    if (!std::exchange(told, true)) {
      std::puts("reserved");
      std::fflush(stdout);
    }
    usleep(2000);
    queue.ring().publish(index, count);
    longest = std::max(longest, Clock::now() - begun);
  }
  std::printf("longest %lld\n",
              static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(longest).count()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3 || argc > 4) return 2;
  alarm(300);
  std::signal(SIGUSR1, [](int) { go_on = 1; });
  auto queue = slickq::Queue::open(argv[1]);
  const auto count = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
  if (argc == 3) return stuck(queue, count);
  return std::string_view(argv[3]) == "slow" ? slow(queue, count) : stuck_unregistered(queue, count);
} catch (const slickq::Error& error) {
  std::fprintf(stderr, "stuck_producer: %s\n", error.what());
  return 1;
}
