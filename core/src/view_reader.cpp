// The consumer over a View. The proof is the Consumer's: an item copied out is whole when C, read behind the
// copy, is at most N ahead of it. One C serves a whole window of items.
#include <algorithm>
#include <atomic>
#include <cstring>

#include "slickq/view.hpp"
#include "slot_walk.hpp"

namespace slickq {
namespace {

constexpr std::uint64_t kWindowBytes = 256 << 10;  // of elements; an item larger than that is read whole all the same
constexpr std::uint64_t kWindowSlots = 4096;
constexpr int kOverwrittenTries = 16;

// As BasicRing::find_present().
std::uint64_t find_present(const View& view, std::uint64_t from, std::uint64_t to, std::uint64_t reserved) {
  SlotWalk walk(view, reserved);
  for (std::uint64_t i = view.geometry().footprint(from); i < to;) {
    const Sight sight = walk.look(i);
    if (sight.what == Look::item || sight.what == Look::jump) return i;
    i = sight.what == Look::overrun ? sight.next : i + view.geometry().items_per_slot();
  }
  return kNoIndex;
}

// As BasicRing::first_present().
std::uint64_t first_present(const View& view, std::uint64_t from, std::uint64_t reserved) {
  return std::min(find_present(view, from, reserved, reserved),
                  std::max(view.geometry().footprint(from), reserved));  // kNoIndex is larger than any index
}

// As starting_cursor() does it for a Ring.
std::uint64_t starting_cursor(const View& view, Start start) {
  const std::uint64_t reserved = view.reserved_index();
  const std::uint64_t floor = std::min(ring_floor(view.geometry(), reserved), reserved);
  switch (start.at) {
    case Start::At::newest: return reserved;
    case Start::At::index: return std::min(start.value, reserved);
    case Start::At::oldest: return floor == 0 ? 0 : first_present(view, floor, reserved);
    case Start::At::back: {
      const std::uint64_t from = reserved - std::min(start.value, reserved - floor);
      return from == 0 ? 0 : first_present(view, from, reserved);
    }
  }
  return reserved;
}

// acquire fence: pairs with the release fence in BasicRing::reserve() when C is read next, and with the
// release store in publish() when what an index made visible is read next.
void order_reads() noexcept { std::atomic_thread_fence(std::memory_order_acquire); }

}  // namespace

ViewReader::ViewReader(const View& view, Start start) : view_(&view), cursor_(starting_cursor(view, start)) {}

PopResult ViewReader::next(std::vector<std::byte>& out) {
  PopResult result;
  int overwritten = 0;
  for (;;) {
    const bool in_window = cursor_ >= window_begin_ && cursor_ < window_end_;
    switch (in_window ? Fill::ready : fill()) {
      case Fill::ready: take_item(out, result); return result;
      case Fill::nothing: return result;
      case Fill::moved: break;
      case Fill::overwritten:
        skip_overwritten(result);
        if (++overwritten == kOverwrittenTries) return result;
        break;
      case Fill::reset:
        cursor_ = window_begin_ = window_end_ = 0;
        result.what = Pop::reset;
        return result;
    }
  }
}

void ViewReader::take_item(std::vector<std::byte>& out, PopResult& result) {
  // Up to the end of the window, so that no byte of a slot can lead out of the copy.
  const Sight sight = sight_of(view_->geometry(), slot_at(cursor_), cursor_, window_end_);
  const std::uint64_t element = view_->geometry().element_size();
  const auto* from = elements_.data() + (cursor_ - window_begin_) * element;
  out.assign(from, from + sight.count * element);
  result.what = Pop::item;
  result.count = sight.count;
  result.index = cursor_;
  cursor_ = sight.next;
}

const Slot& ViewReader::slot_at(std::uint64_t index) const noexcept {
  return slots_[(index - window_begin_) / view_->geometry().items_per_slot()];
}

ViewReader::Fill ViewReader::standing(std::uint64_t reserved) const noexcept {
  if (reserved < cursor_) return Fill::reset;
  if (reserved == cursor_) return Fill::nothing;
  return reserved - cursor_ > view_->geometry().capacity() ? Fill::overwritten : Fill::ready;
}

ViewReader::Fill ViewReader::fill() {
  const Geometry& geometry = view_->geometry();
  const std::uint64_t element = geometry.element_size();
  const std::uint64_t step = geometry.items_per_slot();
  window_begin_ = window_end_ = cursor_;
  const std::uint64_t reserved = view_->reserved_index();
  if (const Fill before = standing(reserved); before != Fill::ready) return before;

  // A window stays within one lap: its slots and its elements are then one piece each.
  const std::uint64_t lap_rest = geometry.capacity() - (cursor_ & geometry.mask());
  const std::uint64_t slots = std::clamp<std::uint64_t>(kWindowBytes / element / step, 1, kWindowSlots);
  const std::uint64_t reach = std::min({reserved - cursor_, lap_rest, slots * step});
  read_slots(static_cast<std::uint32_t>((reach + step - 1) / step));
  // The first item may be larger than the window was meant to be.
  const std::uint64_t end = end_of_items(cursor_, cursor_ + reach, cursor_ + lap_rest, reserved);
  if (end != cursor_) {
    elements_.resize((end - cursor_) * element);
    view_->read_elements(cursor_, static_cast<std::uint32_t>(end - cursor_), elements_);
  }
  order_reads();
  window_reserved_ = view_->reserved_index();

  window_end_ = end;
  if (window_reserved_ < reserved) return Fill::reset;
  if (const Fill after = standing(window_reserved_); after != Fill::ready) return after;
  if (end != cursor_) return Fill::ready;
  const Sight sight = sight_of(geometry, slot_at(cursor_), cursor_, reserved);
  if (sight.what != Look::jump) return Fill::nothing;
  cursor_ = sight.next;
  return Fill::moved;
}

// Index and size of a slot belong together when the index was there BEFORE the size was read: the size of a
// later lap comes after that lap's reservation, which C then shows.
void ViewReader::read_slots(std::uint32_t count) {
  const std::uint32_t first = view_->geometry().slot_of(cursor_);
  slots_.resize(count);
  second_look_.resize(count);
  view_->read_slots(first, slots_);
  order_reads();
  view_->read_slots(first, second_look_);
  for (std::uint32_t k = 0; k < count; ++k) slots_[k].size = second_look_[k].size;
  order_reads();
}

// How far whole items follow each other from `from` on; slots are looked at below `limit`.
std::uint64_t ViewReader::end_of_items(std::uint64_t from, std::uint64_t limit, std::uint64_t first_limit,
                                       std::uint64_t reserved) const noexcept {
  std::uint64_t i = from;
  while (i < limit) {
    const Sight sight = sight_of(view_->geometry(), slot_at(i), i, reserved);
    if (sight.what != Look::item || sight.next > (i == from ? first_limit : limit)) break;
    i = sight.next;
  }
  return i;
}

// Where a reader that lost its cursor may go on: C - N and an eighth of the ring as a head start, never
// backwards.
std::uint64_t ViewReader::resync_from(std::uint64_t reserved) const noexcept {
  const std::uint64_t ring = view_->geometry().capacity();
  const std::uint64_t next = cursor_ + view_->geometry().items_per_slot();
  return view_->geometry().footprint(reserved > ring ? std::max(next, reserved - ring + ring / 8) : next);
}

// As BasicRing::resync(): when nothing is there behind the head start, what it skipped is looked at, too; and when all
// is in work, it goes on where something surely begins.
std::uint64_t ViewReader::resync(std::uint64_t reserved) const {
  const std::uint64_t ahead = resync_from(reserved);
  const std::uint64_t found = find_present(*view_, ahead, reserved, reserved);
  if (found != kNoIndex) return found;
  const std::uint64_t oldest =
      std::max(cursor_ + view_->geometry().items_per_slot(), ring_floor(view_->geometry(), reserved));
  const std::uint64_t begins = view_->geometry().next_ring_start(oldest);
  return std::min(find_present(*view_, oldest, ahead, reserved), std::min(begins, std::max(ahead, reserved)));
}

// A window whose beginning was overwritten during the copy still has a good rest. Without it a fast producer
// on a small ring could be a little faster than every copy, for ever. kNoIndex: nothing to keep.
std::uint64_t ViewReader::rest_of_window() noexcept {
  for (std::uint64_t i = resync_from(window_reserved_); i < window_end_; i += view_->geometry().items_per_slot()) {
    const std::uint64_t end = end_of_items(i, window_end_, window_end_, window_reserved_);
    if (end == i) continue;
    window_end_ = end;
    return i;
  }
  return kNoIndex;
}

void ViewReader::skip_overwritten(PopResult& result) {
  std::uint64_t to = rest_of_window();
  if (to == kNoIndex) {
    window_end_ = window_begin_;
    const std::uint64_t reserved = view_->reserved_index();
    if (reserved <= cursor_) return;  // reset meanwhile: the next look says so
    to = resync(reserved);
  }
  if (result.lost == 0) result.first_lost = cursor_;
  result.last_lost = to - 1;
  result.lost += to - cursor_;
  lost_ += to - cursor_;
  cursor_ = to;
}

}  // namespace slickq
