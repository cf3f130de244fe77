// Nobody sleeps on while an item is there: the wake-up protocol of wait.hpp under the seeded scheduler, with a futex
// made of a list. One producer dies at each of its steps in turn; what another publishes wakes all the same.
#include <doctest/doctest.h>

#include <array>

#include "slickq/wait.hpp"
#include "support/scheduled_memory.hpp"
#include "support/seed.hpp"

using test_support::ScheduledMemory;
using test_support::Scheduler;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kSeeds = 50;
#else
constexpr std::uint64_t kSeeds = 500;
#endif
constexpr std::uint64_t kLastDeath = 24;  // steps: beyond the last of a producer
constexpr std::uint64_t kItems = 3;

// Sleeps without an end: only a wake-up, or a word that moved, goes on. But each third sleep ends for no reason.
struct ListFutex {
  static void wait(std::uint32_t* word, std::uint32_t seen, std::chrono::nanoseconds) noexcept {
    ScheduledMemory::step();
    if (*word != seen || ++sleeps % 3 == 0) return;
    const std::uint64_t asleep_since = wakes;
    while (wakes == asleep_since) Scheduler::active()->pause(1);
    ++woken;
  }
  static void wake_all(std::uint32_t*) noexcept {
    ScheduledMemory::step();
    ++wakes;
  }
  static bool barrier() noexcept {
    ++barriers;
    return true;
  }
  static inline std::uint64_t sleeps = 0;
  static inline std::uint64_t barriers = 0;
  static inline std::uint64_t dozes = 0;
  static inline std::uint64_t wakes = 0;
  static inline std::uint64_t woken = 0;
};

struct Scene {
  slickq::Annex annex{};
  std::array<std::uint64_t, 2> published{};  // by producer

  void produce(std::size_t number) {
    for (std::uint64_t k = 0; k < kItems; ++k) {
      ScheduledMemory::fetch_add(&published[number], std::uint64_t{1}, std::memory_order_seq_cst);
      slickq::wake_sleepers<ScheduledMemory, ListFutex>(&annex);
    }
  }
  // One item of the second producer after the other; those of the first wake, too, and are nothing to go on with.
  void consume() {
    std::uint32_t firm = 0;
    for (std::uint64_t k = 1; k <= kItems; ++k) {
      auto ready = [&] { return ScheduledMemory::load(&published[1], std::memory_order_acquire) >= k; };
      for (; !ready(); ++ListFutex::dozes)
        slickq::detail::doze<ScheduledMemory, ListFutex>(annex, std::chrono::hours(1), ready, firm);
    }
  }
};

}  // namespace

TEST_CASE("a producer that stops or dies anywhere in its wake-up does not keep others' items from the sleepers") {
  static Scheduler scheduler;
  ListFutex::woken = ListFutex::sleeps = ListFutex::barriers = ListFutex::dozes = 0;
  for (std::uint64_t dies_at = 1; dies_at <= kLastDeath; ++dies_at) {
    for (std::uint64_t k = 0; k < kSeeds; ++k) {
      Scene scene;
      scheduler.begin(test_support::seed() + k);
      scheduler.spawn([&] { scene.produce(0); }, dies_at);
      scheduler.spawn([&] { scene.produce(1); });
      for (int sleeper = 0; sleeper < 3; ++sleeper) scheduler.spawn([&] { scene.consume(); });
      CAPTURE(dies_at);
      CAPTURE(k);
      REQUIRE(scheduler.run(100'000));
    }
  }
  CHECK(ListFutex::woken > kSeeds);               // runs in which nobody slept would prove nothing
  CHECK(ListFutex::barriers < ListFutex::dozes);  // and if none left its barrier out, nothing shows that it may
}
