// The Memory policy under the seeded scheduler, on a machine that keeps stores back: a plain store waits in its task's
// buffer, where only that task sees it, until a locked instruction or a fence of the task's, a barrier on all, or the
// machine, some time later, lets it out; in order, as x86 does. Loads pass it: that is all that can go wrong there.
//
// Thread safety: one thread, see scheduler.hpp. Outside of a run it is plain memory.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>

#include "support/scheduled_memory.hpp"

namespace test_support {

class StoreBuffers {
 public:
  explicit StoreBuffers(std::uint64_t seed) : dice_(seed) { active() = this; }
  StoreBuffers(const StoreBuffers&) = delete;
  StoreBuffers& operator=(const StoreBuffers&) = delete;
  ~StoreBuffers() { active() = nullptr; }

  static StoreBuffers*& active() {
    static StoreBuffers* buffers = nullptr;
    return buffers;
  }

  void keep(std::uint32_t task, std::uint64_t* at, std::uint64_t value) { of_[task].push_back({at, value}); }
  /// What `task` sees there, if it is one of its own stores.
  const std::uint64_t* seen(std::uint32_t task, const std::uint64_t* at) const {
    const auto& stores = of_[task];
    const auto found = std::find_if(stores.rbegin(), stores.rend(), [&](const Store& store) { return store.at == at; });
    return found == stores.rend() ? nullptr : &found->value;
  }
  /// All of a task's: it ran into a barrier, or off its core.
  void drain(std::uint32_t task) {
    while (!of_[task].empty()) let_one_out(task);
  }
  /// The machine's own pace: now and then the oldest of somebody's.
  void time_passes() {
    const auto task = static_cast<std::uint32_t>(dice_.below(of_.size()));
    if (!of_[task].empty() && dice_.one_in(8)) let_one_out(task);
  }

 private:
  struct Store {
    std::uint64_t* at;
    std::uint64_t value;
  };
  void let_one_out(std::uint32_t task) {
    const Store store = of_[task].front();
    of_[task].pop_front();
    slickq::HardwareMemory::store(store.at, store.value, std::memory_order_relaxed);
  }

  Dice dice_;
  std::array<std::deque<Store>, Scheduler::kMostTasks> of_;
};

/// Plain stores of 8 bytes are kept back; nobody here makes others.
struct BufferedMemory {
  using Real = slickq::HardwareMemory;

  static std::uint64_t load(const std::uint64_t* at, std::memory_order order) noexcept {
    StoreBuffers* const buffers = step();
    const std::uint64_t* const own = buffers == nullptr ? nullptr : buffers->seen(self(), at);
    return own == nullptr ? Real::load(at, order) : *own;
  }
  static std::uint32_t load(const std::uint32_t* at, std::memory_order order) noexcept {
    step();
    return Real::load(at, order);
  }
  static void store(std::uint64_t* at, std::uint64_t value, std::memory_order order) noexcept {
    StoreBuffers* const buffers = step();
    if (buffers == nullptr) return Real::store(at, value, order);
    buffers->keep(self(), at, value);
  }
  template <class T>
  static T fetch_add(T* at, T value, std::memory_order order) noexcept {
    drain();
    return Real::fetch_add(at, value, order);
  }
  template <class T>
  static bool compare_exchange(T* at, T& expected, T desired, std::memory_order success,
                               std::memory_order failure) noexcept {
    drain();
    return Real::compare_exchange(at, expected, desired, success, failure);
  }
  static void fence(std::memory_order order) noexcept {
    if (order == std::memory_order_seq_cst) drain();
  }

 private:
  static std::uint32_t self() { return Scheduler::active()->running(); }
  static StoreBuffers* step() {
    ScheduledMemory::step();
    StoreBuffers* const buffers = Scheduler::active() == nullptr ? nullptr : StoreBuffers::active();
    if (buffers != nullptr) buffers->time_passes();
    return buffers;
  }
  static void drain() {
    if (StoreBuffers* const buffers = step()) buffers->drain(self());
  }
};

}  // namespace test_support
