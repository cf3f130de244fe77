// A ring on a segment, or on local memory.
//
// Thread safety: one Queue may be used by any number of threads at once (see ring.hpp); move and destroy by one.
// Crash: see segment.hpp and ring.hpp.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "slickq/annex.hpp"
#include "slickq/geometry.hpp"
#include "slickq/ring.hpp"
#include "slickq/segment.hpp"

namespace slickq {

/// Which journal lines this process has claimed through one Queue: the locks of one open file do not conflict.
class LineTable {
 public:
  bool take(std::uint32_t line) noexcept {
    const std::uint64_t bit = std::uint64_t{1} << line;
    // acq_rel: pairs with give_back() of the line's last owner.
    return (taken_.fetch_or(bit, std::memory_order_acq_rel) & bit) == 0;
  }
  void give_back(std::uint32_t line) noexcept {
    taken_.fetch_and(~(std::uint64_t{1} << line), std::memory_order_acq_rel);
  }

 private:
  static_assert(kJournalLines <= 64);
  std::atomic<std::uint64_t> taken_{0};
};

/// Which producers a queue has that are told apart in this process (producers_lock.hpp): all of a local one.
struct ProducerCount {
  std::mutex mutex;
  std::uint32_t sharing = 0;
  bool alone = false;
};

class Queue {
 public:
  /// In this process's memory only; slots, elements and annex as in a segment. `element_alignment`: of the first
  /// element, a power of two.
  static Queue local(const Geometry& geometry, std::size_t element_alignment = 16);
  /// A new segment. Throws as Segment::create. `construct` is called on the first element before the name appears.
  static Queue create(std::string_view name, const Geometry& geometry, const CreateOptions& options = {},
                      const std::function<void(std::byte* elements)>& construct = {});
  /// An existing segment of any layout, ours or an original's. Throws Error: not_found, permission, corrupt with what
  /// it is instead. Never initialises anything. The originals create in several visible steps: a segment that looks
  /// half-made is looked at again until `patience` is over; busy when it is locked for longer than `lock_patience`.
  static Queue open(std::string_view name, std::string_view shm_dir = {}, Access access = Access::read_write,
                    std::chrono::milliseconds patience = std::chrono::milliseconds(100),
                    std::chrono::milliseconds lock_patience = kLockPatience);
  /// create() in two steps, as Segment::prepare: a queue that is finished and usable, but has no name yet.
  static Queue prepare(std::string_view name, const Geometry& geometry, const CreateOptions& options = {});
  /// Once, of a prepared one. Throws as Segment::give_name.
  void give_name();

  /// Open, or create when absent. Throws Error(mismatch) with both geometries when it exists with another one.
  static Queue open_or_create(std::string_view name, const Geometry& geometry, const CreateOptions& options = {},
                              const std::function<void(std::byte* elements)>& construct = {});

  Queue(Queue&&) noexcept;
  Queue& operator=(Queue&&) noexcept;
  ~Queue();

  const Geometry& geometry() const noexcept;
  Ring& ring() noexcept { return ring_; }
  const Ring& ring() const noexcept { return ring_; }

  /// Our tail behind the elements; null where an original made the segment.
  Annex* annex() const noexcept;

  LineTable& line_table() const noexcept;
  ProducerCount& producer_count() const noexcept;

  bool is_shared() const noexcept;
  /// Did this object create it (or is it local)?
  bool is_creator() const noexcept;
  bool writable() const noexcept;
  /// Segment name without '/'; empty when local.
  const std::string& name() const noexcept;
  /// The segment; not valid (operator bool) when local.
  const Segment& segment() const noexcept;
  /// Does the name lead to another segment, or nowhere, by now? Always false when local.
  bool is_detached() const noexcept;

  /// Best effort; what the kernel did of it. Nothing when local: that memory was touched when it was made.
  MemoryHints advise(const MemoryHints& hints) const noexcept { return segment().advise(hints); }

  /// Remove the segment's name, whoever uses it; they keep a nameless segment. False when local or when it fails.
  /// remove_segment() (removal.hpp) is the careful way.
  bool unlink() const noexcept;

  /// Empty the queue. Throws Error(busy) unless `force`: while others hold it (named), or where they may, unproven.
  void reset(bool force = false);

 private:
  struct State;
  explicit Queue(std::unique_ptr<State> state);
  static Queue made(std::unique_ptr<State> state, Segment segment) noexcept;
  std::unique_ptr<State> state_;  // the geometry lives here, so that the ring's pointer survives a move
  Ring ring_;
};

}  // namespace slickq
