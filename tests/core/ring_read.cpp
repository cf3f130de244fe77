// The readers of a run.
#include "ring_world.hpp"

namespace ring_test {

bool World::take(Reader& reader, Dice& dice) {
  if (reader.account.shares) return take_from(reader, SharedPosition(shared_cursor_), dice);
  if (flaw_ == Flaw::no_c_check) return take_unchecked(reader);
  if (dice.one_in(2) && is_still_empty(reader)) return false;
  if (dice.one_in(4)) return peek_some(reader, 1 + dice.below(3), style_of(reader, dice));
  return take_from(reader, slickq::OwnPosition(reader.cursor), dice);
}

bool World::take_own(Reader& reader, std::span<std::byte> buffer) {
  return take_one(reader, slickq::OwnPosition(reader.cursor), buffer, {});
}

template <class Position>
bool World::take_from(Reader& reader, Position position, Dice& dice) {
  std::array<std::byte, 8 * kElementBytes> room;
  // Now and then too small for all but single elements: nothing may be taken then, and nothing be lost by it.
  const std::span<std::byte> buffer = dice.one_in(8) ? std::span(room).first(kElementBytes) : std::span(room);
  const slickq::ReadStyle style = style_of(reader, dice);
  return dice.one_in(3) ? take_batch(reader, position, buffer, style) : take_one(reader, position, buffer, style);
}

// As Consumer's, but sooner: it leaves out 255 checks of 256.
slickq::ReadStyle World::style_of(const Reader& reader, Dice& dice) {
  slickq::ReadStyle style;
  if (!reader.hurried) return style;
  style.check_when_empty = reader.empties % 4 == 3 || (reader.empties != 0 && is_lapped(reader));
  style.first_wait = static_cast<std::uint32_t>(dice.below(4));
  style.longest_wait = 8;
  unchecked_ += style.check_when_empty ? 0 : 1;
  return style;
}

bool World::is_lapped(const Reader& reader) const {
  return reader.last != kNoIndex && ring_.held_by_slot(reader.last) != reader.last;
}

// Consumer's look in line.
bool World::is_still_empty(Reader& reader) {
  if (!reader.hurried || reader.empties % 4 == 3) return false;
  if (!ring_.is_nothing_at(reader.cursor) || is_lapped(reader)) return false;
  ++reader.empties;
  return true;
}

void World::note(Reader& reader, const slickq::PopResult& result) {
  reader.empties = result.what == Pop::empty ? reader.empties + 1 : 0;
  if (result.what == Pop::item) reader.last = result.index;
}

template <class Position>
bool World::take_one(Reader& reader, Position position, std::span<std::byte> buffer, slickq::ReadStyle style) {
  const auto result = slickq::BasicReader<Memory, Position>(ring_, position, style).pop(buffer);
  note(reader, result);
  ledger_.pass(reader.account, result);
  if (result.what == Pop::reset) ledger_.fail("a reset nobody made", result.index);
  if (result.what != Pop::item) return false;
  ledger_.accept(reader.account, result.index, result.count, buffer.data());
  return true;
}

template <class Position>
bool World::take_batch(Reader& reader, Position position, std::span<std::byte> buffer, slickq::ReadStyle style) {
  std::array<slickq::BatchItem, 5> items;
  std::span<slickq::BatchItem> taken;
  const auto result = slickq::BasicReader<Memory, Position>(ring_, position, style).pop_batch(buffer, items, taken);
  note(reader, result);
  ledger_.pass(reader.account, result);
  if (result.what == Pop::reset) ledger_.fail("a reset nobody made", result.index);
  for (const slickq::BatchItem& item : taken) {
    ledger_.accept(reader.account, item.index, item.count, item.bytes.data());
  }
  return result.what == Pop::item;
}

// Several in place, one after the other, before the first is asked whether it was valid all the time: it speaks for
// all. If not, the reader goes back to it, and what it was told behind it counts for nothing.
bool World::peek_some(Reader& reader, std::uint64_t most, slickq::ReadStyle style) {
  std::array<slickq::PopResult, 3> peeked;
  std::array<std::array<std::byte, 8 * kElementBytes>, 3> copies;
  std::size_t count = 0;
  bool more = true;
  while (more && count < most) {
    style.check_peeked = !reader.hurried || reader.peeked == reader.cursor;
    unchecked_ += style.check_peeked ? 0 : 1;
    const slickq::OwnPosition position(reader.cursor);
    const auto result = slickq::BasicReader<Memory, slickq::OwnPosition>(ring_, position, style).peek();
    note(reader, result);
    reader.peeked = reader.cursor;
    more = result.what == Pop::item;
    if (more) {
      Memory::copy_out(copies[count].data(), ring_.element(result.index), std::size_t{result.count} * kElementBytes);
      reader.cursor = result.index + ring_.geometry().footprint(result.count);
    }
    peeked[count++] = result;
  }
  ledger_.pass(reader.account, peeked[0]);
  if (peeked[0].what == Pop::reset) ledger_.fail("a reset nobody made", peeked[0].index);
  if (peeked[0].what != Pop::item) return false;
  if (!ring_.is_intact(peeked[0].index)) {
    reader.cursor = reader.peeked = peeked[0].index;
    return false;
  }
  for (std::size_t k = 0; k < count; ++k) {
    const slickq::PopResult& result = peeked[k];
    if (k != 0) ledger_.pass(reader.account, result);
    if (result.what == Pop::reset) ledger_.fail("a reset nobody made", result.index);
    if (result.what == Pop::item) ledger_.accept(reader.account, result.index, result.count, copies[k].data());
  }
  return true;
}

// The flaw: what the slot says is believed.
bool World::take_unchecked(Reader& reader) {
  const slickq::Sight sight = ring_.look(reader.cursor);
  if (sight.what == slickq::Look::nothing) return false;
  if (sight.what == slickq::Look::item) {
    std::array<std::byte, 8 * kElementBytes> copy;
    Memory::copy_out(copy.data(), ring_.element(sight.index), std::size_t{sight.count} * kElementBytes);
    ledger_.accept(reader.account, sight.index, sight.count, copy.data());
  } else {
    ledger_.pass(reader.account, {Pop::empty, 0, 0, sight.next - reader.cursor, reader.cursor, sight.next - 1, 0});
  }
  reader.cursor = sight.next;
  return true;
}

// Once lapped it may stand anywhere, so that nothing is expected of it any more.
void World::read_original() {
  const std::uint64_t before = original_cursor_;
  (void)original_read(ring_, original_cursor_);
  original_lapped_ |= ledger_.reserved() - before > ring_.geometry().capacity();
}

}  // namespace ring_test
