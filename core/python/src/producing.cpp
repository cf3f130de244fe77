#include "producing.hpp"

#include <algorithm>
#include <utility>

namespace slickq::python {

Producing::Seated::Seated(Queue& queue, Seat taken)
    : seat(std::move(taken)), writer(queue.ring(), Journal(queue.annex(), queue.geometry()), seat.line()) {}

Producing::Producing(HandlePtr handle)
    : handle_(std::move(handle)), generation_(fork_generation()), lock_(handle_->queue, ProducersLock::Kind::shared) {}

Producing::~Producing() {
  if (generation_ == fork_generation()) abandon_all();
}

Producing::Seated* Producing::take_seat() {
  if (idle_.empty()) {
    Queue& queue = handle_->queue;
    seats_.push_back(std::make_unique<Seated>(queue, seats_.size() < kMostLines ? Seat::claim(queue) : Seat()));
    if (idle_.capacity() < seats_.size()) idle_.reserve(2 * seats_.size());  // giving one back allocates nothing
    idle_.push_back(seats_.back().get());
  }
  Seated* const seated = idle_.back();
  idle_.pop_back();
  return seated;
}

void Producing::make_place() {
  if (place_.empty()) place_ = open_.extract(open_.emplace(0, Open()));
}

Producing::OpenOnes::iterator Producing::take_out(OpenOnes::iterator which) noexcept {
  idle_.push_back(which->second.by);
  const auto next = std::next(which);
  place_ = open_.extract(which);
  return next;
}

// The thread that comes round to what it reserved itself will not publish it: it would wait for itself. What is to be
// put in ends at `end`.
void Producing::give_up_lapped(std::uint64_t end) noexcept {
  const std::uint64_t capacity = handle_->queue.geometry().capacity();
  for (auto lapped = open_.begin(); lapped != open_.end() && end > lapped->first + capacity;) {
    const Open& open = lapped->second;
    if (open.thread != std::this_thread::get_id()) {
      ++lapped;
      continue;
    }
    open.by->writer.abandon(lapped->first, open.end);
    lapped = take_out(lapped);
  }
}

void Producing::give_up_lapped_by_singles(std::uint64_t n) noexcept {
  const Ring& ring = handle_->queue.ring();
  give_up_lapped(ring.reserved_index() + n * ring.geometry().footprint(1));
}

std::optional<std::uint64_t> Producing::own_in_the_way(std::uint64_t n) const {
  const Ring& ring = handle_->queue.ring();
  if (open_.empty()) return std::nullopt;
  const std::uint64_t end = ring.reserved_index() + n;
  const std::uint64_t oldest = open_.begin()->first;
  return end > oldest + ring.geometry().capacity() ? std::optional(oldest) : std::nullopt;
}

Push Producing::reserve(std::uint32_t n, std::uint64_t& index) {
  const Ring& ring = handle_->queue.ring();
  const std::uint64_t footprint = ring.geometry().footprint(n);
  if (!open_.empty()) give_up_lapped(ring.next_start(n) + footprint);
  make_place();
  Seated* const seated = take_seat();
  Writer& writer = seated->writer;
  index = n == 1 ? writer.reserve_one() : kNoIndex;
  if (index == kNoIndex) index = writer.reserve(n);
  if (index == kNoIndex) {
    idle_.push_back(seated);
    wake_sleepers(handle_->queue.annex());  // detours are markers that they have to follow
    return writer.is_obstructed() ? Push::obstructed : Push::exhausted;
  }
  place_.key() = index;
  place_.mapped() = {index + footprint, n, seated, std::this_thread::get_id()};
  open_.insert(open_.end(), std::move(place_));
  return Push::pushed;
}

Producing::Published Producing::publish(std::uint64_t index, std::uint64_t n) {
  auto found = open_.upper_bound(index);
  if (found == open_.begin() || (--found)->first != index) {
    const std::uint64_t reserved = handle_->queue.ring().reserved_index();
    const bool lapped = index < reserved && reserved - index > handle_->queue.geometry().capacity();
    return lapped ? Published::late : Published::unknown;
  }
  const Open open = found->second;
  if (n > open.count) return Published::too_many;
  take_out(found);
  Writer& writer = open.by->writer;
  bool visible;
  if (open.count == 1) {
    visible = writer.publish_one(index);
  } else {
    visible = writer.publish(index, open.end, static_cast<std::uint32_t>(n));
    writer.done();
  }
  wake_sleepers(handle_->queue.annex());
  return visible ? Published::visible : Published::late;
}

// The caller waits itself, without the GIL.
Producer& Producing::producer() {
  if (!producer_) {
    ProducerOptions options;
    options.obstruction_patience = std::chrono::nanoseconds(0);
    producer_.emplace(handle_->queue, std::move(options));
  }
  return *producer_;
}

Push Producing::push(std::span<const std::byte> bytes) {
  if (!open_.empty()) [[unlikely]]
    give_up_lapped_by_singles(1);
  return producer().push(bytes);
}

Push Producing::push_batch(std::span<const std::byte> elements) {
  if (!open_.empty()) [[unlikely]]
    give_up_lapped_by_singles(elements.size() / handle_->queue.geometry().element_size());
  return producer().push_batch(elements);
}

void Producing::look_for_dead() noexcept { bury_the_dead(handle_->queue); }

void Producing::abandon_all() noexcept {
  const bool any = !open_.empty();
  for (auto each = open_.begin(); each != open_.end(); each = take_out(each)) {
    each->second.by->writer.abandon(each->first, each->second.end);
  }
  if (any) wake_sleepers(handle_->queue.annex());
}

void Producing::forget_all() noexcept {
  for (auto each = open_.begin(); each != open_.end(); each = take_out(each)) each->second.by->writer.done();
}

}  // namespace slickq::python
