// Drop-in replacement for SlickQueue's header: the same names, signatures, exceptions and observable reads, on slickq's
// segments. Programs written for any release compile and run unchanged; link slickq::core.
//
// Thread safety: as the original: reserve, publish, read, read_last from any number of threads and processes;
// construction, reset, remove_shm and destruction by one.
// Invariants kept to the letter: read() hands out a pointer INTO the ring, so a lapped reader may see bytes change
// under it; when lapped it jumps to the newer item in its slot. slickq::Consumer is the safe reader.
// Better than the original: opens every layout (wide, packed, slq0..slq3); a size is never another lap's nor past the
// end of the ring; hostile headers are refused instead of mapped; creation is atomic.
// Crash: see slickq/ring.hpp and slickq/segment.hpp. The destructor never unlinks; remove_shm() does.
#pragma once

#include <atomic>
#include <cassert>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>  // not used here: the documents' examples use std::memcpy and include only this header
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "slick/queue_traits.hpp"
#include "slickq/error.hpp"
#include "slickq/queue.hpp"
#include "slickq/seat.hpp"

namespace slick {

template <typename T, queue_traits_type Traits = default_queue_traits>
class alignas(detail::cacheline_size) SlickQueue {
 public:
  /// A queue of `size` elements, a power of two: in local memory without a name, else in shared memory, created or,
  /// when it exists with the same geometry, opened. Throws std::invalid_argument for a size that is no power of two,
  /// std::runtime_error for everything else.
  ///
  /// T of one byte only: when the segment exists with elements of exactly `size` bytes, and not `size` elements, it is
  /// opened as it is and operator[] gives the first byte of an element; see element_bytes().
  SlickQueue(std::uint32_t size, const char* const shm_name = nullptr) : SlickQueue(size, 1u, shm_name) {}

  /// The same with one slot for `items_per_slot` elements, a power of two <= size.
  SlickQueue(std::uint32_t size, detail::items_per_slot_arg items_per_slot, const char* const shm_name = nullptr)
      : name_(shm_name != nullptr ? shm_name : ""),
        queue_(make(size, items_per_slot.value, shm_name)),
        stride_(queue_.geometry().element_size()) {}

  /// An existing segment. Throws std::runtime_error.
  SlickQueue(const char* const shm_name)
      : name_(shm_name), queue_(open_existing(shm_name)), stride_(queue_.geometry().element_size()) {
    check_element_size(queue_.geometry());
    check_read_last(queue_.geometry());
    check_alignment(queue_.geometry());
  }

  SlickQueue(const SlickQueue&) = delete;
  SlickQueue& operator=(const SlickQueue&) = delete;

  virtual ~SlickQueue() noexcept {
    // Elements in shared memory belong to all; only private ones die with the queue.
    if (!queue_.is_shared()) std::destroy_n((*this)[0], size());
  }

  bool own_buffer() const noexcept { return queue_.is_creator(); }
  bool use_shm() const noexcept { return queue_.is_shared(); }
  const char* shm_name() const noexcept { return name_.c_str(); }
  /// Remove the name; whoever is attached stays attached to a nameless segment. False when local or when it fails.
  bool remove_shm() const noexcept { return queue_.is_shared() && queue_.unlink(); }

  std::uint32_t size() const noexcept { return queue_.geometry().capacity(); }
  std::uint32_t items_per_slot() const noexcept { return queue_.geometry().items_per_slot(); }
  std::uint32_t slot_count() const noexcept { return queue_.geometry().slot_count(); }
  /// Bytes from one element to the next: sizeof(T), but for a byte queue opened on larger elements.
  std::uint32_t element_bytes() const noexcept { return stride_; }
  /// Elements this object's reads skipped because they were overwritten; 0 unless Traits::enable_loss_detection.
  std::uint64_t loss_count() const noexcept {
    if constexpr (Traits::enable_loss_detection) return loss_.value.load(std::memory_order_relaxed);
    return 0;
  }
  /// Where a reader that wants only what comes from now on starts.
  std::uint64_t initial_reading_index() const noexcept { return queue_.ring().reserved_index(); }

  /// Reserve n elements as one item; returns the index of the first.
  std::uint64_t reserve(std::uint32_t n = 1) {
    if (n == 0) throw std::invalid_argument("reserve: required size must be > 0");
    if (n > size()) {
      throw std::runtime_error("reserve: required size " + std::to_string(n) + " > queue size " +
                               std::to_string(size()));
    }
    const std::uint64_t index = queue_.ring().reserve(n);
    if (index == slickq::kNoIndex) throw std::runtime_error("reserve: the queue's 2^47 indexes are used up");
    return index;
  }

