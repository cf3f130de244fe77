// A segment of 8 slots whose bytes are put there by hand, one word at a time: any half-done state, as whoever died or
// was stopped there would have left it. And every kind of reader on it.
//
// Positions are told in slots, whatever the items per slot: item(3) is the item in slot 3 of the first lap, item(11) of
// the second.
//
// Thread safety: one thread.
#pragma once

#include <slick/queue.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "original_reader.hpp"
#include "slickq/consumer.hpp"
#include "slickq/journal.hpp"
#include "slickq/journal_lock.hpp"
#include "slickq/queue.hpp"
#include "slickq/view.hpp"
#include "support/image.hpp"
#include "support/shm_env.hpp"

namespace staged {

inline constexpr std::uint32_t kSlots = 8;

struct Shape {
  slickq::Layout layout;
  std::uint32_t items_per_slot;
};
inline constexpr Shape kShapes[] = {{slickq::Layout::wide, 1}, {slickq::Layout::packed, 1}, {slickq::Layout::slq0, 1},
                                    {slickq::Layout::slq1, 1}, {slickq::Layout::slq0, 2},   {slickq::Layout::slq1, 2}};

/// Both words say whose it is, so that no mixture of two passes for one of them.
struct Element {
  std::uint64_t index;
  std::uint64_t inverse;
};

class Stage {
 public:
  enum class Tail : std::uint8_t { annex, none };  ///< none: as an original makes a segment

  explicit Stage(const Shape& shape, Tail tail = Tail::annex) : queue_(make(env_, shape, tail)) {}

  slickq::Queue& queue() { return queue_; }
  const slickq::Geometry& geometry() const { return queue_.geometry(); }
  slickq::View view() const { return slickq::View::open_segment("q", env_.dir().path()); }
  std::uint64_t step() const { return geometry().items_per_slot(); }

  Stage& reserved(std::uint64_t slots) {
    const std::uint64_t index = slots * step();
    return put(0, geometry().layout() == slickq::Layout::wide ? index : slickq::pack_reserved(index, 1));
  }
  Stage& last_published(std::uint64_t slots) {
    if (!slickq::has_last_published(geometry().layout())) return *this;
    return put(offsetof(slickq::Header, last_published), slots * step());
  }
  /// The elements of a whole item, or only the first word of each.
  Stage& elements(std::uint64_t at, std::uint64_t slots = 1, bool whole = true) {
    for (std::uint64_t i = at * step(); i < (at + slots) * step(); ++i) {
      const Element element{i, ~i};
      std::memcpy(queue_.ring().element(i), &element, whole ? sizeof element : sizeof element.index);
    }
    return *this;
  }
  Stage& slot(std::uint64_t at, std::uint64_t data_index, std::uint64_t size) {
    const std::uint64_t offset = slickq::kHeaderBytes + sizeof(slickq::Slot) * (at % kSlots);
    return put(offset, slickq::Slot{data_index, static_cast<std::uint32_t>(size), 0});
  }
  /// Only the size: an original stores it before the index.
  Stage& size(std::uint64_t at, std::uint64_t slots) {
    const std::uint64_t offset = slickq::kHeaderBytes + sizeof(slickq::Slot) * (at % kSlots);
    return put(offset + offsetof(slickq::Slot, size), static_cast<std::uint32_t>(slots * step()));
  }
  Stage& item(std::uint64_t at, std::uint64_t slots = 1) {
    return elements(at, slots).slot(at, at * step(), slots * step());
  }
  Stage& items(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t at = from; at < to; ++at) item(at);
    return *this;
  }
  Stage& marker(std::uint64_t from, std::uint64_t to) { return slot(from, to * step(), 1); }

  /// The next journal lines. Nobody locks them: their owners are dead.
  Stage& held(std::uint64_t from, std::uint64_t to) {
    journal().held(lines_, from * step(), to * step());
    return one_more_line();
  }
  Stage& reserving(std::uint64_t bound) {
    journal().reserving(lines_, bound * step());
    return one_more_line();
  }
  Stage& idle() {
    journal().idle(lines_, 0);
    return one_more_line();
  }
  /// The last line's owner lives. Its lock is on the Queue's own open file, and a Repairer asks by another.
  Stage& alive() {
    const auto offset = slickq::journal_line_offset(geometry(), lines_ - 1);
    if (!slickq::try_lock_line(queue_.segment().fd(), offset)) throw std::runtime_error("line not locked");
    return *this;
  }
  std::uint32_t lines() const { return lines_; }

  slickq::Journal journal() { return {queue_.annex(), geometry()}; }

