// What to do while there is nothing to do.
//
//   spin     burns the core; the shortest latency
//   yield    lets others run on it
//   backoff  spins, then yields, then sleeps longer and longer, up to max_sleep
//   block    sleeps until a producer wakes it (futex in the annex); for 1 ms at first, later for a sixteenth of what it
//            has waited, up to max_sleep, because originals, and producers without an annex, wake nobody
//
// How sleepers and producers find each other: `wake` is the word slept on, and counts wake-ups; `waiters` is 0 or the
// flag of the highest count with which anybody went to sleep.
//   sleeper:   1. read the count   2. raise the flag to that count's   3. look again   4. sleep unless the count moved
//   producer:  1. publish   2. the flag is down: done   3. count on   4. wake all
//              5. take down the flag seen in 2, and only that one
// Whoever sleeps with the count of that flag, or a lower one, was woken by 4, or finds in his 4 that it moved: nobody
// needs the flag any more. One who read the count later has raised it, and 5 leaves it up. As long as a producer has
// not done 4, because it is stopped or died, the flag is up for the others.
//
// Thread safety: a Wait is a value; any number of sleepers and producers on one annex.
// Crash: a sleeper that dies leaves the flag up; the next producer takes it down and wakes nobody. A producer that dies
// between publish and wake-up delays sleepers until the next publish, at most by max_sleep.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "slickq/annex.hpp"
#include "slickq/memory.hpp"

namespace slickq {

class Wait {
 public:
  enum class Kind : std::uint8_t { spin, yield, backoff, block };
  using Duration = std::chrono::nanoseconds;

  static constexpr Wait spin() noexcept { return {Kind::spin, 0, 0, Duration(0)}; }
  static constexpr Wait yield() noexcept { return {Kind::yield, 0, 0, Duration(0)}; }
  static constexpr Wait backoff(unsigned spins = 200, unsigned yields = 50,
                                Duration max_sleep = std::chrono::milliseconds(1)) noexcept {
    return {Kind::backoff, spins, yields, max_sleep};
  }
  static constexpr Wait block(Duration max_sleep = std::chrono::milliseconds(5), unsigned spins = 200) noexcept {
    return {Kind::block, spins, 0, max_sleep};
  }

  Kind kind() const noexcept { return kind_; }
  unsigned spins() const noexcept { return spins_; }
  unsigned yields() const noexcept { return yields_; }
  Duration max_sleep() const noexcept { return max_sleep_; }

 private:
  constexpr Wait(Kind kind, unsigned spins, unsigned yields, Duration max_sleep) noexcept
      : kind_(kind), spins_(spins), yields_(yields), max_sleep_(max_sleep) {}

  Kind kind_;
  unsigned spins_;
  unsigned yields_;
  Duration max_sleep_;
};

namespace detail {

/// Sleep until `*word` is not `seen`, somebody wakes it, or the time is over. May return for no reason.
void futex_wait(std::uint32_t* word, std::uint32_t seen, std::chrono::nanoseconds limit) noexcept;
void futex_wake_all(std::uint32_t* word) noexcept;

/// A full barrier in every running thread of every process that called expect_barriers(): what their stores did before
/// it is seen behind it, and their loads behind it see our stores. One system call and an interrupt for each. False:
/// the kernel cannot do it, or refuses.
bool barrier_everywhere() noexcept;
bool expect_barriers() noexcept;

struct KernelFutex {
  static void wait(std::uint32_t* word, std::uint32_t seen, std::chrono::nanoseconds limit) noexcept {
    futex_wait(word, seen, limit);
  }
  static void wake_all(std::uint32_t* word) noexcept { futex_wake_all(word); }
  static bool barrier() noexcept { return barrier_everywhere(); }
};

/// Sleep once, or not at all when `ready()`: returns its answer. Step numbers: see above. `firm`: the flag that stayed
/// up behind a barrier, 0 at first; kept from one sleep of a wait to the next. As long as it is up and the count is the
/// same nobody has overlooked it, and the barrier, which costs more than the sleep, need not be repeated.
template <class Memory = HardwareMemory, class Futex = KernelFutex, class Ready>
bool doze(Annex& annex, std::chrono::nanoseconds limit, Ready& ready, std::uint32_t& firm) noexcept {
  // acquire: pairs with the producer's count in wake_sleepers(): our flag comes behind what it took down before.
  const std::uint32_t seen = Memory::load(&annex.wake.value, std::memory_order_acquire);  // 1
  const std::uint32_t mine = seen << 1 | 1;
  std::uint32_t flag = Memory::load(&annex.waiters.value, std::memory_order_relaxed);
  // 2. Only upwards, modulo 2^32: the flag of a count that is over could be taken down while others sleep.
  while ((flag == 0 || static_cast<std::int32_t>(mine - flag) > 0) &&
         !Memory::compare_exchange(&annex.waiters.value, flag, mine, std::memory_order_relaxed,
                                   std::memory_order_relaxed)) {
  }
  if (flag != mine || firm != mine) {
    // seq_cst: pairs with the producer's barrier in wake_sleepers(), or is that barrier: who goes to sleep has the
    // time.
    Memory::fence(std::memory_order_seq_cst);
    firm = Futex::barrier() ? mine : 0;
  }
  // Who publishes by plain stores may then not see us: look again before long.
  constexpr std::chrono::nanoseconds kUnseen = std::chrono::milliseconds(5);
  if (firm == 0) limit = std::min(limit, kUnseen);
  if (ready()) return true;                     // 3
  Futex::wait(&annex.wake.value, seen, limit);  // 4
  return false;
}

}  // namespace detail

/// Producers call it behind a publish. One load when nobody sleeps.
template <class Memory = HardwareMemory, class Futex = detail::KernelFutex>
void wake_sleepers(Annex* annex) noexcept {
  if (annex == nullptr) return;
#if !defined(__x86_64__)
  // seq_cst: pairs with the fence in doze(): either we see the flag, or the sleeper sees what we published. On x86 the
  // publish was a locked instruction, which no later load passes, or the sleeper's barrier is one for us, too.
  Memory::fence(std::memory_order_seq_cst);
#else
  // For the compiler: the publish may have been a plain store, by a process that expects barriers.
  std::atomic_signal_fence(std::memory_order_seq_cst);
#endif
  std::uint32_t flag = Memory::load(&annex->waiters.value, std::memory_order_relaxed);
  if (flag == 0) return;
  // seq_cst: pairs with the acquire in doze().
  Memory::fetch_add(&annex->wake.value, 1u, std::memory_order_seq_cst);
  Futex::wake_all(&annex->wake.value);
  // release: the count is seen by whoever sees the flag down. When it is another flag by now, it stays up.
  Memory::compare_exchange(&annex->waiters.value, flag, 0u, std::memory_order_release, std::memory_order_relaxed);
}

/// Waits by one strategy until `ready()` or `deadline`; returns the last answer of ready(). `annex`: null or read-only
/// (`may_write` false) means that `block` sleeps without being woken.
class Waiter {
 public:
  using Clock = std::chrono::steady_clock;

