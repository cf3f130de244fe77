#include "slickq/seat.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "slickq/journal_lock.hpp"
#include "slickq/recovery.hpp"

namespace slickq {
namespace {

// Worth a try? Not one that died at work while what it reserved is in the ring: the repair wants to read it.
bool looks_reusable(const Journal& journal, std::uint32_t line, const Queue& queue) noexcept {
  // Asked before the claim: while a line is buried, its claim and end stay what they are.
  const bool buried = journal.is_buried(line);
  const Claim claim = hiding_claim(journal.claim_and_passed(line), queue.ring());
  if (claim.state == JournalState::free || claim.state == JournalState::idle) return true;
  if (claim.state == JournalState::reserving && (!buried || claim.end > kMaxIndex)) return false;
  if (claim.passed != 0) return false;  // what he hid is of a later lap
  return claim.end + queue.geometry().capacity() <= queue.ring().reserved_index();
}

// Is the owner of a line gone? Asked through an open file of its own, made when first needed: a line of our own process
// or of our parent, with whom we share the queue's open file, would look free through that one.
class Asker {
 public:
  explicit Asker(const Queue& queue) noexcept : queue_(queue) {}
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;
  ~Asker() {
    if (fd_ >= 0) close(fd_);
  }
  bool is_gone(std::uint32_t line) noexcept {
    if (!queue_.is_shared()) return false;  // the local are never proven dead
    if (fd_ < 0) fd_ = open_again(queue_.segment().fd(), false);
    return fd_ >= 0 && ask_line_lock(fd_, journal_line_offset(queue_.geometry(), line)) == LineLock::free;
  }

 private:
  const Queue& queue_;
  int fd_ = -1;
};

}  // namespace

Seat::Seat(const Queue& queue, std::uint32_t line) noexcept
    : table_(&queue.line_table()),
      journal_(queue.annex(), queue.geometry()),
      fd_(queue.is_shared() ? queue.segment().fd() : -1),
      offset_(journal_line_offset(queue.geometry(), line)),
      line_(line),
      pid_(getpid()) {}

Seat Seat::claim(const Queue& queue) noexcept {
  Annex* const annex = queue.annex();
  if (annex == nullptr || !queue.writable()) return {};
  Asker asker(queue);
  for (std::uint32_t line = 0; line < kJournalLines; ++line) {
    JournalLine& at = annex->journal[line];
    // Getting short. From now on it can be told when the ring has lapped those who died while reserving; else they
    // would take up one line after the other where nobody repairs.
    if (line == kJournalLines / 2) bury_the_dead(queue);
    Seat seat(queue, line);
    const Claim claim = seat.journal_.claim(line);
    if (!looks_reusable(seat.journal_, line, queue)) continue;
    if (claim.state != JournalState::free && !asker.is_gone(line)) continue;
    if (!seat.lock()) continue;
    // Again under the lock: somebody may have come and died at work meanwhile.
    if (!looks_reusable(seat.journal_, line, queue)) continue;
    HardwareMemory::store(&at.pid, static_cast<std::uint32_t>(getpid()), std::memory_order_relaxed);
    seat.journal_.dig_up(line);
    seat.journal_.forget_passed(line);
    seat.journal_.idle(line, 0);
    seat.journal_.raise_top(line + 1);
    seat.owns_ = true;
    return seat;
  }
  return {};
}

Seat::Seat(Seat&& other) noexcept { *this = std::move(other); }

Seat& Seat::operator=(Seat&& other) noexcept {
  if (this == &other) return *this;
  release();
  table_ = other.table_;
  journal_ = other.journal_;
  fd_ = other.fd_;
  offset_ = other.offset_;
  line_ = other.line_;
  pid_ = other.pid_;
  locked_ = std::exchange(other.locked_, false);
  owns_ = std::exchange(other.owns_, false);
  return *this;
}

// The table first: locks do not keep threads of one Queue apart.
bool Seat::lock() noexcept {
  if (!table_->take(line_)) return false;
  locked_ = fd_ < 0 || try_lock_line(fd_, offset_);
  if (!locked_) table_->give_back(line_);
  return locked_;
}

void Seat::release() noexcept {
  if (!locked_) return;
  // A forked child destroys what it inherited: line and lock are its parent's.
  if (pid_ != getpid()) {
    locked_ = owns_ = false;
    return;
  }
  if (owns_) journal_.free(line_);
  if (fd_ >= 0) unlock_line(fd_, offset_);
  table_->give_back(line_);
  locked_ = owns_ = false;
}

namespace {

// `deal` with each line whose owner is gone and whose claim is of interest; nobody takes such a line over meanwhile.
// Through a file of its own: locks of one open file do not conflict, so the queue's would be granted its own lines.
template <class Deal>
void for_each_dead_line(const Queue& queue, Deal deal) noexcept {
  if (queue.annex() == nullptr || !queue.is_shared() || !queue.writable()) return;
  const int fd = open_again(queue.segment().fd(), true);
  if (fd < 0) return;
  Journal journal(queue.annex(), queue.geometry());
  for (std::uint32_t line = 0; line < journal.top(); ++line) {
    const JournalState state = journal.claim(line).state;
    if (state != JournalState::reserving && state != JournalState::held) continue;
    const std::uint64_t offset = journal_line_offset(queue.geometry(), line);
    if (!try_hold_off_line(fd, offset)) continue;
    deal(journal, line);
    unlock_line(fd, offset);
  }
  close(fd);
}

}  // namespace

void bury_the_dead(const Queue& queue) noexcept {
  for_each_dead_line(queue,
                     [&](Journal& journal, std::uint32_t line) { journal.bury(line, queue.ring().reserved_index()); });
}

void forget_the_dead(const Queue& queue) noexcept {
  for_each_dead_line(queue, [](Journal& journal, std::uint32_t line) { journal.free(line); });
}

}  // namespace slickq
