// The Memory policy (memory.hpp) under a seeded scheduler: every access is a step at which another task may go on.
// Element bytes move eight at a time, a step each, so that a copy can tear in the middle of an element.
//
// Thread safety: one thread, see scheduler.hpp. Outside of a run it is plain memory.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "slickq/memory.hpp"
#include "support/scheduler.hpp"

namespace test_support {

/// Is told of every write, behind it: invariants that must hold at any moment are checked there.
class WriteWatch {
 public:
  virtual ~WriteWatch() = default;
  virtual void written(const void* at) = 0;
  static WriteWatch*& active() {
    static WriteWatch* watch = nullptr;
    return watch;
  }
};

struct ScheduledMemory {
  using Real = slickq::HardwareMemory;

  template <class T>
  static T load(const T* at, std::memory_order order) noexcept {
    step();
    return Real::load(at, order);
  }
  template <class T>
  static void store(T* at, T value, std::memory_order order) noexcept {
    step();
    Real::store(at, value, order);
    tell(at);
  }
  template <class T>
  static T fetch_add(T* at, T value, std::memory_order order) noexcept {
    step();
    const T before = Real::fetch_add(at, value, order);
    tell(at);
    return before;
  }
  template <class T>
  static bool compare_exchange(T* at, T& expected, T desired, std::memory_order success,
                               std::memory_order failure) noexcept {
    step();
    const bool done = Real::compare_exchange(at, expected, desired, success, failure);
    if (done) tell(at);
    return done;
  }
  static bool compare_exchange(slickq::WideWord* at, slickq::WideWord& expected, slickq::WideWord desired) noexcept {
    step();
    const bool done = Real::compare_exchange(at, expected, desired);
    if (done) tell(at);
    return done;
  }
  static void fence(std::memory_order order) noexcept { Real::fence(order); }

  static void copy_out(void* to, const void* from, std::size_t bytes) noexcept {
    in_pieces(bytes, [&](std::size_t at, std::size_t piece) {
      Real::copy_out(static_cast<std::byte*>(to) + at, static_cast<const std::byte*>(from) + at, piece);
    });
  }
  static void copy_in(void* to, const void* from, std::size_t bytes) noexcept {
    in_pieces(bytes, [&](std::size_t at, std::size_t piece) {
      Real::copy_in(static_cast<std::byte*>(to) + at, static_cast<const std::byte*>(from) + at, piece);
    });
  }
  static void fill_in(void* to, std::size_t bytes) noexcept {
    in_pieces(bytes,
              [&](std::size_t at, std::size_t piece) { Real::fill_in(static_cast<std::byte*>(to) + at, piece); });
  }

  static void pause() noexcept { step(); }

  static void step() noexcept {
    if (Scheduler* const scheduler = Scheduler::active()) scheduler->step();
  }

 private:
  static constexpr std::size_t kPiece = 8;

  template <class Move>
  static void in_pieces(std::size_t bytes, Move move) noexcept {
    for (std::size_t at = 0; at < bytes; at += kPiece) {
      step();
      move(at, std::min(kPiece, bytes - at));
    }
  }
  static void tell(const void* at) noexcept {
    if (WriteWatch* const watch = WriteWatch::active()) watch->written(at);
  }
};

}  // namespace test_support
