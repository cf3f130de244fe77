#include "slickq/producer.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "slickq/error.hpp"

namespace slickq {

Producer::Producer(Queue& queue, ProducerOptions options)
    : pid_(getpid()),
      queue_(&queue),
      ring_(&queue.ring()),
      annex_(queue.annex()),
      seat_(Seat::claim(queue)),
      writer_(queue.ring(), Journal(queue.annex(), queue.geometry()), seat_.line()),
      options_(std::move(options)) {
  if (!queue.writable()) {
    throw Error(Errc::permission, queue.name(), "mapped read-only, and a producer writes",
                "ask its owner for write permission");
  }
}

Push Producer::push(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() > ring_->geometry().element_size()) return Push::too_large;
  return put(bytes, 1);
}

Push Producer::push_block(std::span<const std::byte> elements) noexcept {
  const std::uint64_t size = ring_->geometry().element_size();
  const std::uint64_t count = elements.empty() ? 1 : (elements.size() + size - 1) / size;
  if (count > ring_->geometry().capacity()) return Push::too_large;
  return put(elements, static_cast<std::uint32_t>(count));
}

Push Producer::push_batch(std::span<const std::byte> elements) noexcept {
  while (!elements.empty()) {
    // Half a ring at most in one step: readers shall have the time to read the first half.
    const std::uint32_t most = std::max(ring_->geometry().slot_count() / 2, 1u);
    const Push done = put_singles(elements, most);
    if (done != Push::pushed) return done;
  }
  return Push::pushed;
}

// C may go so far: the ring less what the slowest respected cursor has not passed.
std::uint64_t Producer::limit() noexcept {
  if (options_.respect.empty()) return kMaxIndex;
  std::uint64_t slowest = kMaxIndex;
  for (const AtomicCursor& cursor : options_.respect) slowest = std::min(slowest, cursor.load());
  if (writer_.is_awaited_in_one_slot(slowest) && may_go_over(slowest)) slowest += ring_->geometry().capacity();
  return std::min(slowest + ring_->geometry().capacity(), kMaxIndex - 1);
}

// What was given up in a ring of one slot, abandoned or by a death, has no marker: readers stand before it until a push
// goes over it. One that waited for them would wait for ever. Not at once: a producer without a journal line may be at
// work there.
bool Producer::may_go_over(std::uint64_t hole) noexcept {
  const auto now = Waiter::Clock::now();
  if (std::exchange(hole_, hole) != hole) hole_since_ = now;
  if (now - hole_since_ < options_.obstruction_patience) return false;
  bury_the_dead(*queue_);
  if (writer_.is_given_up_in_one_slot(hole)) return true;
  hole_since_ = now;  // somebody lives there: asked again when as much time has passed
  return false;
}

Push Producer::try_reserve(std::uint32_t count, std::uint64_t& index) noexcept {
  index = writer_.reserve(count, limit());
  if (index != kNoIndex) return Push::pushed;
  if (writer_.is_obstructed()) return Push::obstructed;
  return options_.respect.empty() ? Push::exhausted : Push::timed_out;
}

Push Producer::reserve_index(std::uint32_t count, std::uint64_t& index) noexcept {
  if (has_open_reservation_) return Push::busy;
  const Push tried = try_reserve(count, index);
  return tried == Push::timed_out || tried == Push::obstructed ? wait_to_reserve(tried, count, index) : tried;
}

// Waiting happens with nothing reserved: who reserves first makes C run ahead, and every reader's check fails.
Push Producer::wait_to_reserve(Push why, std::uint32_t count, std::uint64_t& index) noexcept {
  using Clock = Waiter::Clock;
  constexpr auto kAskAgain = std::chrono::milliseconds(20);
  const auto begun = Clock::now();
  constexpr int kBlindTries = 16;
  int tries = 0;
  std::uint64_t seen = ring_->reserved_index();
  auto obstructed_since = begun;
  auto ask_at = begun + std::chrono::milliseconds(1);  // most are only preempted
  Waiter waiter(options_.wait, nullptr, false);
  waiter.until(Clock::time_point::max(), [&] {
    // Who stands in the way may have died there: then nobody but the kernel knows it.
    if (writer_.is_hindered() && Clock::now() >= ask_at) {
      bury_the_dead(*queue_);
      ask_at = Clock::now() + kAskAgain;
    }
    if (why != Push::obstructed) obstructed_since = Clock::now();
    // Some tries find a way round who stands still. Then, or where nobody can know where he will write, only what would
    // be clear: a detour pushes unread items out.
    const bool may_help = tries < kBlindTries && !writer_.is_undecided(count);
    if (why != Push::obstructed || may_help || !writer_.would_detour(count)) {
      ++tries;
      why = try_reserve(count, index);
    }
    wake_if_moved(seen);
    if (why == Push::obstructed) return Clock::now() - obstructed_since >= options_.obstruction_patience;
    return why != Push::timed_out || Clock::now() - begun >= options_.patience;
  });
  return why;
}

