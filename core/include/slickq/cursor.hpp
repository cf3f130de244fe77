// Shared read positions.
//
// Thread safety: all functions of AtomicCursor from any thread and process at once.
// Format: 8 bytes, one little-endian u64 index, 8-byte aligned, anywhere in shared memory; by convention a segment of
// exactly 8 bytes, called "queue@name" when it is ours.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "slickq/segment.hpp"

namespace slickq {

/// An index any number of consumers share. Does not own the memory.
class AtomicCursor {
 public:
  AtomicCursor() = default;
  /// `at`: 8 bytes, 8-byte aligned, that outlive this object.
  explicit AtomicCursor(void* at) noexcept : at_(static_cast<std::uint64_t*>(at)) {}

  /// acquire: pairs with the release in store() and compare_exchange_weak().
  std::uint64_t load() const noexcept { return ref().load(std::memory_order_acquire); }
  /// release: pairs with the acquire in load().
  void store(std::uint64_t value) noexcept { ref().store(value, std::memory_order_release); }
  /// One attempt; may fail spuriously. On failure `expected` gets the value seen.
  /// acq_rel: a claim publishes what its owner did before and sees what the last owner did.
  bool compare_exchange_weak(std::uint64_t& expected, std::uint64_t desired) noexcept {
    return ref().compare_exchange_weak(expected, desired, std::memory_order_acq_rel, std::memory_order_acquire);
  }

 private:
  std::atomic_ref<std::uint64_t> ref() const noexcept { return std::atomic_ref<std::uint64_t>(*at_); }
  std::uint64_t* at_ = nullptr;
};

/// A cursor with a name: a segment of 8 bytes.
class NamedCursor {
 public:
  NamedCursor() = default;
  /// `segment`: the whole segment name, e.g. cursor_segment_name("q", "strategy"). Throws as Segment::create.
  static NamedCursor create(std::string_view segment, std::uint64_t value, const CreateOptions& options = {});
  /// Throws Error: not_found; corrupt when it is not exactly 8 bytes long; busy as Segment::attach.
  static NamedCursor open(std::string_view segment, std::string_view shm_dir = {}, Access access = Access::read_write,
                          std::chrono::milliseconds lock_patience = kLockPatience);
  /// Open, or create with `value`; whoever comes second opens.
  static NamedCursor open_or_create(std::string_view segment, std::uint64_t value, const CreateOptions& options = {});

  AtomicCursor& cursor() noexcept { return cursor_; }
  const AtomicCursor& cursor() const noexcept { return cursor_; }
  const Segment& segment() const noexcept { return segment_; }

 private:
  explicit NamedCursor(Segment segment) : segment_(std::move(segment)), cursor_(segment_.data()) {}
  Segment segment_;
  AtomicCursor cursor_;
};

}  // namespace slickq
