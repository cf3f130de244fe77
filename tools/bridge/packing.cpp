#include "packing.hpp"

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include "body.hpp"
#include "slickq/wait.hpp"

namespace slickq::bridge {
namespace {

constexpr std::size_t kItemsAPull = 1024;
constexpr std::size_t kBytesOfACount = sizeof(std::uint32_t);
// Between two looks while a packet is lingering: a millisecond of spinning would cost a core.
constexpr auto kRest = std::chrono::microseconds(100);

std::size_t bytes_of(std::span<const BatchItem> items) noexcept {
  std::size_t bytes = 0;
  for (const BatchItem& item : items) bytes += item.bytes.size();
  return bytes;
}

}  // namespace

Packer::Packer(const Queue& queue, std::uint64_t start, const PackLimits& limits)
    : queue_(&queue),
      consumer_(queue, Start{Start::At::index, start}, Polling::throughput),
      limits_(limits),
      buffer_(std::max<std::size_t>(limits.bytes, queue.geometry().element_size())),
      batch_(kItemsAPull),
      next_(start) {
  consumer_.seek(start);
}

std::optional<Packet> Packer::next(bool flush) {
  if (auto packet = take_pending()) return packet;
  take_carried();
  auto deadline = std::chrono::steady_clock::time_point::max();
  while (!is_full()) {
    const Pulled pulled = pull();
    if (pulled == Pulled::full) break;
    if (pulled == Pulled::closed) {
      if (!counts_.empty()) break;
      return take_pending();
    }
    if (counts_.empty()) return std::nullopt;
    if (pulled == Pulled::some) {
      const auto now = std::chrono::steady_clock::now();
      if (deadline == std::chrono::steady_clock::time_point::max()) deadline = now + limits_.linger;
      if (now >= deadline) break;
      continue;
    }
    if (flush || std::chrono::steady_clock::now() >= deadline) break;
    if (deadline == std::chrono::steady_clock::time_point::max()) {
      deadline = std::chrono::steady_clock::now() + limits_.linger;  // nothing but what was carried
    }
    std::this_thread::sleep_for(kRest);
  }
  return close();
}

bool Packer::wait(std::chrono::milliseconds patience) {
  if (pending_ || !carried_.empty() || !counts_.empty()) return true;
  const Ring& ring = queue_->ring();
  Waiter waiter(Wait::block(), queue_->annex(), queue_->writable());
  return waiter.until(Waiter::deadline_after(patience), [&] {
    const std::uint64_t cursor = consumer_.cursor();
    return !ring.is_nothing_at(cursor) || ring.reserved_index() < cursor ||
           ring.reserved_index() - cursor > queue_->geometry().capacity();
  });
}

Packer::Pulled Packer::pull() {
  const std::span<std::byte> room = std::span(buffer_).subspan(used_);
  std::span<BatchItem> taken;
  const PopResult result = consumer_.pop_batch(room, batch_, taken);
  switch (result.what) {
    case Pop::item: return on_batch(result, taken);
    case Pop::too_small: return on_too_small(result);
    case Pop::reset: pending_ = Packet{.kind = Kind::epoch, .reason = "reset"}; return Pulled::closed;
    case Pop::empty: break;
  }
  if (result.lost == 0) return Pulled::nothing;
  note_gap(consumer_.cursor(), result.lost, "overwritten");
  return Pulled::closed;
}

Packer::Pulled Packer::on_batch(const PopResult& result, std::span<BatchItem> taken) {
  std::byte* const room = buffer_.data() + used_;
  if (taken.front().bytes.data() != room) {  // the first ones were overwritten while they were copied
    const std::size_t bytes = bytes_of(taken);
    std::memmove(room, taken.front().bytes.data(), bytes);
    std::byte* at = room;
    for (BatchItem& item : taken) {
      item.bytes = {at, item.bytes.size()};
      at += item.bytes.size();
    }
  }
  const bool goes_on = taken.front().index == next_;
  if (result.lost != 0) note_gap(taken.front().index, result.lost, "overwritten");
  if (result.lost != 0 || (!counts_.empty() && (!goes_on || !stays_within(taken)))) {
    carry(taken);
    return Pulled::closed;
  }
  append(taken);
  return is_full() ? Pulled::full : Pulled::some;
}

Packer::Pulled Packer::on_too_small(const PopResult& result) {
  const std::size_t bytes = std::size_t{result.count} * queue_->geometry().element_size();
  if (result.lost != 0) {
    note_gap(result.index, result.lost, "overwritten");
    return Pulled::closed;
  }
  if (!counts_.empty()) return Pulled::full;
  if (bytes <= limits_.most_bytes) {
    buffer_.resize(bytes);
    return pull();
  }
  const std::uint64_t behind = result.index + queue_->geometry().footprint(result.count);
  consumer_.seek(behind);
  note_gap(behind, result.count, "oversize");
  return Pulled::closed;
}

// Would the packet still be a body that the server takes, when these join it? A table of counts comes with the first
// item of another size, for all of those before it, too.
bool Packer::stays_within(std::span<const BatchItem> taken) const noexcept {
  const bool same = uniform_ && std::all_of(taken.begin(), taken.end(),
                                            [&](const BatchItem& item) { return item.count == counts_.front(); });
  if (same) return true;
  return used_ + bytes_of(taken) + (counts_.size() + taken.size()) * kBytesOfACount <= limits_.most_bytes;
}

void Packer::append(std::span<const BatchItem> taken) {
  if (counts_.empty()) {
    from_ = next_;
    first_ = taken.front().index;
  }
  for (const BatchItem& item : taken) {
    if (!counts_.empty() && item.count != counts_.front()) uniform_ = false;
    counts_.push_back(item.count);
    used_ += item.bytes.size();
  }
  next_ = taken.back().index + queue_->geometry().footprint(taken.back().count);
}

void Packer::carry(std::span<const BatchItem> taken) { carried_.assign(taken.begin(), taken.end()); }

void Packer::take_carried() {
  if (carried_.empty()) return;
  const std::vector<BatchItem> carried = std::exchange(carried_, {});
  std::memmove(buffer_.data(), carried.front().bytes.data(), bytes_of(carried));
  append(carried);
}

void Packer::note_gap(std::uint64_t to, std::uint64_t lost, const char* reason) {
  pending_ = Packet{.kind = Kind::gap, .next = to, .lost = lost, .reason = reason};
}

bool Packer::is_full() const noexcept {
  const std::size_t table = uniform_ ? 0 : counts_.size() * kBytesOfACount;
  return !counts_.empty() && used_ + table >= limits_.bytes;
}

// What stands between the packet that was closed and what is carried.
std::optional<Packet> Packer::take_pending() {
  if (!pending_) return std::nullopt;
  Packet packet = *std::exchange(pending_, std::nullopt);
  if (packet.kind == Kind::epoch) {
    next_ = 0;
    return packet;
  }
  packet.from = packet.first = next_;
  next_ = packet.next;
  return packet;
}

Packet Packer::close() {
  Packet packet;
  packet.from = from_;
  packet.first = first_;
  packet.next = next_;
  packet.items = counts_.size();
  packet.elements = uniform_ ? counts_.front() : kMixed;
  packet.body = {buffer_.data(), used_};
  if (!uniform_) {
    mixed_body(counts_, packet.body, mixed_);
    packet.body = mixed_;
  }
  counts_.clear();
  used_ = 0;
  uniform_ = true;
  return packet;
}

}  // namespace slickq::bridge