 private:
  static slickq::Queue make(const test_support::ShmEnv& env, const Shape& shape, Tail tail) {
    const auto geometry = slickq::Geometry::make(shape.layout, std::uint64_t{kSlots} * shape.items_per_slot,
                                                 sizeof(Element), shape.items_per_slot);
    if (tail == Tail::annex) return slickq::Queue::create("q", geometry);
    test_support::Image(geometry).save(env.dir().file("q"));
    return slickq::Queue::open("q");
  }

  template <class T>
  Stage& put(std::uint64_t offset, T value) {
    std::memcpy(queue_.ring().base() + offset, &value, sizeof value);
    return *this;
  }
  Stage& one_more_line() {
    journal().raise_top(++lines_);
    return *this;
  }

  test_support::ShmEnv env_;
  slickq::Queue queue_;
  std::uint32_t lines_ = 0;
};

/// What a reader got: the slots at which the items begin.
using Items = std::vector<std::uint64_t>;

/// Every kind of reader, each from `from` on to where it finds nothing more. Throws when one of them got elements that
/// are not the item's.
class EveryReader {
 public:
  EveryReader(Stage& stage, std::uint64_t from, bool ours_only) : stage_(stage), from_(from * stage.step()) {
    read_by_consumer();
    read_by_batches();
    read_by_shared();
    read_by_view();
    if (ours_only) return;
    read_by_original();
    if (slickq::has_magic(stage.geometry().layout()) && !slickq::has_last_published(stage.geometry().layout())) {
      read_by_header<Unlisted>();
    } else {
      read_by_header<slick::queue_traits>();
    }
  }
  const std::vector<std::pair<const char*, Items>>& all() const { return all_; }

 private:
  struct Unlisted : slick::queue_traits {
    static constexpr bool enable_read_last = false;
  };

  void take(std::uint64_t index, std::span<const std::byte> bytes) {
    for (std::size_t k = 0; k < bytes.size() / sizeof(Element); ++k) {
      Element element;
      std::memcpy(&element, bytes.data() + k * sizeof element, sizeof element);
      if (element.index != index + k || element.inverse != ~(index + k)) {
        throw std::runtime_error(std::string(all_.back().first) + ": torn at index " + std::to_string(index));
      }
    }
    all_.back().second.push_back(index / stage_.step());
  }

  template <class Consumer>
  void pop_all(Consumer consumer) {
    slickq::PopResult result;
    while ((result = consumer.pop_into(buffer_)).what == slickq::Pop::item) {
      take(result.index, std::span(buffer_).first(result.count * sizeof(Element)));
    }
  }
  void read_by_consumer() {
    all_.push_back({"Consumer", {}});
    pop_all(slickq::Consumer(stage_.queue(), {slickq::Start::At::index, from_}));
  }
  void read_by_shared() {
    all_.push_back({"SharedConsumer", {}});
    std::uint64_t cursor = from_;
    pop_all(slickq::SharedConsumer(stage_.queue(), slickq::AtomicCursor(&cursor)));
  }
  void read_by_batches() {
    all_.push_back({"Consumer in batches", {}});
    slickq::Consumer consumer(stage_.queue(), {slickq::Start::At::index, from_});
    std::array<slickq::BatchItem, 3> items;
    std::span<slickq::BatchItem> taken;
    while (consumer.pop_batch(buffer_, items, taken).what == slickq::Pop::item) {
      for (const auto& item : taken) take(item.index, item.bytes);
    }
  }
  void read_by_view() {
    all_.push_back({"ViewReader", {}});
    const slickq::View view = stage_.view();
    slickq::ViewReader reader(view, {slickq::Start::At::index, from_});
    std::vector<std::byte> out;
    slickq::PopResult result;
    while ((result = reader.next(out)).what == slickq::Pop::item) take(result.index, out);
  }
  void read_by_original() {
    all_.push_back({"original", {}});
    const slickq::Ring& ring = stage_.queue().ring();
    std::uint64_t cursor = from_;
    for (;;) {
      const auto item = ring_test::original_read(ring, cursor);
      if (!item.found) return;
      take(item.index, {ring.element(item.index), item.size * sizeof(Element)});
    }
  }
  template <class Traits>
  void read_by_header() {
    all_.push_back({"drop-in header", {}});
    slick::queue<Element, Traits> queue("q");
    std::uint64_t cursor = from_;
    for (;;) {
      const auto [at, count] = queue.read(cursor);
      if (at == nullptr) return;
      take(cursor - stage_.geometry().footprint(count), std::as_bytes(std::span(at, count)));
    }
  }

  Stage& stage_;
  std::uint64_t from_;
  std::array<std::byte, 2 * kSlots * sizeof(Element)> buffer_;
  std::vector<std::pair<const char*, Items>> all_;
};

}  // namespace staged
