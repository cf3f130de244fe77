// Nobody sleeps on while an item is there: the wake-up protocol of wait.hpp under the seeded scheduler, with a futex
// made of a list, on a machine that keeps plain stores back as x86 does. One producer dies at each of its steps in
// turn; what another publishes wakes all the same. Mistakes put in on purpose must leave somebody asleep.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "slickq/wait.hpp"
#include "support/seed.hpp"
#include "support/store_buffer.hpp"

using test_support::BufferedMemory;
using test_support::ScheduledMemory;
using test_support::Scheduler;
using test_support::StoreBuffers;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kSeeds = 50;
#else
constexpr std::uint64_t kSeeds = 500;
#endif
constexpr std::uint64_t kLastDeath = 24;  // steps: beyond the last of a producer
constexpr std::uint64_t kItems = 3;
constexpr std::uint64_t kMostSteps = 100'000;

/// How a producer publishes, and what it does so that sleepers are not overlooked.
enum class Publish : std::uint8_t {
  locked,           ///< by a locked instruction
  plain,            ///< by a plain store; it expects barriers
  fenced,           ///< the same, and the kernel refused to promise them: a fence behind each store
  plain_unexpected  ///< the mistake: it never said that it expects barriers
};

/// What happened in a run; one at a time.
struct Events {
  std::uint64_t sleeps = 0;
  std::uint64_t dozes = 0;
  std::uint64_t wakes = 0;
  std::uint64_t woken = 0;
  std::uint64_t raises = 0;
  std::uint64_t barriers = 0;
  std::uint64_t unguarded = 0;  ///< sleeps behind a flag that was raised without a barrier since
  bool barriers_work = true;
  std::array<bool, Scheduler::kMostTasks> expects{};
  std::array<bool, Scheduler::kMostTasks> has_raised{};

  static Events& now() {
    static Events events;
    return events;
  }
};

std::uint32_t current_task() { return Scheduler::active()->running(); }

/// With a note of each flag that is raised: nothing else that is exchanged becomes anything but 0.
struct NotedMemory : BufferedMemory {
  static bool compare_exchange(std::uint32_t* at, std::uint32_t& expected, std::uint32_t desired,
                               std::memory_order success, std::memory_order failure) noexcept {
    const bool done = BufferedMemory::compare_exchange(at, expected, desired, success, failure);
    if (done && desired != 0) {
      ++Events::now().raises;
      Events::now().has_raised[current_task()] = true;
    }
    return done;
  }
};

// Sleeps without an end: only a wake-up, or a word that moved, goes on. But each third sleep ends for no reason.
struct ListFutex {
  static void wait(std::uint32_t* word, std::uint32_t seen, std::chrono::nanoseconds) noexcept {
    ScheduledMemory::step();
    Events& events = Events::now();
    if (events.has_raised[current_task()]) ++events.unguarded;
    if (*word != seen || ++events.sleeps % 3 == 0) return;
    for (const std::uint64_t asleep_since = events.wakes; events.wakes == asleep_since;) {
      StoreBuffers::active()->time_passes();
      Scheduler::active()->pause(1);
    }
    ++events.woken;
  }
  static void wake_all(std::uint32_t*) noexcept {
    ScheduledMemory::step();
    ++Events::now().wakes;
  }
  static bool barrier() noexcept {
    ScheduledMemory::step();
    Events& events = Events::now();
    ++events.barriers;
    events.has_raised[current_task()] = false;
    for (std::uint32_t task = 0; task < Scheduler::kMostTasks && events.barriers_work; ++task) {
      if (events.expects[task]) StoreBuffers::active()->drain(task);
    }
    return true;
  }
};

struct Scene {
  slickq::Annex annex{};
  std::array<std::uint64_t, 2> published{};  // by producer

