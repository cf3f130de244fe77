// Where C, the reserved index, is, and how it is moved: at() is where it was seen last; move() is one attempt, which
// fails when somebody was faster, and at() is then where it is.
//
// Thread safety: an object belongs to one thread; any number of them on a ring, but for OwnCounter.
// Crash: each move is one atomic step, but for OwnCounter's in the layout `wide`, where the size goes first.
#pragma once

#include <cstddef>
#include <cstdint>

#include "slickq/geometry.hpp"
#include "slickq/layout.hpp"
#include "slickq/memory.hpp"

namespace slickq {

/// C and the size of the last reservation in one word: all layouts but `wide`.
template <class Memory>
class PackedCounter {
 public:
  explicit PackedCounter(std::uint64_t* word) noexcept
      : word_(word), seen_(Memory::load(word_, std::memory_order_relaxed)) {}
  std::uint64_t at() const noexcept { return packed_index(seen_); }
  bool move(std::uint64_t to, std::uint32_t size) noexcept {
    // acq_rel: as in BasicRing::advance_packed(). relaxed on failure: nothing was reserved.
    return Memory::compare_exchange(word_, seen_, pack_reserved(to, size), std::memory_order_acq_rel,
                                    std::memory_order_relaxed);
  }

 private:
  std::uint64_t* word_;
  std::uint64_t seen_;
};

/// Both in two words.
template <class Memory>
class WideCounter {
 public:
  // Two loads that may belong to different moments: the compare-exchange settles it.
  explicit WideCounter(WideWord* word) noexcept
      : word_(word),
        seen_{Memory::load(&word_->low, std::memory_order_relaxed),
              Memory::load(&word_->high, std::memory_order_relaxed)} {}
  std::uint64_t at() const noexcept { return seen_.low; }
  bool move(std::uint64_t to, std::uint32_t size) noexcept {
    return Memory::compare_exchange(word_, seen_, WideWord{to, size});
  }

 private:
  WideWord* word_;
  WideWord seen_;
};

/// Of the only producer, in any layout. Asked afresh each time: a reset, and a producer that should not be there, are
/// then seen.
template <class Memory>
class OwnCounter {
 public:
  OwnCounter(std::byte* base, const Geometry& geometry) noexcept
      : word_(reinterpret_cast<std::uint64_t*>(base)), is_wide_(geometry.layout() == Layout::wide) {
    const std::uint64_t word = Memory::load(word_, std::memory_order_relaxed);
    at_ = is_wide_ ? word : packed_index(word);
  }
  std::uint64_t at() const noexcept { return at_; }
  bool move(std::uint64_t to, std::uint32_t size) noexcept {
    if (is_wide_) Memory::store(word_ + 1, std::uint64_t{size}, std::memory_order_relaxed);
    // release: pairs with the acquire fence of who looks at C and then at what was before it.
    Memory::store(word_, is_wide_ ? to : pack_reserved(to, size), std::memory_order_release);
    return true;
  }

 private:
  std::uint64_t* word_;
  bool is_wide_;
  std::uint64_t at_;
};

}  // namespace slickq