  T* operator[](std::uint64_t index) noexcept { return element(index); }
  const T* operator[](std::uint64_t index) const noexcept { return element(index); }

  void publish(std::uint64_t index, std::uint32_t n = 1) noexcept {
    assert(n > 0);
    queue_.ring().publish(index, n);
  }

  /// The next item at `cursor`, which moves behind it: {first element, elements}, or {nullptr, 0}.
  std::pair<T*, std::uint32_t> read(std::uint64_t& cursor) noexcept {
    for (;;) {
      if constexpr (Traits::enable_reset_check) {
        if (cursor > queue_.ring().reserved_index()) cursor = 0;  // at most once: 0 is never beyond
      }
      const slickq::Sight sight = queue_.ring().look(cursor);
      if (sight.what == slickq::Look::nothing) return {nullptr, 0};
      const std::uint64_t at = cursor;
      cursor = sight.next;
      if (sight.what == slickq::Look::jump) continue;
      count_loss(sight, at);
      return {element(at), sight.count};
    }
  }

  /// The same with a cursor many consumers share: each item goes to one of them.
  std::pair<T*, std::uint32_t> read(std::atomic<std::uint64_t>& cursor) noexcept {
    for (;;) {
      // relaxed: the cursor publishes nothing; the element bytes are ordered by look()'s acquire.
      std::uint64_t at = cursor.load(std::memory_order_relaxed);
      if constexpr (Traits::enable_reset_check) {
        if (at > queue_.ring().reserved_index()) {
          cursor.compare_exchange_weak(at, 0, std::memory_order_relaxed, std::memory_order_relaxed);
          continue;
        }
      }
      const slickq::Sight sight = queue_.ring().look(at);
      if (sight.what == slickq::Look::nothing) return {nullptr, 0};
      if (!cursor.compare_exchange_weak(at, sight.next, std::memory_order_relaxed, std::memory_order_relaxed)) continue;
      if (sight.what == slickq::Look::jump) continue;
      count_loss(sight, at);
      return {element(at), sight.count};
    }
  }

  /// The newest published item, or {nullptr, 0} when there is none or it cannot be told. In segments of releases before
  /// 1.4 it is the newest reservation, if that is published.
  std::pair<T*, std::uint32_t> read_last() noexcept {
    static_assert(Traits::enable_read_last,
                  "read_last() needs Traits::enable_read_last: without it nobody maintains "
                  "the last published index");
    const std::uint64_t last = last_index();
    if (last == slickq::kNoIndex) return {nullptr, 0};
    const slickq::Sight sight = queue_.ring().look(last);
    if (sight.what != slickq::Look::item) return {nullptr, 0};
    return {element(last), sight.count};
  }

  /// Back to empty, index 0. Not safe while anybody else uses the queue.
  void reset() noexcept {
    queue_.ring().reset();
    slickq::forget_the_dead(queue_);
    if constexpr (Traits::enable_loss_detection) loss_.value.store(0, std::memory_order_relaxed);
  }

 private:
  static constexpr bool kByteElements = sizeof(T) == 1;
  // An original may be making the segment right now, in several visible steps.
  static constexpr std::chrono::milliseconds kPatience{2000};

  static slickq::Geometry geometry_for(std::uint32_t size, std::uint32_t items_per_slot) {
    try {
      const auto layout = Traits::enable_read_last ? slickq::Layout::slq1 : slickq::Layout::slq0;
      return slickq::Geometry::make(layout, size, sizeof(T), items_per_slot);
    } catch (const slickq::Error& error) {
      throw std::invalid_argument(error.what());
    }
  }

  static slickq::Queue make(std::uint32_t size, std::uint32_t items_per_slot, const char* shm_name) {
    const slickq::Geometry geometry = geometry_for(size, items_per_slot);
    if (shm_name == nullptr) {
      slickq::Queue queue = slickq::Queue::local(geometry, alignof(T));
      construct(queue.ring().element(0), geometry);
      return queue;
    }
    check_alignment(geometry);
    for (;;) {
      try {
        slickq::Queue queue = slickq::Queue::open(shm_name, {}, slickq::Access::read_write, kPatience);
        check_same(queue.geometry(), geometry);
        return queue;
      } catch (const slickq::Error& error) {
        if (error.code() != slickq::Errc::not_found) throw;
      }
      try {
        slickq::CreateOptions options;
        options.mode_by_umask = true;  // as shm_open(name, O_CREAT, 0666)
        return slickq::Queue::create(shm_name, geometry, options,
                                     [&](std::byte* elements) { construct(elements, geometry); });
      } catch (const slickq::Error& error) {
        if (error.code() != slickq::Errc::exists) throw;  // somebody was faster: open theirs
      }
    }
  }

