#include "slickq/consumer.hpp"

#include <algorithm>
#include <chrono>
#include <new>

#include "slickq/shared_position.hpp"

namespace slickq {
namespace {

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

namespace {

bool got_on(const PopResult& result) noexcept { return result.lost != 0 || result.skipped != 0; }

constexpr std::size_t kStageItems = 64;
constexpr std::uint64_t kStageBytes = 64 * 1024;
// Polling::throughput: how long a look that found nothing is rested from. Longer rests make faster producers, and every
// rest is latency: 10 us is what such a reader may cost. In small rings less, or a fast producer would lap the sleeper:
// an eighth of the ring, at 10 ns an item.
constexpr std::uint64_t kRestNs = 10'000;
constexpr std::uint64_t kItemNs = 10;

// It differs by the core from 3 to 50 ns.
std::uint64_t pauses_in_a_microsecond() noexcept {
  static const std::uint64_t pauses = [] {
    constexpr std::uint64_t kSample = 1000;
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t k = 0; k < kSample; ++k) HardwareMemory::pause();
    const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - begin;
    return std::clamp<std::uint64_t>(
        kSample * 1000 / std::max<std::uint64_t>(static_cast<std::uint64_t>(took.count()), 1), 5, 1000);
  }();
  return pauses;
}

std::uint32_t rest_of(Polling polling, const Geometry& geometry) noexcept {
  if (polling == Polling::latency) return 0;
  const std::uint64_t ns = std::min(kRestNs, geometry.slot_count() / 8 * kItemNs);
  return static_cast<std::uint32_t>(ns * pauses_in_a_microsecond() / 1000);
}

}  // namespace

Consumer::Consumer(const Queue& queue, Start start, Polling polling) noexcept
    : ConsumerBase(queue),
      cursor_(starting_cursor(queue.ring(), start)),
      polling_(polling),
      rest_(rest_of(polling, queue.geometry())) {}

ReadStyle Consumer::style() const noexcept {
  ReadStyle style;
  style.check_when_empty = is_worth_a_look_at_c() || (empties_ != 0 && is_lapped());
  style.first_wait = rest_ / 4;
  style.longest_wait = rest_ * 2;
  return style;
}

// Before a look, when the last found nothing: let some items come.
void Consumer::rest() const noexcept {
  for (std::uint32_t k = 0; empties_ != 0 && k < rest_; ++k) HardwareMemory::pause();
}

PopResult Consumer::seen(const PopResult& result) noexcept {
  empties_ = result.what == Pop::empty ? empties_ + 1 : 0;
  if (result.what == Pop::item) last_ = result.index;
  return counted(result);
}

PopResult Consumer::pop_into(std::span<std::byte> buffer) noexcept {
  if (polling_ == Polling::throughput || next_ != staged_) return pop_staged(buffer);
  if (is_still_empty()) return {};
  return seen(Reader<OwnPosition>(*ring_, OwnPosition(cursor_), style()).pop(buffer));
}

PopResult Consumer::pop_staged(std::span<std::byte> buffer) noexcept {
  std::span<const std::byte> bytes;
  PopResult result = pop(bytes);
  if (result.what != Pop::item) return result;
  if (bytes.size() > buffer.size()) {
    --next_;  // it stays
    result.what = Pop::too_small;
  } else {
    HardwareMemory::copy_out(buffer.data(), bytes.data(), bytes.size());
  }
  return result;
}

PopResult Consumer::pop_wait(std::span<std::byte> buffer, std::chrono::nanoseconds patience, Wait wait) noexcept {
  // A look before a sleep is worth a look at C.
  const bool sleeps = wait.kind() == Wait::Kind::backoff || wait.kind() == Wait::Kind::block;
  sleeps_from_ = sleeps ? wait.spins() : ~std::uint32_t{0};
  const PopResult result = wait_for(patience, wait, [&] { return pop_into(buffer); });
  sleeps_from_ = ~std::uint32_t{0};
  return result;
}

PopResult Consumer::pop_batch(std::span<std::byte> buffer, std::span<BatchItem> items,
                              std::span<BatchItem>& taken) noexcept {
  if (next_ != staged_) seek(cursor());
  rest();
  return seen(Reader<OwnPosition>(*ring_, OwnPosition(cursor_), style()).pop_batch(buffer, items, taken));
}

bool Consumer::make_stage(std::uint64_t bytes) noexcept {
  if (!stage_items_) stage_items_.reset(new (std::nothrow) BatchItem[kStageItems]);
  if (stage_items_ && bytes > stage_size_) {
    stage_bytes_.reset(new (std::nothrow) std::byte[bytes]);
    stage_size_ = stage_bytes_ ? bytes : 0;
  }
  return stage_items_ && stage_size_ >= bytes;
}

// In a hurry, and the last look found nothing: what comes now comes alone, and the machinery of a batch would only hold
// it up.
PopResult Consumer::stage_one(std::span<const std::byte>& bytes) noexcept {
  PopResult result =
      seen(Reader<OwnPosition>(*ring_, OwnPosition(cursor_), style()).pop({stage_bytes_.get(), stage_size_}));
  if (result.what == Pop::item) {
    bytes = {stage_bytes_.get(), result.count * std::size_t{ring_->geometry().element_size()}};
  } else if (result.what == Pop::too_small && got_on(result)) {
    result.what = Pop::empty;  // as below
  }
  return result;
}

PopResult Consumer::restage(std::span<const std::byte>& bytes) noexcept {
  bytes = {};
  if (polling_ == Polling::latency && empties_ != 0 && stage_size_ != 0) {
    const PopResult one = stage_one(bytes);
    if (one.what != Pop::too_small) return one;
  }
  const std::uint64_t element = ring_->geometry().element_size();
  std::uint64_t need = std::max(element, std::min(kStageBytes, kStageItems * element));
  for (;;) {
    PopResult result;
    result.what = Pop::too_small;
    if (!make_stage(need)) return result;
    std::span<BatchItem> taken;
    result = pop_batch({stage_bytes_.get(), stage_size_}, {stage_items_.get(), kStageItems}, taken);
    if (result.what == Pop::item) {
      next_ = static_cast<std::size_t>(taken.data() - stage_items_.get());
      staged_ = next_ + taken.size();
      hand_out(bytes);
      return result;
    }
    if (result.what != Pop::too_small) return result;
    need = result.count * element;
    if (!got_on(result)) continue;
    result.what = Pop::empty;  // what was passed is told now; the item is for the next call
    return result;
  }
}

PopResult Consumer::peek(std::span<const std::byte>& elements) noexcept {
  if (next_ != staged_) seek(cursor());
  rest();
  ReadStyle looks = style();
  looks.check_peeked = peeked_ == cursor_;  // again: was it found to be gone?
  const PopResult result = seen(Reader<OwnPosition>(*ring_, OwnPosition(cursor_), looks).peek());
  peeked_ = cursor_;
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
