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
    idle_.reserve(seats_.size());
    open_.reserve(seats_.size());
    idle_.push_back(seats_.back().get());
  }
  Seated* const seated = idle_.back();
  idle_.pop_back();
  return seated;
}

// The thread that comes round to what it reserved itself will not publish it: it would wait for itself.
void Producing::give_up_lapped(std::uint32_t n) {
  const Ring& ring = handle_->queue.ring();
  const std::uint64_t end = ring.next_start(n) + ring.geometry().footprint(n);
  while (!open_.empty() && end > open_.front().index + ring.geometry().capacity() &&
         open_.front().thread == std::this_thread::get_id()) {
    const Open lapped = open_.front();
    open_.erase(open_.begin());
    lapped.by->writer.abandon(lapped.index, lapped.end);
    idle_.push_back(lapped.by);
  }
}

Push Producing::reserve(std::uint32_t n, std::uint64_t& index) {
  if (!open_.empty()) give_up_lapped(n);
  Seated* const seated = take_seat();
  Writer& writer = seated->writer;
  index = n == 1 ? writer.reserve_one() : kNoIndex;
  if (index == kNoIndex) index = writer.reserve(n);
  if (index == kNoIndex) {
    idle_.push_back(seated);
    wake_sleepers(handle_->queue.annex());  // detours are markers that they have to follow
    return writer.is_obstructed() ? Push::obstructed : Push::exhausted;
  }
  open_.push_back({index, index + handle_->queue.geometry().footprint(n), n, seated, std::this_thread::get_id()});
  return Push::pushed;
}

Producing::Published Producing::publish(std::uint64_t index, std::uint64_t n) {
  auto found = open_.end();
  while (found != open_.begin() && (found - 1)->index != index) --found;  // mostly the newest
  if (found == open_.begin()) {
    const std::uint64_t reserved = handle_->queue.ring().reserved_index();
    const bool lapped = index < reserved && reserved - index > handle_->queue.geometry().capacity();
    return lapped ? Published::late : Published::unknown;
  }
  const Open open = *--found;
  if (n > open.count) return Published::too_many;
  open_.erase(found);
  Writer& writer = open.by->writer;
  bool visible;
  if (open.count == 1) {
    visible = writer.publish_one(index);
  } else {
    visible = writer.publish(index, open.end, static_cast<std::uint32_t>(n));
    writer.done();
  }
  idle_.push_back(open.by);
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

Push Producing::push(std::span<const std::byte> bytes) { return producer().push(bytes); }
Push Producing::push_batch(std::span<const std::byte> elements) { return producer().push_batch(elements); }

void Producing::look_for_dead() noexcept { bury_the_dead(handle_->queue); }

void Producing::abandon_all() noexcept {
  for (const Open& open : open_) {
    open.by->writer.abandon(open.index, open.end);
    idle_.push_back(open.by);
  }
  if (!open_.empty()) wake_sleepers(handle_->queue.annex());
  open_.clear();
}

void Producing::forget_all() noexcept {
  for (const Open& open : open_) {
    open.by->writer.done();
    idle_.push_back(open.by);
  }
  open_.clear();
}

}  // namespace slickq::python