  static slickq::Queue open_existing(const char* shm_name) {
    return slickq::Queue::open(shm_name, {}, slickq::Access::read_write, kPatience);
  }

  static void construct(std::byte* elements, const slickq::Geometry& geometry) {
    if constexpr (!std::is_trivially_default_constructible_v<T>) {
      std::uninitialized_default_construct_n(reinterpret_cast<T*>(elements), geometry.capacity());
    }
  }

  static void check_same(const slickq::Geometry& found, const slickq::Geometry& asked) {
    check_read_last(found);
    if (kByteElements && found.capacity() != asked.capacity() && found.element_size() == asked.capacity()) return;
    if (found.capacity() != asked.capacity()) throw mismatch("size", asked.capacity(), found.capacity());
    check_element_size(found);
    if (found.items_per_slot() != asked.items_per_slot()) {
      throw mismatch("items_per_slot", asked.items_per_slot(), found.items_per_slot());
    }
  }

  static void check_element_size(const slickq::Geometry& found) {
    if (found.element_size() != sizeof(T)) throw mismatch("element size", sizeof(T), found.element_size());
  }

  static void check_read_last(const slickq::Geometry& found) {
    if (!slickq::has_magic(found.layout())) return;  // releases before 1.4 had no such choice
    const bool segment = slickq::has_last_published(found.layout());
    if (segment == Traits::enable_read_last) return;
    throw std::runtime_error(std::string("Shared memory feature mismatch: the segment has enable_read_last=") +
                             (segment ? "true" : "false") +
                             " but this queue has enable_read_last=" + (Traits::enable_read_last ? "true" : "false"));
  }

  static void check_alignment(const slickq::Geometry& geometry) {
    // The segment itself starts on a page.
    if (geometry.data_offset() % alignof(T) == 0) return;
    throw std::runtime_error("Shared memory elements at offset " + std::to_string(geometry.data_offset()) +
                             " are not aligned for alignof(T) = " + std::to_string(alignof(T)) +
                             "; use a larger size or items_per_slot > 1");
  }

  static std::runtime_error mismatch(const char* what, std::uint64_t expected, std::uint64_t found) {
    return std::runtime_error(std::string("Shared memory ") + what + " mismatch. Expected " + std::to_string(expected) +
                              " but got " + std::to_string(found));
  }

  T* element(std::uint64_t index) const noexcept { return reinterpret_cast<T*>(queue_.ring().element(index)); }

  std::uint64_t last_index() const noexcept {
    const slickq::Ring& ring = queue_.ring();
    if (slickq::has_magic(queue_.geometry().layout())) return ring.last_published();
    // Before 1.4 only the reservation tells: its end and, modulo 2^16 in `packed`, its size.
    const std::uint64_t end = ring.reserved_index();
    const std::uint64_t count = ring.last_reservation_size();
    return count == 0 || count > end ? slickq::kNoIndex : end - count;
  }

  void count_loss([[maybe_unused]] const slickq::Sight& sight, [[maybe_unused]] std::uint64_t cursor) noexcept {
    if constexpr (Traits::enable_loss_detection) {
      if (sight.what == slickq::Look::overrun) {
        loss_.value.fetch_add(sight.index - cursor, std::memory_order_relaxed);  // a statistic: orders nothing
      }
    }
  }

  static constexpr std::size_t line_if(bool enabled) noexcept { return enabled ? detail::cacheline_size : 1; }

  std::string name_;
  slickq::Queue queue_;
  std::uint32_t stride_;
  using LastPublished = detail::last_published_storage<Traits::enable_read_last>;
  using LossCounter = detail::loss_counter_storage<Traits::enable_loss_detection>;
  [[no_unique_address]] alignas(line_if(Traits::enable_read_last)) LastPublished last_published_;
  [[no_unique_address]] alignas(line_if(Traits::enable_loss_detection)) LossCounter loss_;
};

/// The newer spelling of SlickQueue.
template <typename T, queue_traits_type Traits = default_queue_traits>
using queue = SlickQueue<T, Traits>;

}  // namespace slick
