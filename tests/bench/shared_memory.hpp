// Memory that forked workers share and that has no name.
//
// Thread safety: what lies in it takes care of itself.
// Invariant: it lies at the same address in all processes, so that even a queue that holds pointers into it works.
// Crash: it goes with the last process.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace slickq::peers {

/// Page aligned, every page there. Throws Error(system).
std::byte* map_shared(std::size_t bytes);
void unmap_shared(std::byte* at, std::size_t bytes) noexcept;

/// A T in such memory.
template <class T>
class Shared {
 public:
  Shared() : Shared(0) {}

  /// `offset` bytes behind a page boundary: for queues whose elements would not begin on a cache line otherwise.
  template <class... Arguments>
  explicit Shared(std::size_t offset, Arguments&&... arguments)
      : offset_(offset), base_(map_shared(bytes())), at_(nullptr) {
    try {
      at_ = new (base_ + offset_) T(std::forward<Arguments>(arguments)...);
    } catch (...) {
      unmap_shared(base_, bytes());
      throw;
    }
  }
  ~Shared() {
    at_->~T();
    unmap_shared(base_, bytes());
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  T& operator*() const noexcept { return *at_; }
  T* operator->() const noexcept { return at_; }

 private:
  std::size_t bytes() const noexcept { return offset_ + sizeof(T); }

  std::size_t offset_;
  std::byte* base_;
  T* at_;
};

/// For containers that take an allocator.
template <class T>
struct SharedAllocator {
  using value_type = T;
  SharedAllocator() = default;
  template <class Other>
  explicit SharedAllocator(const SharedAllocator<Other>&) noexcept {}
  T* allocate(std::size_t count) { return reinterpret_cast<T*>(map_shared(count * sizeof(T))); }
  void deallocate(T* at, std::size_t count) noexcept {
    unmap_shared(reinterpret_cast<std::byte*>(at), count * sizeof(T));
  }
  friend bool operator==(const SharedAllocator&, const SharedAllocator&) noexcept { return true; }
};

}  // namespace slickq::peers
