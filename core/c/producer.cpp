#include "slickq/producer.hpp"

#include <string>
#include <utility>

#include "boundary.hpp"
#include "handles.hpp"
#include "slickq/error.hpp"

using slickq::Producer;
using slickq::ProducerMode;
using slickq::Push;
using slickq::c::guarded;
using slickq::c::is_null;

namespace {

constexpr std::uint32_t kMostBurst = 16;

using Bytes = std::span<const std::byte>;
Bytes bytes_of(const void* at, std::size_t size) noexcept { return {static_cast<const std::byte*>(at), size}; }

[[gnu::cold]] slickq_status not_pushed(const char* call, Push what) noexcept {
  switch (what) {
    case Push::pushed: break;
    case Push::timed_out: return SLICKQ_TIMED_OUT;
    case Push::obstructed: return SLICKQ_OBSTRUCTED;
    case Push::late: return SLICKQ_LATE;
    case Push::too_large:
      return slickq::c::fail(SLICKQ_TOO_LARGE, call,
                             "more bytes than an element, or more elements than the ring (see slickq_queue_get_info)");
    case Push::exhausted:
      return slickq::c::fail(SLICKQ_EXHAUSTED, call, "the last index, 2^47, is reached (make the queue anew)");
    case Push::busy:
      return slickq::c::fail(SLICKQ_BUSY, call,
                             "a reservation or a burst of this producer is open (publish, abandon or end it)");
  }
  return SLICKQ_OK;
}

inline slickq_status status_of(const char* call, Push what) noexcept {
  if (what == Push::pushed) [[likely]]
    return SLICKQ_OK;
  return not_pushed(call, what);
}

slickq_status none_open(const char* call, const char* what, const char* opened_by) noexcept {
  std::array<char, 96> cause;
  std::snprintf(cause.data(), cause.size(), "no %s is open (begin one: %s)", what, opened_by);
  return slickq::c::fail(SLICKQ_INVALID_ARGUMENT, call, cause.data());
}

slickq::ProducerOptions producer_options(const char* call, const slickq_producer_options& wanted) {
  slickq::ProducerOptions options;
  if (slickq::c::choice(call, "mode", wanted.mode, SLICKQ_SINGLE) == SLICKQ_SINGLE) {
    options.mode = ProducerMode::single;
  }
  options.wait = slickq::c::wait_of(call, wanted.wait, options.wait);
  if (wanted.patience_ns != 0) options.patience = slickq::c::nanoseconds(wanted.patience_ns);
  if (wanted.obstruction_patience_ns != 0) {
    options.obstruction_patience = slickq::c::nanoseconds(wanted.obstruction_patience_ns);
  }
  return options;
}

// What is to be respected, and the mappings that it needs.
std::vector<std::shared_ptr<const slickq::NamedCursor>> respect(const char* call, const slickq_producer_options& wanted,
                                                                slickq::ProducerOptions& options) {
  std::vector<std::shared_ptr<const slickq::NamedCursor>> segments;
  if (wanted.respect_count != 0 && wanted.respect == nullptr) {
    throw slickq::c::invalid(call, "respect is NULL, and respect_count is not 0", "give both or neither");
  }
  for (std::size_t k = 0; k < wanted.respect_count; ++k) {
    const slickq_cursor* cursor = wanted.respect[k];
    if (cursor == nullptr) throw slickq::c::invalid(call, "a cursor in respect is NULL", "give open cursors");
    options.respect.push_back(cursor->cursor);
    if (cursor->segment) segments.push_back(cursor->segment);
  }
  return segments;
}

// Makes a Burst where it stays: it cannot be moved.
struct BurstOf {
  Producer& producer;
  std::uint32_t k;
  operator slickq::Burst() const noexcept { return producer.burst(k); }
};

}  // namespace

slickq_status slickq_producer_open(slickq_queue* queue, const slickq_producer_options* options,
                                   slickq_producer** producer) noexcept {
  constexpr const char* kCall = "slickq_producer_open";
  if (producer == nullptr) return is_null(kCall, "producer");
  *producer = nullptr;
  if (queue == nullptr) return is_null(kCall, "queue");
  return guarded([&] {
    const auto wanted = slickq::c::options_of(kCall, options);
    auto how = producer_options(kCall, wanted);
    auto respected = respect(kCall, wanted, how);
    auto made = std::make_unique<slickq_producer>(queue->queue, std::move(how));
    made->respected = std::move(respected);
    *producer = made.release();
  });
}

void slickq_producer_close(slickq_producer* producer) noexcept { delete producer; }

slickq_status slickq_push(slickq_producer* producer, const void* bytes, std::size_t size) noexcept {
  constexpr const char* kCall = "slickq_push";
  if (producer == nullptr) return is_null(kCall, "producer");
  if (bytes == nullptr && size != 0) return is_null(kCall, "bytes");
  return status_of(kCall, producer->producer.push(bytes_of(bytes, size)));
}

