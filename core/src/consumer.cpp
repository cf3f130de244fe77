#include "slickq/consumer.hpp"

#include <algorithm>

namespace slickq {
namespace {

// A position others move too: whoever exchanges it first has the item.
class SharedPosition {
 public:
  explicit SharedPosition(AtomicCursor& cursor) noexcept : cursor_(&cursor) {}
  std::uint64_t load() const noexcept { return cursor_->load(); }
  bool move(std::uint64_t from, std::uint64_t to) noexcept { return cursor_->compare_exchange_weak(from, to); }

 private:
  AtomicCursor* cursor_;
};

template <class Position>
using Reader = BasicReader<HardwareMemory, Position>;

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
    : ConsumerBase(queue), cursor_(starting_cursor(queue.ring(), start)) {}

PopResult Consumer::pop_into(std::span<std::byte> buffer) noexcept {
  return counted(Reader<OwnPosition>(*ring_, OwnPosition(cursor_)).pop(buffer));
}

PopResult Consumer::pop_wait(std::span<std::byte> buffer, std::chrono::nanoseconds patience, Wait wait) noexcept {
  return wait_for(patience, wait, [&] { return pop_into(buffer); });
}

PopResult Consumer::pop_batch(std::span<std::byte> buffer, std::span<BatchItem> items,
                              std::span<BatchItem>& taken) noexcept {
  return counted(Reader<OwnPosition>(*ring_, OwnPosition(cursor_)).pop_batch(buffer, items, taken));
}

PopResult Consumer::peek(std::span<const std::byte>& elements) noexcept {
  const PopResult result = counted(Reader<OwnPosition>(*ring_, OwnPosition(cursor_)).peek());
  elements = {};
  if (result.what == Pop::item) {
    elements = {ring_->element(result.index), std::size_t{result.count} * ring_->geometry().element_size()};
  }
  return result;
}

SharedConsumer::SharedConsumer(const Queue& queue, AtomicCursor cursor) noexcept
    : ConsumerBase(queue), cursor_(cursor) {}

PopResult SharedConsumer::pop_into(std::span<std::byte> buffer) noexcept {
  return counted(Reader<SharedPosition>(*ring_, SharedPosition(cursor_)).pop(buffer));
}

PopResult SharedConsumer::pop_wait(std::span<std::byte> buffer, std::chrono::nanoseconds patience, Wait wait) noexcept {
  return wait_for(patience, wait, [&] { return pop_into(buffer); });
}

PopResult SharedConsumer::pop_batch(std::span<std::byte> buffer, std::span<BatchItem> items,
                                    std::span<BatchItem>& taken) noexcept {
  return counted(Reader<SharedPosition>(*ring_, SharedPosition(cursor_)).pop_batch(buffer, items, taken));
}

}  // namespace slickq
