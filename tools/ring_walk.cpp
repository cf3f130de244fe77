#include "ring_walk.hpp"

#include <algorithm>

namespace slickq::cli {
namespace {

constexpr std::uint32_t kWindowSlots = 4096;

// The slots of [begin, end), which lie in one lap.
std::vector<Slot> slots_of(const View& view, std::uint64_t begin, std::uint64_t end) {
  std::vector<Slot> slots(static_cast<std::size_t>((end - begin) / view.geometry().items_per_slot()));
  view.read_slots(view.geometry().slot_of(begin), slots);
  return slots;
}

// The count-th published item before `end`, counted backwards; its slot tells index and size.
std::optional<Slot> nth_item_before(const View& view, std::uint64_t end, std::uint64_t count) {
  const Geometry& geometry = view.geometry();
  const std::uint64_t step = geometry.items_per_slot();
  const std::uint64_t reserved = geometry.footprint(view.reserved_index());
  const std::uint64_t first = reserved > geometry.capacity() ? reserved - geometry.capacity() : 0;
  for (std::uint64_t at = geometry.footprint(end); at > first;) {
    const std::uint64_t lap = (at - 1) & ~std::uint64_t{geometry.mask()};
    const std::uint64_t window = kWindowSlots * step;
    const std::uint64_t begin = std::max({first, lap, at > window ? at - window : 0});
    const std::vector<Slot> slots = slots_of(view, begin, at);
    for (std::size_t k = slots.size(); k > 0; --k) {
      if (slots[k - 1].data_index == begin + (k - 1) * step && --count == 0) return slots[k - 1];
    }
    at = begin;
  }
  return std::nullopt;
}

// `index`, or the end of the item it stands inside of.
std::uint64_t boundary_at(const View& view, std::uint64_t index, std::uint64_t reserved) {
  const bool in_ring = index < reserved && reserved - index <= view.geometry().capacity();
  if (!in_ring) return index;
  const auto item = nth_item_before(view, index + 1, 1);
  if (!item || item->data_index == index) return index;
  const std::uint64_t end = item->data_index + view.geometry().footprint(item->size);
  return index < end && end <= reserved ? end : index;
}

}  // namespace

const Hole* hole_at(const Scan& seen, std::uint64_t index) noexcept {
  const auto found =
      std::ranges::find_if(seen.holes, [&](const Hole& hole) { return hole.index <= index && index < hole.next; });
  return found == seen.holes.end() ? nullptr : &*found;
}

std::string_view damage_in(const Scan& seen) noexcept {
  return seen.reserved > kMaxIndex ? "damaged: the reserved index is beyond 2^47, where every reservation is refused"
                                   : "";
}

std::optional<Hole> hole_around(const View& view, std::uint64_t cursor) {
  for (ScanOptions options;;) {
    const Scan seen = scan(view, options);
    if (const Hole* hole = hole_at(seen, cursor)) return *hole;
    // The list of holes has a limit: go on behind the last one listed.
    const bool list_full = seen.holes.size() >= options.hole_limit && seen.holes.back().next <= cursor;
    if (!list_full) return std::nullopt;
    options.frontier = seen.holes.back().next;
  }
}

std::uint64_t next_boundary(const View& view, std::uint64_t after, std::uint64_t end) {
  const Geometry& geometry = view.geometry();
  const std::uint64_t step = geometry.items_per_slot();
  for (std::uint64_t at = geometry.footprint(after + 1); at < end;) {
    const std::uint64_t lap_end = (at | geometry.mask()) + 1;
    const std::uint64_t stop = std::min({geometry.footprint(end), lap_end, at + kWindowSlots * step});
    const std::vector<Slot> slots = slots_of(view, at, stop);
    for (const Slot& slot : slots) {
      const bool own = slot.data_index == at;
      const bool marker = slot.data_index != kNoIndex && slot.data_index > at && slot.data_index <= end &&
                          ((slot.data_index ^ at) & geometry.mask()) != 0;
      if (own || marker) return at;
      at += step;
    }
  }
  return end;
}

std::uint64_t cursor_at(const View& view, Position position) {
  const std::uint64_t reserved = view.reserved_index();
  switch (position.at) {
    case Position::At::begin: return ViewReader(view, Start{}).cursor();
    case Position::At::end: return reserved;
    case Position::At::back: {
      if (position.value == 0) return reserved;
      const auto found = nth_item_before(view, reserved, position.value);
      return found ? found->data_index : ViewReader(view, Start{}).cursor();
    }
    case Position::At::index: return boundary_at(view, position.value, reserved);
  }
  return reserved;
}

RingWalk::RingWalk(const View& view, std::uint64_t cursor, std::uint64_t end, OnHole on_hole)
    : view_(&view),
      end_(end),
      on_hole_(std::move(on_hole)),
      reader_(view, Start{Start::At::index, cursor}),
      cursor_(cursor) {}

PopResult RingWalk::next(std::vector<std::byte>& out) {
  PopResult total;
  while (reader_.cursor() < end_) {
    const PopResult got = reader_.next(out);
    if (got.lost > 0) {
      if (total.lost == 0) total.first_lost = got.first_lost;
      total.lost += got.lost;
      total.last_lost = got.last_lost;
    }
    cursor_ = reader_.cursor();
    if (got.what == Pop::item && got.index >= end_) {  // a jump marker led beyond the end: not ours to return
      cursor_ = got.index;
      return total;
    }
    if (got.what != Pop::empty) {
      total.what = got.what;
      total.count = got.count;
      total.index = got.index;
      return total;
    }
    if (reader_.cursor() < end_ && !pass_obstacle()) break;
  }
  return total;
}

// The reader waits at its cursor. False when nothing readable stands behind what it waits for.
bool RingWalk::pass_obstacle() {
  const std::uint64_t at = reader_.cursor();
  const auto hole = hole_around(*view_, at);
  if (!hole && stuck_at_ != at) {  // published meanwhile: look again, once
    stuck_at_ = at;
    return true;
  }
  if (hole && !on_hole_({at, std::min(hole->next, end_)})) return true;
  const std::uint64_t next = hole ? hole->next : next_boundary(*view_, at, end_);
  if (next >= end_) return false;
  reader_ = ViewReader(*view_, Start{Start::At::index, next});
  return true;
}

}  // namespace slickq::cli