  void produce(std::size_t number, Publish how) {
    Events::now().expects[current_task()] = how == Publish::plain;
    for (std::uint64_t k = 1; k <= kItems; ++k) {
      if (how == Publish::locked) {
        NotedMemory::fetch_add(&published[number], std::uint64_t{1}, std::memory_order_seq_cst);
      } else {
        NotedMemory::store(&published[number], k, std::memory_order_release);
      }
      if (how == Publish::fenced) NotedMemory::fence(std::memory_order_seq_cst);
      slickq::wake_sleepers<NotedMemory, ListFutex>(&annex);
    }
  }
  // One item of the second producer after the other; those of the first wake, too, and are nothing to go on with.
  void consume() {
    std::uint32_t firm = 0;
    for (std::uint64_t k = 1; k <= kItems; ++k) {
      auto ready = [&] { return NotedMemory::load(&published[1], std::memory_order_acquire) >= k; };
      for (; !ready(); ++Events::now().dozes)
        slickq::detail::doze<NotedMemory, ListFutex>(annex, std::chrono::hours(1), ready, firm);
    }
  }
};

/// Three sleepers, and two producers of which the first dies. False: somebody sleeps for ever.
bool wakes_everybody(std::uint64_t seed, Publish dying, std::uint64_t dies_at, Publish living) {
  static Scheduler scheduler;
  Events::now().expects.fill(false);
  Events::now().has_raised.fill(false);
  StoreBuffers buffers(seed);
  Scene scene;
  scheduler.begin(seed);
  scheduler.on_death([&](std::uint32_t victim) { buffers.drain(victim); });  // off its core
  scheduler.spawn([&] { scene.produce(0, dying); }, dies_at);
  scheduler.spawn([&] { scene.produce(1, living); });
  for (int sleeper = 0; sleeper < 3; ++sleeper) scheduler.spawn([&] { scene.consume(); });
  return scheduler.run(kMostSteps);
}

std::uint64_t runs_until_one_sleeps_on(Publish how) {
  for (std::uint64_t k = 0; k < kSeeds; ++k) {
    if (!wakes_everybody(test_support::seed() + k, how, kLastDeath, how)) return k + 1;
  }
  return 0;
}

}  // namespace

TEST_CASE("a producer that stops or dies anywhere in its wake-up does not keep others' items from the sleepers") {
  constexpr std::array kKinds{Publish::locked, Publish::plain, Publish::fenced};
  Events::now() = {};
  for (std::uint64_t dies_at = 1; dies_at <= kLastDeath; ++dies_at) {
    for (std::uint64_t k = 0; k < kSeeds; ++k) {
      CAPTURE(dies_at);
      CAPTURE(k);
      REQUIRE(wakes_everybody(test_support::seed() + k, kKinds[k / 3 % 3], dies_at, kKinds[k % 3]));
    }
  }
  const Events& events = Events::now();
  CHECK(events.unguarded == 0);
  CHECK(events.barriers >= events.raises);
  CHECK(events.woken > kSeeds);           // runs in which nobody slept would prove nothing
  CHECK(events.barriers < events.dozes);  // and if none left its barrier out, nothing shows that it may
}

// Elsewhere producers have a fence of their own (wait.hpp), and nobody depends on barriers.
#if defined(__x86_64__)
TEST_CASE("without the sleeper's barrier, or a producer that expects it, somebody sleeps on beside an item") {
  Events::now() = {};
  CHECK(runs_until_one_sleeps_on(Publish::plain) == 0);
  Events::now() = {};
  const std::uint64_t unexpected = runs_until_one_sleeps_on(Publish::plain_unexpected);
  CHECK(unexpected != 0);
  Events::now() = {};
  Events::now().barriers_work = false;
  const std::uint64_t without = runs_until_one_sleeps_on(Publish::plain);
  CHECK(without != 0);
  // Who fences by itself needs none.
  CHECK(runs_until_one_sleeps_on(Publish::fenced) == 0);
  CHECK(runs_until_one_sleeps_on(Publish::locked) == 0);
  MESSAGE("found in run " << unexpected << " (a producer that does not expect it) and " << without << " (none)");
}
#endif
