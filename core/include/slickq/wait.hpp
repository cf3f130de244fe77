// What to do while there is nothing to do.
//
//   spin     burns the core; the shortest latency
//   yield    lets others run on it
//   backoff  spins, then yields, then sleeps longer and longer, up to max_sleep
//   block    sleeps until a producer wakes it (futex in the annex); never longer than max_sleep at a time, because
//            originals, and producers without an annex, wake nobody
//
// Thread safety: a Wait is a value; wait_for_change() may be called by any number of threads on one annex.
// Crash: a sleeper that dies leaves the flag up; the next producer takes it down and wakes nobody. A producer that dies
// between publish and wake-up delays sleepers by at most max_sleep.
#pragma once

#include <algorithm>
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
/// it is seen behind it, and their loads behind it see our stores. One system call and an interrupt for each; nothing
/// where the kernel cannot do it.
void barrier_everywhere() noexcept;
void expect_barriers() noexcept;

}  // namespace detail

/// Producers call it behind a publish. One load when nobody sleeps.
inline void wake_sleepers(Annex* annex) noexcept {
  if (annex == nullptr) return;
#if !defined(__x86_64__)
  // seq_cst: pairs with the fence in doze(): either we see the flag, or the sleeper sees what we published. On x86 the
  // publish was a locked instruction, which no later load passes, or a plain store by a process that expects barriers.
  HardwareMemory::fence(std::memory_order_seq_cst);
#endif
  if (HardwareMemory::load(&annex->waiters.value, std::memory_order_relaxed) == 0) return;
  // Down first: who comes to sleep from here on raises it again.
  HardwareMemory::store(&annex->waiters.value, 0, std::memory_order_relaxed);
  HardwareMemory::fetch_add(&annex->wake.value, 1, std::memory_order_seq_cst);
  detail::futex_wake_all(&annex->wake.value);
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
      return doze(deadline, ready);
    } else {
      std::this_thread::sleep_for(std::min(next_sleep(), left(deadline)));
    }
    return false;
  }

  template <class Ready>
  bool doze(Clock::time_point deadline, Ready& ready) noexcept {
    const std::uint32_t seen = HardwareMemory::load(&annex_->wake.value, std::memory_order_acquire);
    HardwareMemory::store(&annex_->waiters.value, 1, std::memory_order_relaxed);
    // seq_cst: pairs with the producer's barrier in wake_sleepers(), or is that barrier: who goes to sleep has the time.
    HardwareMemory::fence(std::memory_order_seq_cst);
    detail::barrier_everywhere();
    if (ready()) return true;
    detail::futex_wait(&annex_->wake.value, seen, std::min(wait_.max_sleep(), left(deadline)));
    return false;
  }

  Wait::Duration next_sleep() noexcept {
    sleep_ = std::clamp<Wait::Duration>(sleep_ * 2, std::chrono::microseconds(20),
                                        std::max<Wait::Duration>(wait_.max_sleep(), std::chrono::microseconds(20)));
    return sleep_;
  }

  static Wait::Duration left(Clock::time_point deadline) noexcept {
    return std::max(deadline - Clock::now(), Clock::duration(0));
  }

  Wait wait_;
  Annex* annex_;
  Wait::Duration sleep_{0};
};

}  // namespace slickq