slickq_status slickq_push_block(slickq_producer* producer, const void* elements, std::size_t size) noexcept {
  constexpr const char* kCall = "slickq_push_block";
  if (producer == nullptr) return is_null(kCall, "producer");
  if (elements == nullptr && size != 0) return is_null(kCall, "elements");
  return status_of(kCall, producer->producer.push_block(bytes_of(elements, size)));
}

slickq_status slickq_push_batch(slickq_producer* producer, const void* elements, std::size_t size,
                                std::size_t* pushed) noexcept {
  constexpr const char* kCall = "slickq_push_batch";
  if (producer == nullptr) return is_null(kCall, "producer");
  if (elements == nullptr && size != 0) return is_null(kCall, "elements");
  const std::uint64_t before = producer->producer.pushed_items();
  const slickq_status status = status_of(kCall, producer->producer.push_batch(bytes_of(elements, size)));
  if (pushed != nullptr) *pushed = producer->producer.pushed_items() - before;
  return status;
}

slickq_status slickq_reserve(slickq_producer* producer, std::uint32_t count, void** data,
                             std::uint64_t* index) noexcept {
  constexpr const char* kCall = "slickq_reserve";
  if (producer == nullptr) return is_null(kCall, "producer");
  if (data == nullptr) return is_null(kCall, "data");
  if (index == nullptr) return is_null(kCall, "index");
  if (count == 0) return slickq::c::fail(SLICKQ_INVALID_ARGUMENT, kCall, "count is 0 (reserve at least one element)");
  if (producer->reservation || producer->burst) return not_pushed(kCall, Push::busy);
  auto& reservation = producer->reservation.emplace(producer->producer.reserve(count));
  if (!reservation) {
    const Push what = reservation.what();
    producer->reservation.reset();
    return not_pushed(kCall, what);
  }
  *data = reservation.data().data();
  *index = reservation.index();
  return SLICKQ_OK;
}

slickq_status slickq_publish(slickq_producer* producer, std::uint32_t count) noexcept {
  constexpr const char* kCall = "slickq_publish";
  if (producer == nullptr) return is_null(kCall, "producer");
  if (!producer->reservation) return none_open(kCall, "reservation", "slickq_reserve");
  if (std::uint64_t{count} * producer->queue->geometry().element_size() > producer->reservation->data().size()) {
    return slickq::c::fail(SLICKQ_TOO_LARGE, kCall, "count is more than was reserved (0 means all of it)");
  }
  const Push what = producer->reservation->publish(count);
  producer->reservation.reset();
  return status_of(kCall, what);
}

slickq_status slickq_abandon(slickq_producer* producer) noexcept {
  constexpr const char* kCall = "slickq_abandon";
  if (producer == nullptr) return is_null(kCall, "producer");
  if (!producer->reservation) return none_open(kCall, "reservation", "slickq_reserve");
  producer->reservation.reset();
  return SLICKQ_OK;
}

slickq_status slickq_burst_begin(slickq_producer* producer, std::uint32_t k) noexcept {
  constexpr const char* kCall = "slickq_burst_begin";
  if (producer == nullptr) return is_null(kCall, "producer");
  if (k == 0 || k > kMostBurst) return slickq::c::fail(SLICKQ_INVALID_ARGUMENT, kCall, "k is not one of 1 to 16");
  if (producer->reservation || producer->burst) return not_pushed(kCall, Push::busy);
  producer->burst.emplace(BurstOf{producer->producer, k});
  return SLICKQ_OK;
}

slickq_status slickq_burst_push(slickq_producer* producer, const void* bytes, std::size_t size) noexcept {
  constexpr const char* kCall = "slickq_burst_push";
  if (producer == nullptr) return is_null(kCall, "producer");
  if (bytes == nullptr && size != 0) return is_null(kCall, "bytes");
  if (!producer->burst) return none_open(kCall, "burst", "slickq_burst_begin");
  return status_of(kCall, producer->burst->push(bytes_of(bytes, size)));
}

slickq_status slickq_burst_end(slickq_producer* producer) noexcept {
  constexpr const char* kCall = "slickq_burst_end";
  if (producer == nullptr) return is_null(kCall, "producer");
  if (!producer->burst) return none_open(kCall, "burst", "slickq_burst_begin");
  producer->burst.reset();
  return SLICKQ_OK;
}

slickq_status slickq_producer_get_info(const slickq_producer* producer, slickq_producer_info* info) noexcept {
  constexpr const char* kCall = "slickq_producer_get_info";
  if (producer == nullptr) return is_null(kCall, "producer");
  if (info == nullptr) return is_null(kCall, "info");
  return guarded([&] {
    const Producer& of = producer->producer;
    slickq_producer_info facts{};
    facts.last_index = of.last_index();
    facts.pushed_items = of.pushed_items();
    facts.late_pushes = of.late_pushes();
    facts.detours = of.detours();
    facts.has_journal = of.is_registered();
    facts.is_engaged = producer->reservation.has_value() || producer->burst.has_value();
    slickq::c::give(kCall, facts, info);
  });
}
