// What must hold when a run is over.
#include "ring_world.hpp"

namespace ring_test {

void World::drain() {
  Dice dice(seed_ + 300);
  for (std::uint32_t r = 0; r < cast_.own_readers + cast_.shared_readers; ++r) {
    Reader& reader = readers_[r];
    if (reader.dead && !reader.account.shares) continue;
    std::uint32_t empty = 0;  // several in a row: the buffer may have been too small for what is there
    while (empty < 50) {
      empty = take(reader, dice) ? 0 : empty + 1;
    }
  }
  for (int k = 0; k < 100; ++k) read_original();
}

void World::check_end(bool all_arrive) {
  const std::uint64_t reserved = ledger_.reserved();
  std::uint64_t shared = 0;
  bool shared_death = false;
  for (std::uint32_t r = 0; r < cast_.own_readers + cast_.shared_readers; ++r) {
    const Reader& reader = readers_[r];
    lost_ += reader.account.lost;
    if (reader.account.shares) {
      shared += reader.account.passed();
      shared_death |= reader.dead;
    } else if (reader.account.passed() != reader.cursor) {
      if (!reader.dead) ledger_.fail("received + lost + skipped is not how far it went", reader.cursor);
    }
    if (!all_arrive || reader.dead) continue;
    if (!reader.account.shares && reader.cursor != reserved) ledger_.fail("a reader is stuck", reader.cursor);
    if (!reader.account.shares) ledger_.check_complete(reader.account, 0);
  }
  if (!a_producer_died_ && has_last_published(ring_.geometry().layout()) &&
      ring_.last_published() != ledger_.newest()) {
    ledger_.fail("last_published is not the last that was published", ring_.last_published());
  }
  if (cast_.shared_readers == 0) return;
  if (!shared_death && shared != shared_cursor_) {
    ledger_.fail("received + lost + skipped is not how far the shared position went", shared_cursor_);
  }
  if (all_arrive && shared_cursor_ != reserved) ledger_.fail("the shared position is stuck", shared_cursor_);
  if (all_arrive && !shared_death) {
    Account together;
    together.shares = true;
    for (std::uint32_t r = cast_.own_readers; r < cast_.own_readers + cast_.shared_readers; ++r) {
      const Account& one = readers_[r].account;
      together.losses.insert(together.losses.end(), one.losses.begin(), one.losses.end());
    }
    ledger_.check_complete(together, 0);
  }
}

// Whoever comes now gets all that is still in the ring: with our check, and as an original.
void World::check_fresh_readers() {
  const std::uint64_t reserved = ledger_.reserved();
  const std::uint64_t capacity = ring_.geometry().capacity();
  const std::uint64_t floor = reserved > capacity ? reserved - capacity : 0;
  const std::uint64_t start = floor == 0 ? 0 : ring_.first_present(floor);
  Reader fresh;
  fresh.cursor = start;
  std::array<std::byte, 8 * kElementBytes> buffer;
  while (take_own(fresh, buffer)) {
  }
  if (fresh.cursor != reserved) ledger_.fail("a fresh reader is stuck", fresh.cursor);
  if (fresh.account.lost != 0) ledger_.fail("a fresh reader lost something", fresh.cursor);
  ledger_.check_complete(fresh.account, floor);
  std::uint64_t cursor = start;
  for (std::uint64_t k = 0; k <= 2 * capacity; ++k) (void)original_read(ring_, cursor);
  if (cursor != reserved) ledger_.fail("a fresh original's reader is stuck", cursor);
  if (!original_lapped_ && original_cursor_ != reserved) ledger_.fail("the original is stuck", original_cursor_);
}

}  // namespace ring_test
