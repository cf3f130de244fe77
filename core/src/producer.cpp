#include "slickq/producer.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "slickq/error.hpp"

namespace slickq {

namespace {

ProducersLock::Kind lock_kind(ProducerMode mode) noexcept {
  return mode == ProducerMode::single ? ProducersLock::Kind::alone : ProducersLock::Kind::shared;
}

// Six items: fewer, and the lines are not here in time; more are more than the processor fetches at once. Measured with
// 64 bytes, of 5 to 16. A longer element's other lines follow by themselves.
constexpr std::uint64_t kAhead = 6;
constexpr std::uint32_t kLine = 64;
constexpr std::uint32_t kMostPrefetched = 256;
// Within a run no locked instruction waits for them: more are under way. `slickq bench --batch 16 --elem B` with 6, 8,
// 12 and 16, in million items a second: 8 bytes 43 to 51, 54, 57, 60; 64 bytes 32, (10 ahead) 34, 41.
constexpr std::uint64_t kAheadInRun = 16;
// A run's elements are copied in one piece. From some KiB on that writes whole lines without fetching them first, and
// asking for them only costs: 256 bytes 30 with, 35 without; 128 bytes 28 and 27; 512 bytes 23 and 25.
constexpr std::uint32_t kMostPrefetchedInRun = 128;

std::uint64_t ahead_in_run(const Geometry& geometry) noexcept {
  return geometry.element_size() > kMostPrefetchedInRun ? 0 : kAheadInRun * geometry.items_per_slot();
}

Queue& writable(Queue& queue) {
  if (queue.writable()) return queue;
  throw Error(Errc::permission, queue.name(), "mapped read-only, and a producer writes",
              "ask its owner for write permission");
}

}  // namespace

inline void Producer::fill(std::uint64_t index, std::span<const std::byte> bytes, std::uint32_t count) noexcept {
  std::byte* const to = ring_->element(index);
  HardwareMemory::copy_in(to, bytes.data(), bytes.size());
  const std::uint64_t room = std::uint64_t{count} * ring_->geometry().element_size();
  if (bytes.size() != room) HardwareMemory::fill_in(to + bytes.size(), room - bytes.size());
}

Producer::Producer(Queue& queue, ProducerOptions options)
    : pid_(getpid()),
      queue_(&writable(queue)),
      ring_(&queue.ring()),
      annex_(queue.annex()),
      alone_(options.mode == ProducerMode::single),
      limited_(!options.respect.empty()),
      prefetched_bytes_(std::min(queue.geometry().element_size(), kMostPrefetched)),
      ahead_(kAhead * queue.geometry().items_per_slot()),
      ahead_in_run_(ahead_in_run(queue.geometry())),
      limit_(limited_ ? 0 : kMaxIndex),
      lock_(queue, lock_kind(options.mode)),
      seat_(Seat::claim(queue)),
      writer_(queue.ring(), Journal(queue.annex(), queue.geometry()), seat_.line()),
      sole_(queue.ring(), Journal(queue.annex(), queue.geometry()), seat_.line()),
      options_(std::move(options)) {
  if (!alone_) return;
  expects_barriers_ = true;
  has_barriers_ = detail::expect_barriers();
  sole_.begin();
}

Burst Producer::burst(std::uint32_t k) noexcept {
  if (!std::exchange(expects_barriers_, true)) has_barriers_ = detail::expect_barriers();
  return {*this, k};
}

Push Producer::push(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() > ring_->geometry().element_size()) return Push::too_large;
  if (engaged_) return Push::busy;
  return alone_ ? push_one(sole_, bytes) : push_one(writer_, bytes);
}

