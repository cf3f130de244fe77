#include "slickq/scan.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "slickq/repair.hpp"
#include "slot_walk.hpp"

namespace slickq {
namespace {

constexpr int kTries = 3;

// One try. The walk goes from boundary to boundary; `certain_` says that at_ is one, so that a slot which
// holds nothing there is a hole and not the inside of an item whose first slot is overwritten.
class Walk {
 public:
  Walk(const View& view, const ScanOptions& options, std::uint64_t reserved)
      : view_(view),
        geometry_(view.geometry()),
        options_(options),
        reserved_(reserved),
        floor_(std::min(ring_floor(geometry_, reserved), reserved)),
        slots_(view, reserved),
        older_slots_(view, reserved) {}

  // False: the ring was lapped or reset under the walk.
  bool run() {
    const std::uint64_t frontier = options_.frontier;
    const bool resumes = frontier != kNoIndex && frontier >= floor_ && frontier <= reserved_;
    begin_at(resumes ? frontier : floor_);
    certain_ = certain_ || resumes;
    limit_ = within_budget(at_);
    while (at_ < limit_) {
      const Sight sight = slots_.look(at_);
      if (slots_.reserved() < reserved_) return false;
      switch (sight.what) {
        case Look::item:
          present(sight);
          at_ = slots_.end_of_singles(at_, limit_);
          break;
        case Look::jump: present(sight); break;
        case Look::nothing: absent(); break;
        case Look::overrun:
          if (sight.next >= reserved_) return false;
          begin_at(sight.next);  // all that was seen before is gone by now
          break;
      }
    }
    close_run();
    if (resumes) look_for_oldest(frontier);
    return true;
  }

  Scan result() {
    settle_leading_run();
    scan_.reserved = reserved_;
    scan_.scanned_to = at_;
    scan_.published = first_hole_ ? first_hole_->index : at_;
    scan_.oldest = oldest_.value_or(scan_.published);
    if (scan_.holes.size() > options_.hole_limit) scan_.holes.resize(options_.hole_limit);
    return std::move(scan_);
  }

 private:
  void begin_at(std::uint64_t index) {
    scan_ = {};
    at_ = index;
    certain_ = ends_a_lap(index);
    run_.reset();
    leading_.reset();
    first_hole_.reset();
    oldest_.reset();
    long_items_ = false;
  }

  // No item straddles the end of the ring, so something begins at every multiple of N, 0 included.
  bool ends_a_lap(std::uint64_t index) const noexcept { return (index & geometry_.mask()) == 0; }

  std::uint64_t within_budget(std::uint64_t from) const noexcept {
    const std::uint64_t step = geometry_.items_per_slot();
    return (reserved_ - from) / step >= options_.slot_budget ? from + options_.slot_budget * step : reserved_;
  }

  void present(const Sight& sight) {
    close_run();
    certain_ = true;
    if (sight.what == Look::item) {
      if (!oldest_) oldest_ = at_;
      if (geometry_.footprint(sight.count) != geometry_.items_per_slot()) long_items_ = true;
    }
    at_ = std::min(sight.next, reserved_);
  }

  void absent() {
    if (!certain_ && ends_a_lap(at_)) {
      close_run();
      certain_ = true;
    }
    if (!run_) run_ = at_;
    if (!certain_ && tells_of_long_items(slots_.slot(at_))) long_items_ = true;
    const std::uint64_t step = geometry_.items_per_slot();
    at_ = reserved_ - at_ > step ? at_ + step : reserved_;
  }

  // In a ring of one-slot items every slot was once published with one slot's size, at the latest a lap ago.
  bool tells_of_long_items(const Slot& slot) const noexcept {
    if (slot.data_index == kNoIndex) return at_ >= geometry_.capacity();
    return geometry_.footprint(slot.size) > geometry_.items_per_slot();
  }

  // at_ ends a run of slots that held nothing, if there is one.
  void close_run() {
    if (!run_) return;
    const Hole hole{*run_, at_};
    run_.reset();
    if (!certain_) {
      leading_ = hole;
      return;
    }
    if (!first_hole_) first_hole_ = hole;
    scan_.unpublished += hole.next - hole.index;
    // One more than asked for: the leading run may still be joined to the first.
    if (scan_.holes.size() <= options_.hole_limit) scan_.holes.push_back(hole);
  }

  // The run before the first certain boundary: a hole, the inside of a lost item, or jumped over?
  // No rule is right always: the only long item of a ring, its head overwritten by single ones, leaves header and slots
  // just as a dead reservation behind single items does (scan_test stages both), which is then told falsely. Silence
  // would be worse: producers that wait for a cursor stop with C exactly N ahead of the hole, where it leads the ring
  // and everybody stands still. The false alarm ends when the rest is overwritten, too; a frontier raises none.
  void settle_leading_run() {
    if (!leading_) return;
    const bool known = is_held(leading_->index);  // its producer's journal line leaves no question
    if (long_items_ && !known) return;
    const bool joins = first_hole_ && first_hole_->index == leading_->next;
    const std::uint64_t length = leading_->next - leading_->index;
    // That reservation did not fit before the end.
    if (joins && !known && first_hole_->next - first_hole_->index > length) return;
    scan_.unpublished += length;
    if (joins) {
      first_hole_->index = leading_->index;
      scan_.holes.front() = *first_hole_;
    } else {
      first_hole_ = leading_;
      scan_.holes.insert(scan_.holes.begin(), *leading_);
    }
  }

  bool is_held(std::uint64_t index) const {
    const std::vector<LineSight> lines = look_at_journal(view_);
    return std::any_of(lines.begin(), lines.end(), [&](const LineSight& seen) {
      return seen.claim.state == JournalState::held && seen.claim.index <= index && index < seen.claim.end;
    });
  }

  // A walk that began at a frontier has not seen what lies before it. The first item is nearly always a step
  // away.
  void look_for_oldest(std::uint64_t frontier) {
    const std::uint64_t end = std::min(within_budget(floor_), frontier);
    for (std::uint64_t i = floor_; i < end;) {
      const Sight sight = older_slots_.look(i);
      if (sight.what == Look::item) {
        oldest_ = i;
        return;
      }
      i = sight.what == Look::nothing ? i + geometry_.items_per_slot() : sight.next;
    }
  }

  const View& view_;
  const Geometry& geometry_;
  const ScanOptions& options_;
  const std::uint64_t reserved_;  // C as the try found it
  const std::uint64_t floor_;
  SlotWalk slots_;
  SlotWalk older_slots_;

  std::uint64_t at_ = 0;
  std::uint64_t limit_ = 0;
  bool certain_ = false;
  bool long_items_ = false;           // an item of more than one slot is, or was, in the ring
  std::optional<std::uint64_t> run_;  // where the open run of unpublished slots began
  std::optional<Hole> leading_;       // the run before the first certain boundary
  std::optional<Hole> first_hole_;
  std::optional<std::uint64_t> oldest_;
  Scan scan_;
};

}  // namespace

Scan scan(const View& view, const ScanOptions& options) {
  for (int k = 0; k < kTries; ++k) {
    Walk walk(view, options, view.reserved_index());
    if (walk.run()) return walk.result();
  }
  Scan blur;
  blur.reserved = blur.published = blur.oldest = blur.scanned_to = view.reserved_index();
  blur.consistent = false;
  return blur;
}

}  // namespace slickq
