#include "slickq/consumer.hpp"

#include <algorithm>

namespace slickq {
namespace {

// A consumer's own position: moving it cannot fail.
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

// A position others move too: whoever exchanges it first has the item.
class SharedPosition {
 public:
  explicit SharedPosition(AtomicCursor& cursor) noexcept : cursor_(&cursor) {}
  std::uint64_t load() const noexcept { return cursor_->load(); }
  bool move(std::uint64_t from, std::uint64_t to) noexcept { return cursor_->compare_exchange_weak(from, to); }

 private:
  AtomicCursor* cursor_;
};

void add_loss(PopResult& result, std::uint64_t from, std::uint64_t to) noexcept {
  if (result.lost == 0) result.first_lost = from;
  result.last_lost = to - 1;
  result.lost += to - from;
}

enum class Step : std::uint8_t { again, done };

template <class Position>
class Popper {
 public:
  Popper(const Ring& ring, Position position, std::span<std::byte> buffer) noexcept
      : ring_(ring), position_(position), buffer_(buffer) {}

  PopResult run() noexcept {
    for (;;) {
      const std::uint64_t cursor = position_.load();
      const Sight sight = ring_.look(cursor);
      Step step = Step::done;
      switch (sight.what) {
        case Look::nothing: step = on_nothing(cursor); break;
        case Look::jump: step = on_jump(cursor, sight.next); break;
        case Look::overrun: step = on_overrun(cursor); break;
        case Look::item: step = on_item(cursor, sight); break;
      }
      if (step == Step::done) return result_;
    }
  }

 private:
  Step finish(Pop what) noexcept {
    result_.what = what;
    return Step::done;
  }

  Step on_nothing(std::uint64_t cursor) noexcept {
    const std::uint64_t reserved = ring_.reserved_index_after_copy();
    if (reserved < cursor) {  // C only goes back by a reset
      return position_.move(cursor, 0) ? finish(Pop::reset) : Step::again;
    }
    // Lapped at a slot that the later laps' larger items never publish in: waiting there would be for ever.
    if (reserved > cursor && !ring_.holds(cursor, reserved)) return skip(cursor);
    return finish(Pop::empty);
  }

  Step on_jump(std::uint64_t cursor, std::uint64_t target) noexcept {
    const std::uint64_t reserved = ring_.reserved_index_after_copy();
    if (reserved <= cursor) return on_nothing(cursor);
    if (!ring_.holds(cursor, reserved)) return skip(cursor);  // a later lap's marker: what it skips was not ours
    // No producer writes such a marker; following it could only lead out of the ring.
    if (target > reserved || target - cursor > ring_.geometry().capacity()) return finish(Pop::empty);
    position_.move(cursor, target);
    return Step::again;
  }

  Step on_overrun(std::uint64_t cursor) noexcept {
    // Not beyond C, whatever the slot says.
    return ring_.reserved_index_after_copy() <= cursor ? on_nothing(cursor) : skip(cursor);
  }

  Step on_item(std::uint64_t cursor, const Sight& sight) noexcept {
    const std::uint64_t bytes = std::uint64_t{sight.count} * ring_.geometry().element_size();
    const bool fits = bytes <= buffer_.size();
    if (fits) HardwareMemory::copy_out(buffer_.data(), ring_.element(cursor), bytes);
    const std::uint64_t reserved = ring_.reserved_index_after_copy();
    if (reserved <= cursor) return on_nothing(cursor);  // reset between the look and here
    if (!ring_.holds(cursor, reserved)) return skip(cursor);
    result_.count = sight.count;
    result_.index = cursor;
    if (!fits) return finish(Pop::too_small);
    return position_.move(cursor, sight.next) ? finish(Pop::item) : Step::again;
  }

  Step skip(std::uint64_t cursor) noexcept {
    const std::uint64_t to = ring_.resync(cursor);
    if (position_.move(cursor, to)) add_loss(result_, cursor, to);
    return Step::again;
  }

  const Ring& ring_;
  Position position_;
  std::span<std::byte> buffer_;
  PopResult result_;
};

}  // namespace

std::uint64_t starting_cursor(const Ring& ring, Start start) noexcept {
  const std::uint64_t end = ring.reserved_index();
  const std::uint64_t capacity = ring.geometry().capacity();
  const std::uint64_t floor = end > capacity ? end - capacity : 0;
  switch (start.at) {
    case Start::At::newest: return end;
    case Start::At::index: return std::min(start.value, end);
    case Start::At::oldest: return floor == 0 ? 0 : ring.first_present(floor);
    case Start::At::back: {
      const std::uint64_t from = end - std::min(start.value, end - floor);
      return from == 0 ? 0 : ring.first_present(from);
    }
  }
  return end;
}

Consumer::Consumer(const Queue& queue, Start start) noexcept
    : ring_(&queue.ring()), cursor_(starting_cursor(queue.ring(), start)) {}

PopResult Consumer::pop_into(std::span<std::byte> buffer) noexcept {
  const PopResult result = Popper(*ring_, OwnPosition(cursor_), buffer).run();
  lost_ += result.lost;
  return result;
}

SharedConsumer::SharedConsumer(const Queue& queue, AtomicCursor cursor) noexcept
    : ring_(&queue.ring()), cursor_(cursor) {}

PopResult SharedConsumer::pop_into(std::span<std::byte> buffer) noexcept {
  const PopResult result = Popper(*ring_, SharedPosition(cursor_), buffer).run();
  lost_ += result.lost;
  return result;
}

}  // namespace slickq
