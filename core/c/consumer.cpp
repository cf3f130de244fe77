#include "slickq/consumer.hpp"

#include <algorithm>
#include <span>

#include "boundary.hpp"
#include "handles.hpp"
#include "slickq/error.hpp"

using slickq::BatchItem;
using slickq::Consumer;
using slickq::Pop;
using slickq::PopResult;
using slickq::Start;
using slickq::c::guarded;
using slickq::c::is_null;

namespace {

slickq_status status_of(Pop what) noexcept {
  switch (what) {
    case Pop::item: return SLICKQ_OK;
    case Pop::empty: return SLICKQ_EMPTY;
    case Pop::too_small: return SLICKQ_TOO_SMALL;
    case Pop::reset: return SLICKQ_RESET;
  }
  return SLICKQ_INTERNAL;
}

inline slickq_status told(const slickq_consumer& consumer, const PopResult& result, slickq_item* item) noexcept {
  // A result that found none may have a count: of an item that the next call hands out.
  const bool has_item = result.what == Pop::item || result.what == Pop::too_small;
  item->index = has_item ? result.index : 0;
  item->count = has_item ? result.count : 0;
  item->size = item->count * consumer.element_size;
  item->lost = result.lost;
  item->first_lost = result.first_lost;
  item->last_lost = result.last_lost;
  item->skipped = result.skipped;
  return status_of(result.what);
}

std::span<std::byte> writable_bytes(void* at, std::size_t size) noexcept { return {static_cast<std::byte*>(at), size}; }

Start start_of(const char* call, const slickq_consumer_options& wanted) {
  switch (slickq::c::choice(call, "start", wanted.start, SLICKQ_START_INDEX)) {
    case SLICKQ_START_NEWEST: return {Start::At::newest, 0};
    case SLICKQ_START_BACK: return {Start::At::back, wanted.start_value};
    case SLICKQ_START_INDEX: return {Start::At::index, wanted.start_value};
    default: return {};
  }
}

void share(const char* call, const slickq_consumer_options& wanted, slickq_consumer& consumer) {
  if (wanted.start != 0 || wanted.start_value != 0 || wanted.polling != 0) {
    throw slickq::c::invalid(call, "start, start_value or polling is set, and the cursor is shared",
                             "leave them 0, or cursor NULL");
  }
  if (!wanted.cursor->is_writable()) {
    throw slickq::Error(slickq::Errc::permission, call, "the cursor was opened read-only, and taking items moves it",
                        "open it with SLICKQ_READ_WRITE");
  }
  consumer.cursor = *wanted.cursor;
  consumer.shared.emplace(*consumer.queue, consumer.cursor.cursor);
}

slickq_status only_own(const char* call) noexcept {
  return slickq::c::fail(SLICKQ_INVALID_ARGUMENT, call,
                         "the consumer shares its cursor, and others may move it at any moment (use slickq_pop)");
}

// Who has nothing to say of the call as it is: the handle, a cursor of its own.
slickq_status refused(const char* call, const slickq_consumer* consumer) noexcept {
  if (consumer == nullptr) return is_null(call, "consumer");
  return only_own(call);
}

bool has_own(const slickq_consumer* consumer) noexcept { return consumer != nullptr && consumer->own.has_value(); }

slickq_status no_item(const char* call) noexcept {
  return slickq::c::fail(SLICKQ_INVALID_ARGUMENT, call, "item is none that slickq_peek() has found");
}

bool is_item(const slickq_consumer* consumer, const slickq_item* item) noexcept {
  return item->count != 0 && item->count <= consumer->queue->geometry().capacity();
}

}  // namespace

slickq_status slickq_consumer_open(const slickq_queue* queue, const slickq_consumer_options* options,
                                   slickq_consumer** consumer) noexcept {
  constexpr const char* kCall = "slickq_consumer_open";
  if (consumer == nullptr) return is_null(kCall, "consumer");
  *consumer = nullptr;
  if (queue == nullptr) return is_null(kCall, "queue");
  return guarded([&] {
    const auto wanted = slickq::c::options_of(kCall, options);
    if (wanted.must_be_zero != 0) {
      throw slickq::c::invalid(kCall, "must_be_zero is not 0", "fill the options with zeros first");
    }
    auto made = std::make_unique<slickq_consumer>();
    made->queue = queue->queue;
    made->element_size = queue->queue->geometry().element_size();
    made->wait = slickq::c::wait_of(kCall, wanted.wait, slickq::Wait::block());
    if (wanted.cursor != nullptr) {
      share(kCall, wanted, *made);
    } else {
      const bool rests = slickq::c::choice(kCall, "polling", wanted.polling, SLICKQ_POLL_THROUGHPUT) != 0;
      made->own.emplace(*made->queue, start_of(kCall, wanted),
                        rests ? slickq::Polling::throughput : slickq::Polling::latency);
    }
    *consumer = made.release();
  });
}

void slickq_consumer_close(slickq_consumer* consumer) noexcept { delete consumer; }

slickq_status slickq_pop(slickq_consumer* consumer, void* buffer, std::size_t size, slickq_item* item) noexcept {
  constexpr const char* kCall = "slickq_pop";
  if (consumer == nullptr) return is_null(kCall, "consumer");
  if (buffer == nullptr && size != 0) return is_null(kCall, "buffer");
  if (item == nullptr) return is_null(kCall, "item");
  const auto into = writable_bytes(buffer, size);
  return told(*consumer, consumer->own ? consumer->own->pop_into(into) : consumer->shared->pop_into(into), item);
}