// The usual case of put() in one piece: nobody is in the way, and there is room.
template <class AnyWriter>
Push Producer::push_one(AnyWriter& writer, std::span<const std::byte> bytes) noexcept {
  prefetch_now(writer.expected());
  const std::uint64_t index = writer.reserve_one(limit_);
  if (index == kNoIndex) [[unlikely]]
    return put(bytes, 1);
  doubt_limit(index, index + ring_->geometry().items_per_slot());
  prefetch_ahead(index, ahead_);
  fill(index, bytes, 1);
  const bool visible = writer.publish_one(index);
  make_visible();
  wake_sleepers(annex_);
  if (visible) [[likely]] {
    count_pushed(index, 1);
    return Push::pushed;
  }
  ++late_;
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
    const Push done = put_run(elements);
    if (done != Push::pushed) return done;
  }
  return Push::pushed;
}

// Ask the respected cursors how far C may go: the ring, less what the slowest has not passed. Is it farther than known?
// They are asked when what is known does not suffice: each look takes a line away from a consumer.
bool Producer::raise_limit() noexcept {
  if (!limited_) return false;
  std::uint64_t slowest = kMaxIndex;
  for (const AtomicCursor& cursor : options_.respect) slowest = std::min(slowest, cursor.load());
  if (writer_.is_awaited_in_one_slot(slowest) && may_go_over(slowest)) slowest += ring_->geometry().capacity();
  const std::uint64_t known = std::exchange(limit_, std::min(slowest + ring_->geometry().capacity(), kMaxIndex - 1));
  return limit_ > known;
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

// What is known of the cursors is of before a reset, when C went back, or when it is more than a ring ahead: no cursor
// is ahead of C. Then they are asked before the next reservation.
void Producer::doubt_limit(std::uint64_t index, std::uint64_t end) noexcept {
  if (!limited_) return;
  if (index < reserved_end_ || limit_ > index + ring_->geometry().capacity()) limit_ = 0;
  reserved_end_ = end;
}

Push Producer::try_reserve(std::uint32_t count, std::uint64_t& index) noexcept {
  do {
    index = alone_ ? sole_.reserve(count, limit_) : writer_.reserve(count, limit_);
    if (index != kNoIndex) {
      doubt_limit(index, index + ring_->geometry().footprint(count));
      return Push::pushed;
    }
    if (!alone_ && writer_.is_obstructed()) return Push::obstructed;
  } while (raise_limit());
  return limited_ ? Push::timed_out : Push::exhausted;
}

Push Producer::reserve_index(std::uint32_t count, std::uint64_t& index) noexcept {
  if (engaged_) return Push::busy;
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
  wake_sleepers(annex_);  // the try that led here may have left markers, and perhaps we wait for who sleeps there
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

// A consumer at our heels has looked at C, and at the slot we are about to publish in, so that header, slot and element
// are with it: asked for together they come in the time of one. (Ping-pong, p50: 433 to 300 ns, of the only producer
// 385 to 216.)
void Producer::prefetch_now(std::uint64_t expected) const noexcept {
  HardwareMemory::prefetch_for_write(ring_->base());
  if (expected == kNoIndex) return;
  HardwareMemory::prefetch_for_write(ring_->slot(expected));
  HardwareMemory::prefetch_for_write(ring_->element(expected));
}

// The lines that this producer writes some items later are with the reader of a lap ago: asked for now, they are here
// by then.
void Producer::prefetch_ahead(std::uint64_t index, std::uint64_t by) const noexcept {
  const std::uint64_t then = index + by;
  HardwareMemory::prefetch_for_write(ring_->slot(then));
  const std::byte* const element = ring_->element(then);
  HardwareMemory::prefetch_for_write(element);
  for (std::uint32_t at = kLine; at < prefetched_bytes_; at += kLine) HardwareMemory::prefetch_for_write(element + at);
}

void Producer::count_pushed(std::uint64_t last, std::uint64_t items) noexcept {
  last_index_ = last;
  pushed_items_ += items;
}

// Behind a publish by plain stores, before we look who sleeps: where sleepers cannot make us see them (wait.hpp).
void Producer::make_visible() const noexcept {
  if (!has_barriers_) HardwareMemory::fence(std::memory_order_seq_cst);
}

bool Producer::publish(std::uint64_t index, std::uint32_t reserved, std::uint32_t count) noexcept {
  const std::uint64_t end = index + ring_->geometry().footprint(reserved);
  bool visible = true;
  if (alone_) {
    sole_.publish(index, end, count);
    make_visible();
  } else {
    visible = writer_.publish(index, end, count);
    writer_.done();
  }
  wake_sleepers(annex_);
  visible ? count_pushed(index, 1) : void(++late_);
  return visible;
}

void Producer::abandon(std::uint64_t index, std::uint32_t reserved) noexcept {
  const std::uint64_t end = index + ring_->geometry().footprint(reserved);
  alone_ ? sole_.mark_dead(index, end) : writer_.abandon(index, end);
  wake_sleepers(annex_);
}

Push Producer::put(std::span<const std::byte> bytes, std::uint32_t count) noexcept {
  for (;;) {
    std::uint64_t index;
    const Push reserved = reserve_index(count, index);
    if (reserved != Push::pushed) return reserved;
    prefetch_ahead(index, ahead_);
    fill(index, bytes, count);
    if (publish(index, count, count)) return Push::pushed;
  }
}

Push Producer::put_first(std::span<const std::byte>& left) noexcept {
  const std::size_t bytes = std::min<std::size_t>(left.size(), ring_->geometry().element_size());
  const Push done = put(left.first(bytes), 1);
  if (done == Push::pushed) left = left.subspan(bytes);
  return done;
}

// One item of a run that is published one by one. False: it cannot go there.
template <class AnyWriter>
bool Producer::put_in_run(AnyWriter& writer, std::uint64_t index, std::span<const std::byte> bytes) noexcept {
  if (!writer.is_clear_one(index)) [[unlikely]] {
    writer.count_detour();
    return false;
  }
  prefetch_ahead(index, ahead_);
  fill(index, bytes, 1);
  if (!writer.put_up_one(index)) [[unlikely]] {
    ++late_;
    return false;
  }
  count_pushed(index, 1);
  return true;
}

// A run: some items of one slot each, reserved in one step. Nothing when there is no room for two.
Singles Producer::reserve_run(std::uint32_t k) noexcept {
  // Half a ring at most in one step: readers shall have the time to read the first half.
  k = std::min({k, kMostRunSlots, ring_->geometry().slot_count() / 2});
  if (k < 2 || engaged_) return {};
  for (;;) {
    const Singles run = alone_ ? sole_.reserve_singles(k, limit_) : writer_.reserve_singles(k, limit_);
    if (run.count != 0) doubt_limit(run.index, run.index + run.count * ring_->geometry().items_per_slot());
    if (run.count != 0 || !raise_limit()) return run;
  }
}

bool Producer::is_clear(std::uint64_t index) noexcept {
  if (alone_ || writer_.is_clear_one(index)) return true;
  writer_.count_detour();
  return false;
}

// Returns up to where they are visible.
std::uint64_t Producer::put_up(std::uint64_t from, std::uint64_t to) noexcept {
  const std::uint64_t step = ring_->geometry().items_per_slot();
  std::uint64_t used = to;
  if (from == to) return to;
  if (alone_) {
    sole_.put_up(from, to);
  } else {
    used = writer_.put_up(from, to);
  }
  if (used != to) ++late_;
  if (used != from) count_pushed(used - step, (used - from) / step);
  return used;
}

void Producer::finish_run(std::uint64_t begin, std::uint64_t used, std::uint64_t end) noexcept {
  alone_ ? sole_.finish(begin, used, end) : writer_.finish(begin, used, end);
  make_visible();
  wake_sleepers(annex_);
}

// Where items lie one behind the other, in one piece, or two at the end of the ring. (Item by item: 128 bytes 23.5 for
// 28 million a second, 64 bytes 39 for 42.)
void Producer::fill_run(std::uint64_t from, std::uint64_t to, std::span<const std::byte> bytes) noexcept {
  const Geometry& geometry = ring_->geometry();
  const std::uint32_t step = geometry.items_per_slot();
  while (from != to) {
    const std::uint64_t room = geometry.capacity() - (from & geometry.mask());
    const std::uint64_t count = step == 1 ? std::min(to - from, room) : 1;
    const auto piece = bytes.first(std::min<std::size_t>(bytes.size(), count * geometry.element_size()));
    fill(from, piece, static_cast<std::uint32_t>(count));
    bytes = bytes.subspan(piece.size());
    from += count * step;
  }
}

// One that cannot go where it was reserved ends the run: what comes after it must stay after it.
Push Producer::put_run(std::span<const std::byte>& left) noexcept {
  const std::uint64_t size = ring_->geometry().element_size();
  const std::uint64_t step = ring_->geometry().items_per_slot();
  const Singles run =
      reserve_run(static_cast<std::uint32_t>(std::min<std::uint64_t>((left.size() + size - 1) / size, kMostRunSlots)));
  if (run.count == 0) return put_first(left);
  const std::uint64_t end = run.index + run.count * step;
  std::uint64_t at = run.index;
  for (; at != end && is_clear(at); at += step) {
    if (ahead_in_run_ != 0) prefetch_ahead(at, ahead_in_run_);
  }
  fill_run(run.index, at, left);
  const std::uint64_t used = put_up(run.index, at);
  finish_run(run.index, used, end);
  left = left.subspan(std::min<std::size_t>(left.size(), (used - run.index) / step * size));
  return used != run.index ? Push::pushed : put_first(left);  // alone it finds a way round, or says that there is none
}

Push Burst::push(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() > producer_.ring_->geometry().element_size()) return Push::too_large;
  return producer_.alone_ ? push_by(producer_.sole_, bytes) : push_by(producer_.writer_, bytes);
}

template <class AnyWriter>
Push Burst::push_by(AnyWriter& writer, std::span<const std::byte> bytes) noexcept {
  if (begin_ == end_ && !begin_run()) [[unlikely]]
    return producer_.put(bytes, 1);
  if (!producer_.put_in_run(writer, next_, bytes)) [[unlikely]] {
    end();
    return producer_.put(bytes, 1);
  }
  next_ += producer_.ring_->geometry().items_per_slot();
  if (next_ == end_) {
    end();
  } else {
    producer_.make_visible();
    wake_sleepers(producer_.annex_);
  }
  return Push::pushed;
}

bool Burst::begin_run() noexcept {
  const Singles run = producer_.reserve_run(k_);
  if (run.count == 0) return false;
  begin_ = next_ = run.index;
  end_ = run.index + run.count * producer_.ring_->geometry().items_per_slot();
  producer_.engaged_ = true;
  return true;
}

// Not in a forked child: the run is its parent's.
Burst::~Burst() {
  if (begin_ != end_ && producer_.pid_ == getpid()) end();
}

void Burst::end() noexcept {
  if (begin_ == end_) return;
  producer_.engaged_ = false;
  producer_.finish_run(begin_, next_, end_);
  begin_ = next_ = end_;
}

Reservation Producer::reserve(std::uint32_t count) noexcept {
  if (count == 0 || count > ring_->geometry().capacity()) return {*this, Push::too_large, kNoIndex, 0};
  std::uint64_t index;
  const Push reserved = reserve_index(count, index);
  if (reserved != Push::pushed) return {*this, reserved, kNoIndex, count};
  engaged_ = true;
  return {*this, reserved, index, count};
}

Reservation::Reservation(Reservation&& other) noexcept
    : producer_(other.producer_),
      what_(std::exchange(other.what_, Push::late)),
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
  producer_->engaged_ = false;
  return producer_->publish(index, count_, count) ? Push::pushed : what_ = Push::late;
}

void Reservation::abandon() noexcept {
  const std::uint64_t index = std::exchange(index_, kNoIndex);
  if (index == kNoIndex) return;
  what_ = Push::late;
  producer_->engaged_ = false;
  producer_->abandon(index, count_);
}

}  // namespace slickq