// A jump that made room for a block, and detours, are markers that sleeping consumers have to follow.
void Producer::wake_if_moved(std::uint64_t& seen) noexcept {
  const std::uint64_t reserved = ring_->reserved_index();
  if (reserved != std::exchange(seen, reserved)) wake_sleepers(annex_);
}

void Producer::fill(std::uint64_t index, std::span<const std::byte> bytes, std::uint32_t count) noexcept {
  std::byte* const to = ring_->element(index);
  HardwareMemory::copy_in(to, bytes.data(), bytes.size());
  HardwareMemory::fill_in(to + bytes.size(), std::uint64_t{count} * ring_->geometry().element_size() - bytes.size());
}

void Producer::count_pushed(std::uint64_t index) noexcept {
  last_index_ = index;
  ++pushed_items_;
}

Push Producer::put(std::span<const std::byte> bytes, std::uint32_t count) noexcept {
  for (;;) {
    std::uint64_t index;
    const Push reserved = reserve_index(count, index);
    if (reserved != Push::pushed) return reserved;
    fill(index, bytes, count);
    const bool visible = writer_.publish(index, index + ring_->geometry().footprint(count), count);
    writer_.done();
    wake_sleepers(annex_);
    if (visible) {
      count_pushed(index);
      return Push::pushed;
    }
    ++late_;
  }
}

Push Producer::put_first(std::span<const std::byte>& left) noexcept {
  const std::size_t bytes = std::min<std::size_t>(left.size(), ring_->geometry().element_size());
  const Push done = put(left.first(bytes), 1);
  if (done == Push::pushed) left = left.subspan(bytes);
  return done;
}

// As many of `left` as `most` allows, in one atomic step. One that cannot go where it was reserved ends the step: what
// comes after it must stay after it.
Push Producer::put_singles(std::span<const std::byte>& left, std::uint32_t most) noexcept {
  const std::uint64_t size = ring_->geometry().element_size();
  const std::uint64_t step = ring_->geometry().items_per_slot();
  if (!options_.respect.empty() || writer_.is_near_the_end()) most = 1;
  const auto k = static_cast<std::uint32_t>(std::min<std::uint64_t>((left.size() + size - 1) / size, most));
  if (k <= 1) return put_first(left);
  if (has_open_reservation_) return Push::busy;
  std::uint64_t index = writer_.reserve_singles(k);
  if (index == kNoIndex) return Push::exhausted;
  const std::uint64_t begin = index;
  const std::uint64_t end = index + k * step;
  for (; index != end; index += step) {
    if (!writer_.is_clear(index, step)) {
      writer_.count_detour();
      break;
    }
    const std::size_t bytes = std::min<std::size_t>(left.size(), size);
    fill(index, left.first(bytes), 1);
    if (!writer_.publish(index, index + step, 1)) {
      ++late_;
      break;
    }
    count_pushed(index);
    left = left.subspan(bytes);
  }
  if (index == end) {
    writer_.done();
  } else {
    writer_.abandon(index, end);
  }
  wake_sleepers(annex_);
  return index != begin ? Push::pushed : put_first(left);  // alone it finds a way round, or says that there is none
}

Reservation Producer::reserve(std::uint32_t count) noexcept {
  if (count == 0 || count > ring_->geometry().capacity()) return {*this, Push::too_large, kNoIndex, 0};
  std::uint64_t index;
  const Push reserved = reserve_index(count, index);
  if (reserved != Push::pushed) return {*this, reserved, kNoIndex, count};
  has_open_reservation_ = true;
  return {*this, reserved, index, count};
}

Reservation::Reservation(Reservation&& other) noexcept
    : producer_(other.producer_),
      what_(other.what_),
      index_(std::exchange(other.index_, kNoIndex)),
      count_(other.count_) {}

// Not in a forked child: the reservation is its parent's.
Reservation::~Reservation() {
  if (index_ != kNoIndex && producer_->pid_ == getpid()) abandon();
}

std::span<std::byte> Reservation::data() const noexcept {
  if (index_ == kNoIndex) return {};
  return {producer_->ring_->element(index_), std::size_t{count_} * producer_->ring_->geometry().element_size()};
}

Push Reservation::publish(std::uint32_t count) noexcept {
  const std::uint64_t index = std::exchange(index_, kNoIndex);
  if (index == kNoIndex) return what_;
  if (count == 0 || count > count_) count = count_;
  const std::uint64_t end = index + producer_->ring_->geometry().footprint(count_);
  const bool visible = producer_->writer_.publish(index, end, count);
  producer_->writer_.done();
  producer_->has_open_reservation_ = false;
  wake_sleepers(producer_->annex_);
  if (visible) {
    producer_->count_pushed(index);
    return Push::pushed;
  }
  ++producer_->late_;
  return what_ = Push::late;
}

void Reservation::abandon() noexcept {
  const std::uint64_t index = std::exchange(index_, kNoIndex);
  if (index == kNoIndex) return;
  producer_->writer_.abandon(index, index + producer_->ring_->geometry().footprint(count_));
  producer_->has_open_reservation_ = false;
  wake_sleepers(producer_->annex_);
}

}  // namespace slickq
