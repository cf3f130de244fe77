// Compile-time configuration of slick::SlickQueue, as in release 2 of the original.
//
// Only enable_read_last reaches the shared bytes (layout slq1 or slq0); the others are each process's own affair.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace slick {

struct queue_traits {
  static constexpr bool enable_read_last = true;        ///< maintain the last published index, for read_last()
  static constexpr bool enable_reset_check = false;     ///< read() notices a reset() and rewinds its cursor
  static constexpr bool enable_loss_detection = false;  ///< loss_count() counts
  static constexpr bool enable_cpu_relax = true;        ///< accepted for compatibility; nothing here spins
};

struct debug_queue_traits : queue_traits {
  static constexpr bool enable_loss_detection = true;
};

// Release 1 configured the loss counter by a macro; who still sets it gets what it meant.
#if defined(SLICK_QUEUE_ENABLE_LOSS_DETECTION)
#if SLICK_QUEUE_ENABLE_LOSS_DETECTION
using default_queue_traits = debug_queue_traits;
#else
using default_queue_traits = queue_traits;
#endif
#elif defined(NDEBUG)
using default_queue_traits = queue_traits;
#else
using default_queue_traits = debug_queue_traits;
#endif

namespace detail {

template <typename Flag>
inline constexpr bool is_bool = std::is_same_v<std::remove_cvref_t<Flag>, bool>;

template <typename Flag>
concept feature_flag = is_bool<Flag>;

}  // namespace detail

template <typename Traits>
concept queue_traits_type = requires {
  { Traits::enable_read_last } -> detail::feature_flag;
  { Traits::enable_reset_check } -> detail::feature_flag;
  { Traits::enable_loss_detection } -> detail::feature_flag;
  { Traits::enable_cpu_relax } -> detail::feature_flag;
};

namespace detail {

inline constexpr std::size_t cacheline_size = 64;

/// Second constructor argument: the conversion makes a literal 0 prefer the (size, name) overload, as it always did.
struct items_per_slot_arg {
  items_per_slot_arg(std::uint32_t items) noexcept : value(items) {}
  std::uint32_t value;
};

/// Read-last needs no memory of its own here: the index lives in the header, also of a local queue. The type stays
/// because the size of a queue object by feature is observable, and the original's tests assert it.
template <bool Enabled>
struct last_published_storage {
  std::byte line[cacheline_size];
};
template <>
struct last_published_storage<false> {};

template <bool Enabled>
struct loss_counter_storage {
  std::atomic<std::uint64_t> value{0};
};
template <>
struct loss_counter_storage<false> {};

}  // namespace detail
}  // namespace slick
