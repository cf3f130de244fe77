// One consumer's side of the protocol: look, copy, validate, move the cursor.
//
// Thread safety: one thread; any number of readers on a ring, and on a position that is shared.
// Invariants: 1. an item that is handed out was whole (the C check, ring.hpp). 2. the position never moves backwards,
// except to 0 after a reset. 3. from a start on, received + lost + skipped elements == how far the position moved:
// `lost` are indexes that were overwritten before they were read, `skipped` those a marker jumped over (the end of the
// ring, abandoned and repaired reservations).
// Hostile input: any bytes give an answer; nothing is followed beyond C.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "slickq/ring.hpp"

namespace slickq {

enum class Pop : std::uint8_t {
  item,       ///< an item was copied out, or may be looked at
  empty,      ///< nothing published at the cursor (lost may still be > 0)
  too_small,  ///< the buffer is smaller than the item; count tells its elements; nothing was taken
  reset       ///< the queue was reset under the cursor, which is now 0
};

struct PopResult {
  Pop what = Pop::empty;
  std::uint32_t count = 0;       ///< elements of the item
  std::uint64_t index = 0;       ///< index of the item
  std::uint64_t lost = 0;        ///< indexes passed before this result because they were overwritten
  std::uint64_t first_lost = 0;  ///< valid when lost > 0
  std::uint64_t last_lost = 0;
  std::uint64_t skipped = 0;  ///< indexes passed before this result because a marker said so

  void add_loss(std::uint64_t from, std::uint64_t to) noexcept {
    if (lost == 0) first_lost = from;
    last_lost = to - 1;
    lost += to - from;
  }
};

/// What a reader may leave out. Each look at C takes the header's line away from the producers, who pay for it with
/// their next locked instruction: it is what a fast reader saves on.
struct ReadStyle {
  /// Nothing there: look at C, whether the queue was reset, or went round where nothing will ever come. Who does not
  /// must do so now and then.
  bool check_when_empty = true;
  /// peek(): look at C, whether the item is still there. Who does not must do so when he asks for the same item again.
  bool check_peeked = true;
  /// pop_batch(): how long to wait for items that are about to come behind the first, in pauses of the core; each time
  /// twice as long as before. A wait in which nothing came is the last. 0: not at all.
  std::uint32_t first_wait = 0;
  std::uint32_t longest_wait = 0;
};

/// One item of a batch.
struct BatchItem {
  std::uint64_t index = 0;
  std::span<std::byte> bytes;  ///< part of the caller's buffer
  std::uint32_t count = 0;     ///< elements
};

/// A reader's own position: moving it cannot fail.
class OwnPosition {
 public:
  explicit OwnPosition(std::uint64_t& cursor) noexcept : cursor_(&cursor) {}
  std::uint64_t load() const noexcept { return *cursor_; }
  bool move(std::uint64_t, std::uint64_t to) noexcept {
    *cursor_ = to;
    return true;
  }

 private:
  std::uint64_t* cursor_;
};

/// `Position`: load() and move(from, to); a move may fail when somebody else was faster.
template <class Memory, class Position>
class BasicReader {
 public:
  BasicReader(const BasicRing<Memory>& ring, Position position, ReadStyle style = {}) noexcept
      : ring_(ring), position_(position), style_(style) {}

  /// Take the next item: copy, validate, then claim it by moving the position. A claim that fails discards the copy.
  PopResult pop(std::span<std::byte> buffer) noexcept {
    return run([&](std::uint64_t cursor, const Sight& sight) { return take(cursor, sight, buffer); });
  }

  /// Find the next item and take nothing. Its elements are at ring.element(index); ring.is_intact(index) AFTER the last
  /// use tells whether they were the item's all the time.
  PopResult peek() noexcept {
    return run([&](std::uint64_t cursor, const Sight& sight) {
      if (style_.check_peeked) {
        const std::uint64_t reserved = ring_.reserved_index_after_copy();
        if (!ring_.holds(cursor, reserved)) return on_gone(cursor, reserved);
      }
      result_.count = sight.count;
      result_.index = cursor;
      return finish(Pop::item);
    });
  }

  /// Take as many items as are there, fit into `buffer` and into `items`: one validation and one claim for all of them.
  /// `taken` gets the part of `items` that was filled, with the bytes of each in `buffer`. The result's index and count
  /// are the first item's.
  PopResult pop_batch(std::span<std::byte> buffer, std::span<BatchItem> items, std::span<BatchItem>& taken) noexcept {
    taken = {};
    if (items.empty()) return {};
    return run(
        [&](std::uint64_t cursor, const Sight& sight) { return take_batch(cursor, sight, buffer, items, taken); });
  }

 private:
  enum class Step : std::uint8_t { again, done };

