// Every access the protocol makes to shared memory goes through one policy class. The real one is here; tests put
// a seeded scheduler in its place and replay any interleaving.
//
// Thread safety: all functions may be called on the same address from any thread or process.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "slickq/layout.hpp"

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace slickq {

/// 16-byte compare-exchange, sequentially consistent in hardware on both architectures. On failure `expected` gets
/// the value seen. Written by hand because compilers route std::atomic of 16 bytes through libatomic, which may lock.
inline bool compare_exchange_wide(WideWord* target, WideWord& expected, WideWord desired) noexcept {
#if defined(__SANITIZE_THREAD__)
  // The thread sanitizer does not look into assembly. It is told what the instruction is: release and acquire on the
  // low word, which is the one that plain atomic loads read.
  __tsan_release(&target->low);
  struct Acquire {
    std::uint64_t* at;
    ~Acquire() { __tsan_acquire(at); }
  } const acquire{&target->low};
#endif
#if defined(__x86_64__)
  bool done;
  __asm__ __volatile__("lock cmpxchg16b %1"
                       : "=@ccz"(done), "+m"(*target), "+a"(expected.low), "+d"(expected.high)
                       : "b"(desired.low), "c"(desired.high)
                       : "memory");
  return done;
#elif defined(__aarch64__)
  // Load-exclusive pair / store-exclusive pair: works on every ARMv8, LSE or not. The store of the value seen makes
  // a failed comparison's 16-byte load single-copy atomic.
  std::uint64_t low, high;
  std::uint32_t failed;
  bool same;
  do {
    __asm__ __volatile__("ldaxp %0, %1, %2" : "=&r"(low), "=&r"(high) : "Q"(*target) : "memory");
    same = low == expected.low && high == expected.high;
    const std::uint64_t put_low = same ? desired.low : low;
    const std::uint64_t put_high = same ? desired.high : high;
    __asm__ __volatile__("stlxp %w0, %2, %3, %1"
                         : "=&r"(failed), "=Q"(*target)
                         : "r"(put_low), "r"(put_high)
                         : "memory");
  } while (failed != 0);
  expected = {low, high};
  return same;
#else
#error "slickq needs x86-64 or ARM64"
#endif
}

/// The policy on real memory. 8- and 4-byte accesses are lock-free std::atomic_ref operations.
struct HardwareMemory {
  static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free);
  static_assert(std::atomic_ref<std::uint32_t>::is_always_lock_free);

  // atomic_ref<const T> is C++26: the cast serves loads only, which are plain moves and work on read-only mappings.
  static std::uint64_t load(const std::uint64_t* at, std::memory_order order) noexcept {
    return std::atomic_ref<std::uint64_t>(*const_cast<std::uint64_t*>(at)).load(order);
  }
  static std::uint32_t load(const std::uint32_t* at, std::memory_order order) noexcept {
    return std::atomic_ref<std::uint32_t>(*const_cast<std::uint32_t*>(at)).load(order);
  }
  static void store(std::uint64_t* at, std::uint64_t value, std::memory_order order) noexcept {
    std::atomic_ref<std::uint64_t>(*at).store(value, order);
  }
  static void store(std::uint32_t* at, std::uint32_t value, std::memory_order order) noexcept {
    std::atomic_ref<std::uint32_t>(*at).store(value, order);
  }
  static std::uint64_t fetch_add(std::uint64_t* at, std::uint64_t value, std::memory_order order) noexcept {
    return std::atomic_ref<std::uint64_t>(*at).fetch_add(value, order);
  }
  static std::uint32_t fetch_add(std::uint32_t* at, std::uint32_t value, std::memory_order order) noexcept {
    return std::atomic_ref<std::uint32_t>(*at).fetch_add(value, order);
  }
  static bool compare_exchange(std::uint64_t* at, std::uint64_t& expected, std::uint64_t desired,
                               std::memory_order success, std::memory_order failure) noexcept {
    return std::atomic_ref<std::uint64_t>(*at).compare_exchange_strong(expected, desired, success, failure);
  }
  static bool compare_exchange(std::uint32_t* at, std::uint32_t& expected, std::uint32_t desired,
                               std::memory_order success, std::memory_order failure) noexcept {
    return std::atomic_ref<std::uint32_t>(*at).compare_exchange_strong(expected, desired, success, failure);
  }
  static bool compare_exchange(WideWord* at, WideWord& expected, WideWord desired) noexcept {
    return compare_exchange_wide(at, expected, desired);
  }
  static void fence(std::memory_order order) noexcept { std::atomic_thread_fence(order); }

  /// A moment, for others to get on.
  static void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb" ::: "memory");
#endif
  }

  /// Ask for the cache line of `at`, to be written soon. An address that is not mapped does no harm. In assembler:
  /// GCC makes a prefetch for reading of its own builtin unless it is told of a newer processor, and drops calls of a
  /// function that does nothing but prefetch.
  static void prefetch_for_write(const void* at) noexcept {
#if defined(__x86_64__)
    __asm__ __volatile__("prefetchw (%0)" : : "r"(at));  // a no-op on processors that do not know it
#elif defined(__aarch64__)
    __asm__ __volatile__("prfm pstl1keep, [%0]" : : "r"(at));
#endif
  }

  /// Copy element bytes out of the ring. A producer may overwrite them meanwhile: the caller validates afterwards
  /// and throws the copy away. Formally a race (as in every seqlock); under the thread sanitizer it is done with
  /// relaxed atomics, so that every report left is a real one.
  static void copy_out(void* to, const void* from, std::size_t bytes) noexcept { copy<false>(to, from, bytes); }
  /// Copy element bytes into the ring.
  static void copy_in(void* to, const void* from, std::size_t bytes) noexcept { copy<true>(to, from, bytes); }
  /// Zero element bytes in the ring.
  static void fill_in(void* to, std::size_t bytes) noexcept {
#if defined(__SANITIZE_THREAD__)
    auto* out = static_cast<unsigned char*>(to);
    for (std::size_t k = 0; k < bytes; ++k) {
      std::atomic_ref<unsigned char>(out[k]).store(0, std::memory_order_relaxed);
    }
#else
    if (bytes != 0) std::memset(to, 0, bytes);
#endif
  }

 private:
  template <bool In>
  static void copy(void* to, const void* from, std::size_t bytes) noexcept {
#if defined(__SANITIZE_THREAD__)
    auto* out = static_cast<unsigned char*>(to);
    auto* in = static_cast<unsigned char*>(const_cast<void*>(from));
    for (std::size_t k = 0; k < bytes; ++k) {
      if constexpr (In) {
        std::atomic_ref<unsigned char>(out[k]).store(in[k], std::memory_order_relaxed);
      } else {
        out[k] = std::atomic_ref<unsigned char>(in[k]).load(std::memory_order_relaxed);
      }
    }
#else
    // Sizes that elements usually have, as moves in a row: a call with an unknown length costs more than the bytes.
    switch (bytes) {
      case 0: return;  // an empty span may carry a null pointer
      case 8: std::memcpy(to, from, 8); return;
      case 16: std::memcpy(to, from, 16); return;
      case 32: std::memcpy(to, from, 32); return;
      case 64: std::memcpy(to, from, 64); return;
      case 128: std::memcpy(to, from, 128); return;
      case 256: std::memcpy(to, from, 256); return;
      default: std::memcpy(to, from, bytes);
    }
#endif
  }
};

}  // namespace slickq