slickq_status slickq_pop_wait(slickq_consumer* consumer, void* buffer, std::size_t size, std::uint64_t patience_ns,
                              slickq_item* item) noexcept {
  constexpr const char* kCall = "slickq_pop_wait";
  if (consumer == nullptr) return is_null(kCall, "consumer");
  if (buffer == nullptr && size != 0) return is_null(kCall, "buffer");
  if (item == nullptr) return is_null(kCall, "item");
  const auto into = writable_bytes(buffer, size);
  const auto patience = slickq::c::nanoseconds(patience_ns);
  return told(*consumer,
              consumer->own ? consumer->own->pop_wait(into, patience, consumer->wait)
                            : consumer->shared->pop_wait(into, patience, consumer->wait),
              item);
}

slickq_status slickq_pop_batch(slickq_consumer* consumer, void* buffer, std::size_t size, slickq_batch_item* items,
                               std::size_t most, std::size_t* taken, slickq_item* first) noexcept {
  constexpr const char* kCall = "slickq_pop_batch";
  if (consumer == nullptr) return is_null(kCall, "consumer");
  if (buffer == nullptr && size != 0) return is_null(kCall, "buffer");
  if (items == nullptr) return is_null(kCall, "items");
  if (taken == nullptr) return is_null(kCall, "taken");
  if (first == nullptr) return is_null(kCall, "first");
  // No more fit into the buffer, whatever `most` says; one, so that a buffer too small is noticed.
  most = std::min<std::size_t>(most, std::max<std::size_t>(size / consumer->element_size, 1));
  auto& batch = consumer->batch;
  if (batch.size() < most) {
    const slickq_status grown = guarded([&] { batch.resize(most); });
    if (grown != SLICKQ_OK) return grown;
  }
  const auto into = writable_bytes(buffer, size);
  const std::span room(batch.data(), most);
  std::span<BatchItem> got;
  const PopResult result =
      consumer->own ? consumer->own->pop_batch(into, room, got) : consumer->shared->pop_batch(into, room, got);
  for (const BatchItem& item : got) *items++ = {item.index, item.bytes.data(), item.bytes.size(), item.count};
  *taken = got.size();
  return told(*consumer, result, first);
}

slickq_status slickq_pop_staged(slickq_consumer* consumer, const void** data, slickq_item* item) noexcept {
  constexpr const char* kCall = "slickq_pop_staged";
  if (!has_own(consumer)) return refused(kCall, consumer);
  if (data == nullptr) return is_null(kCall, "data");
  if (item == nullptr) return is_null(kCall, "item");
  std::span<const std::byte> bytes;
  const PopResult result = consumer->own->pop(bytes);
  *data = bytes.data();
  if (result.what == Pop::too_small) {
    return slickq::c::fail(SLICKQ_NO_MEMORY, kCall, "no memory for the stage (use slickq_pop)");
  }
  return told(*consumer, result, item);
}

slickq_status slickq_peek(slickq_consumer* consumer, const void** data, slickq_item* item) noexcept {
  constexpr const char* kCall = "slickq_peek";
  if (!has_own(consumer)) return refused(kCall, consumer);
  if (data == nullptr) return is_null(kCall, "data");
  if (item == nullptr) return is_null(kCall, "item");
  std::span<const std::byte> elements;
  const PopResult result = consumer->own->peek(elements);
  *data = elements.data();
  return told(*consumer, result, item);
}

slickq_status slickq_still_valid(const slickq_consumer* consumer, const slickq_item* item) noexcept {
  constexpr const char* kCall = "slickq_still_valid";
  if (!has_own(consumer)) return refused(kCall, consumer);
  if (item == nullptr) return is_null(kCall, "item");
  if (!is_item(consumer, item)) return no_item(kCall);
  return consumer->queue->ring().is_intact(item->index) ? SLICKQ_OK : SLICKQ_OVERWRITTEN;
}

slickq_status slickq_commit(slickq_consumer* consumer, const slickq_item* item) noexcept {
  constexpr const char* kCall = "slickq_commit";
  if (!has_own(consumer)) return refused(kCall, consumer);
  if (item == nullptr) return is_null(kCall, "item");
  if (!is_item(consumer, item)) return no_item(kCall);
  PopResult peeked;
  peeked.what = Pop::item;
  peeked.index = item->index;
  peeked.count = static_cast<std::uint32_t>(item->count);
  consumer->own->commit(peeked);
  return SLICKQ_OK;
}

slickq_status slickq_seek(slickq_consumer* consumer, std::uint64_t cursor) noexcept {
  if (!has_own(consumer)) return refused("slickq_seek", consumer);
  consumer->own->seek(cursor);
  return SLICKQ_OK;
}

slickq_status slickq_consumer_get_info(const slickq_consumer* consumer, slickq_consumer_info* info) noexcept {
  constexpr const char* kCall = "slickq_consumer_get_info";
  if (consumer == nullptr) return is_null(kCall, "consumer");
  if (info == nullptr) return is_null(kCall, "info");
  return guarded([&] {
    slickq_consumer_info facts{};
    if (consumer->own) {
      facts.cursor = consumer->own->cursor();
      facts.lost_elements = consumer->own->lost_elements();
      facts.skipped_elements = consumer->own->skipped_elements();
    } else {
      facts.cursor = consumer->cursor.cursor.load();
      facts.lost_elements = consumer->shared->lost_elements();
      facts.skipped_elements = consumer->shared->skipped_elements();
    }
    slickq::c::give(kCall, facts, info);
  });
}