  template <class OnItem>
  PopResult run(OnItem on_item) noexcept {
    for (;;) {
      const std::uint64_t cursor = position_.load();
      const Sight sight = ring_.look(cursor);
      Step step = Step::done;
      switch (sight.what) {
        case Look::nothing: step = style_.check_when_empty ? on_nothing(cursor) : finish(Pop::empty); break;
        case Look::jump: step = on_jump(cursor, sight.next); break;
        case Look::overrun: step = on_overrun(cursor); break;
        case Look::item: step = on_item(cursor, sight); break;
      }
      if (step == Step::done) return result_;
    }
  }

  Step finish(Pop what) noexcept {
    result_.what = what;
    return Step::done;
  }

  Step take(std::uint64_t cursor, const Sight& sight, std::span<std::byte> buffer) noexcept {
    const std::uint64_t bytes = std::uint64_t{sight.count} * ring_.geometry().element_size();
    const bool fits = bytes <= buffer.size();
    if (fits) Memory::copy_out(buffer.data(), ring_.element(cursor), bytes);
    const std::uint64_t reserved = ring_.reserved_index_after_copy();
    if (!ring_.holds(cursor, reserved)) return on_gone(cursor, reserved);
    result_.count = sight.count;
    result_.index = cursor;
    if (!fits) return finish(Pop::too_small);
    return position_.move(cursor, sight.next) ? finish(Pop::item) : Step::again;
  }

  Step take_batch(std::uint64_t cursor, Sight sight, std::span<std::byte> buffer, std::span<BatchItem> items,
                  std::span<BatchItem>& taken) noexcept {
    const std::uint64_t element = ring_.geometry().element_size();
    std::uint64_t used = 0;
    std::size_t count = 0;
    std::uint64_t next = cursor;
    std::uint32_t pauses = style_.first_wait;
    while (sight.what == Look::item && count < items.size() && buffer.size() - used >= sight.count * element) {
      Memory::copy_out(buffer.data() + used, ring_.element(next), sight.count * element);
      items[count++] = {next, buffer.subspan(used, sight.count * element), sight.count};
      used += sight.count * element;
      next = sight.next;
      if (count == items.size()) break;
      sight = ring_.look(next);
      if (sight.what == Look::nothing && pauses != 0 && pauses <= style_.longest_wait) {
        for (std::uint32_t k = 0; k < pauses; ++k) Memory::pause();  // without a look: each takes the slot's line
        pauses *= 2;
        sight = ring_.look(next);
      }
    }
    const std::uint64_t reserved = ring_.reserved_index_after_copy();
    std::size_t first = 0;  // the oldest may have been overwritten under the copy, never the newer without the older
    while (first < count && !ring_.holds(items[first].index, reserved)) ++first;
    if (first == count && (count != 0 || !ring_.holds(cursor, reserved))) return on_gone(cursor, reserved);
    if (count == 0) {
      result_.count = sight.count;
      result_.index = cursor;
      return finish(Pop::too_small);
    }
    if (!position_.move(cursor, next)) return Step::again;
    if (first != 0) result_.add_loss(cursor, items[first].index);
    taken = items.subspan(first, count - first);
    result_.count = taken.front().count;
    result_.index = taken.front().index;
    return finish(Pop::item);
  }

  // The item at the cursor is not in the ring any more: overwritten, or the queue was reset between look and check.
  Step on_gone(std::uint64_t cursor, std::uint64_t reserved) noexcept {
    return reserved <= cursor ? on_nothing(cursor) : pass_lost(cursor);
  }

  Step on_nothing(std::uint64_t cursor) noexcept {
    const std::uint64_t reserved = ring_.reserved_index_after_copy();
    if (reserved < cursor) {  // C only goes back by a reset
      return position_.move(cursor, 0) ? finish(Pop::reset) : Step::again;
    }
    // Lapped at a slot that the later laps' larger items never publish in: waiting there would be for ever.
    if (reserved > cursor && !ring_.holds(cursor, reserved)) return pass_lost(cursor);
    return finish(Pop::empty);
  }

  Step on_jump(std::uint64_t cursor, std::uint64_t target) noexcept {
    const std::uint64_t reserved = ring_.reserved_index_after_copy();
    if (reserved <= cursor) return on_nothing(cursor);
    if (!ring_.holds(cursor, reserved)) return pass_lost(cursor);  // a later lap's marker: what it skips was not ours
    // No producer writes such a marker; following it could only lead out of the ring.
    if (target > reserved || target - cursor > ring_.geometry().capacity()) return finish(Pop::empty);
    if (position_.move(cursor, target)) result_.skipped += target - cursor;
    return Step::again;
  }

  Step on_overrun(std::uint64_t cursor) noexcept {
    // Not beyond C, whatever the slot says.
    return ring_.reserved_index_after_copy() <= cursor ? on_nothing(cursor) : pass_lost(cursor);
  }

  Step pass_lost(std::uint64_t cursor) noexcept {
    const std::uint64_t to = ring_.resync(cursor);
    if (position_.move(cursor, to)) result_.add_loss(cursor, to);
    return Step::again;
  }

  const BasicRing<Memory>& ring_;
  Position position_;
  ReadStyle style_;
  PopResult result_;
};

}  // namespace slickq