  Waiter(Wait wait, Annex* annex, bool may_write) noexcept : wait_(wait), annex_(may_write ? annex : nullptr) {}

  template <class Ready>
  bool until(Clock::time_point deadline, Ready ready) noexcept {
    for (std::uint64_t round = 0;; ++round) {
      if (ready()) return true;
      // The clock costs more than a look at the ring: it is asked every 64th round as long as nothing sleeps.
      if ((round % 64 == 63 || !is_spinning(round)) && Clock::now() >= deadline) return ready();
      if (pause(round, deadline, ready)) return true;
    }
  }

  /// `patience` from now; the end of time when that is beyond it.
  static Clock::time_point deadline_after(Wait::Duration patience) noexcept {
    const auto now = Clock::now();
    return patience > Clock::time_point::max() - now ? Clock::time_point::max() : now + patience;
  }

 private:
  bool is_spinning(std::uint64_t round) const noexcept {
    return wait_.kind() == Wait::Kind::spin || wait_.kind() == Wait::Kind::yield || round < wait_.spins();
  }

  template <class Ready>
  bool pause(std::uint64_t round, Clock::time_point deadline, Ready& ready) noexcept {
    if (wait_.kind() == Wait::Kind::yield) {
      std::this_thread::yield();
    } else if (wait_.kind() == Wait::Kind::spin || round < wait_.spins()) {
      HardwareMemory::pause();
    } else if (round < std::uint64_t{wait_.spins()} + wait_.yields()) {
      std::this_thread::yield();
    } else if (wait_.kind() == Wait::Kind::block && annex_ != nullptr) {
      return detail::doze(*annex_, std::min(next_doze(), left(deadline)), ready, firm_);
    } else {
      std::this_thread::sleep_for(std::min(next_sleep(), left(deadline)));
    }
    return false;
  }

  Wait::Duration next_sleep() noexcept {
    sleep_ = std::clamp<Wait::Duration>(sleep_ * 2, std::chrono::microseconds(20),
                                        std::max<Wait::Duration>(wait_.max_sleep(), std::chrono::microseconds(20)));
    return sleep_;
  }

  // Where items are frequent nobody waits long for one; where they are rare a sleep that ends costs some 20 us of CPU.
  Wait::Duration next_doze() noexcept {
    const auto now = Clock::now();
    if (begun_ == Clock::time_point{}) begun_ = now;
    return std::min(wait_.max_sleep(), std::max<Wait::Duration>((now - begun_) / 16, std::chrono::milliseconds(1)));
  }

  static Wait::Duration left(Clock::time_point deadline) noexcept {
    return std::max(deadline - Clock::now(), Clock::duration(0));
  }

  Wait wait_;
  Annex* annex_;
  Wait::Duration sleep_{0};
  Clock::time_point begun_{};  // the first doze
  std::uint32_t firm_ = 0;
};

}  // namespace slickq
