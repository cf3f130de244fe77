// fsck of a segment: every rule of the format that its bytes can break, one finding each.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <iterator>
#include <thread>

#include "slickq/inspect.hpp"
#include "slot_walk.hpp"

namespace slickq {
namespace {

constexpr std::size_t kMostFindings = 1000;
constexpr std::uint32_t kChunk = 4096;

// A finding and what it was found on: only when both are there again did it stay.
struct Suspicion {
  Finding finding;
  std::uint64_t held = 0;

  bool same_as(const Suspicion& other) const noexcept {
    return finding.kind == other.finding.kind && finding.where == other.finding.where && held == other.held;
  }
};
using Suspicions = std::vector<Suspicion>;
using Kind = Finding::Kind;

std::string number(std::uint64_t value) { return std::to_string(value); }

class Examination {
 public:
  explicit Examination(const View& view) : view_(view), geometry_(view.geometry()) {}

  Suspicions run() {
    if (geometry_holds()) {
      check_slots();
      check_header();
      check_holes();
    }
    std::stable_sort(found_.begin(), found_.end(),
                     [](const Suspicion& a, const Suspicion& b) { return a.finding.kind < b.finding.kind; });
    return std::move(found_);
  }

 private:
  void suspect(Kind kind, std::uint64_t where, std::uint64_t held, std::string text) {
    found_.push_back({{kind, where, std::move(text)}, held});
  }

  // Without that no slot is where it is looked for.
  bool geometry_holds() {
    const Recognition now = view_.recognise_again();
    if (now.verdict == Verdict::queue && *now.geometry == geometry_) return true;
    suspect(Kind::header, 0, 0,
            "the header changed since the segment was opened: it was " + geometry_.describe() + ", now " +
                (now.verdict == Verdict::queue ? now.geometry->describe() : now.problem));
    return false;
  }

  void check_header() {
    const HeaderBytes bytes = view_.header();
    Header h;
    std::memcpy(&h, bytes.data(), sizeof h);
    if (h.init_state_high != 0) {
      suspect(Kind::header, 0, h.init_state_high,
              "bytes 52..55 hold " + number(h.init_state_high) +
                  " instead of 0: the Python original compares them as part of the init state");
    }
    check_annex();
    check_reserved_index(reserved_index(bytes, geometry_.layout()));
    if (has_last_published(geometry_.layout())) check_last_published(h.last_published);
  }

  // The originals never look behind the elements, and a queue works without its annex: but nobody wakes a sleeper, and
  // no death can be proven.
  void check_annex() {
    const std::uint64_t bytes = view_.facts().bytes;
    const bool complete = view_.recognise_again().has_annex;
    if (complete || (bytes == geometry_.segment_bytes() && !view_.has_annex())) return;
    suspect(
        Kind::header, 0, bytes,
        "what follows the elements at byte " + number(geometry_.segment_bytes()) + ", " +
            number(bytes - geometry_.segment_bytes()) +
            " bytes, is no sound annex: truncated or overwritten. Items are not affected; sleepers are not woken and "
            "a producer's death cannot be proven");
  }

  void check_reserved_index(std::uint64_t reserved) {
    if (reserved > kMaxIndex) {
      suspect(Kind::header, 0, 0,
              "the reserved index " + number(reserved) + " is beyond 2^47, where reservations are refused");
    }
    if (geometry_.footprint(reserved) != reserved) {
      suspect(Kind::header, 0, 0,
              "the reserved index " + number(reserved) + " is no multiple of the " +
                  number(geometry_.items_per_slot()) + " items per slot");
    }
  }

  // It is raised after the slot was published, and a slot only goes forward.
  void check_last_published(std::uint64_t last) {
    if (last == kNoIndex) return;
    const std::string says = "the last published index " + number(last);
    Slot slot{};
    view_.read_slots(geometry_.slot_of(last), {&slot, 1});
    const std::uint64_t reserved = view_.reserved_index();
    if (last >= reserved) {
      suspect(Kind::header, 0, last, says + " is not reserved yet (reserved index " + number(reserved) + ")");
    } else if (last >= ring_floor(geometry_, reserved) && slot.data_index != last && !has_finding(last, 1)) {
      suspect(Kind::header, 0, last,
              says + " is not in its slot " + number(geometry_.slot_of(last)) + ", which holds " + held_text(slot));
    }
  }

  static std::string held_text(const Slot& slot) {
    return slot.data_index == kNoIndex ? "nothing" : "index " + number(slot.data_index);
  }

  void check_slots() {
    std::vector<Slot> slots;
    for (std::uint32_t first = 0; first < geometry_.slot_count(); first += kChunk) {
      slots.resize(std::min(kChunk, geometry_.slot_count() - first));
      view_.read_slots(first, slots);
      // C behind the slots: it knows of every index they can hold. The fence is the one of SlotWalk::load().
      std::atomic_thread_fence(std::memory_order_acquire);
      reserved_ = view_.reserved_index();
      for (std::uint32_t k = 0; k < slots.size(); ++k) {
        check_slot(first + k, slots[k]);
        if (found_.size() > kMostFindings) return;
      }
    }
  }

  void check_slot(std::uint32_t number_of_slot, const Slot& slot) {
    const std::uint64_t held = slot.data_index;
    const std::uint64_t position = std::uint64_t{number_of_slot} * geometry_.items_per_slot();
    const std::size_t before = found_.size();
    if (held != kNoIndex) {
      if (geometry_.slot_of(held) == number_of_slot) {
        check_item(number_of_slot, position, slot);
      } else {
        check_marker(number_of_slot, position, slot);
      }
    }
    if (found_.size() == before) check_overlap(number_of_slot, position, slot);
  }

  void check_item(std::uint32_t k, std::uint64_t position, const Slot& slot) {
    const std::uint64_t index = slot.data_index;
    const std::string says = "slot " + number(k) + " holds index " + number(index);
    const std::uint64_t room = geometry_.capacity() - position;
    if ((index & geometry_.mask()) != position) {
      suspect(Kind::slot, k, index,
              says + ", inside the slot; its first index is " + number(index - (index & geometry_.mask()) + position));
    } else if (index >= reserved_) {
      suspect(Kind::slot, k, index, says + ", which is not reserved yet; " + fitting(position));
    } else if (slot.size == 0 || slot.size > room) {
      suspect(Kind::slot, k, index,
              says + " with size " + number(slot.size) + "; an item there has 1 to " + number(room) + " elements");
    } else if (index + geometry_.footprint(slot.size) > reserved_) {
      suspect(
          Kind::slot, k, index,
          says + " with size " + number(slot.size) + ", which reaches beyond the reserved index " + number(reserved_));
    }
  }

  // A marker of an earlier lap points backwards from here; one that no lap can have written points before the
  // slot's first index ever.
  void check_marker(std::uint32_t k, std::uint64_t position, const Slot& slot) {
    const std::uint64_t target = slot.data_index;
    const std::string says = "slot " + number(k) + " holds index " + number(target) + ", which belongs to slot " +
                             number(geometry_.slot_of(target)) + "; as a jump marker it ";
    if (target > reserved_) {
      suspect(Kind::marker, k, target, says + "points further than what is reserved; " + fitting(position));
    } else if (target < position) {
      suspect(Kind::marker, k, target, says + "points backwards: the first index here is " + number(position));
    } else if (geometry_.footprint(target) != target) {
      suspect(Kind::marker, k, target,
              says + "points inside a slot: targets are multiples of " + number(geometry_.items_per_slot()));
    }
  }

  // The index of the current lap at `position`, which is below the reserved index.
  std::uint64_t current_index(std::uint64_t position) const noexcept {
    return reserved_ - 1 - ((reserved_ - 1 - position) & geometry_.mask());
  }

  std::string fitting(std::uint64_t position) const {
    const std::string reserved = "with the reserved index " + number(reserved_);
    if (position >= reserved_) return "nothing fits here yet " + reserved;
    return "index " + number(current_index(position)) + " or older fits here " + reserved;
  }

  // No item is published inside another of the current lap (a marker may be: a repair wrote it, and a slow
  // producer published all the same). Slots come in ascending order, so do the indexes of the current lap in
  // them, but for one step back from C to C - N.
  void check_overlap(std::uint32_t k, std::uint64_t position, const Slot& slot) {
    if (position >= reserved_) return;
    const std::uint64_t index = current_index(position);
    const Sight sight = sight_of(geometry_, slot, index, reserved_);
    if (sight.what != Look::item) return;
    if (index > cover_begin_ && index < cover_end_) {
      suspect(Kind::slot, geometry_.slot_of(cover_begin_), cover_begin_,
              "slot " + number(geometry_.slot_of(cover_begin_)) + " holds index " + number(cover_begin_) +
                  " with size " + number(cover_end_ - cover_begin_) + ", but slot " + number(k) + " holds " +
                  held_text(slot) + " inside it");
    }
    cover_begin_ = index;
    cover_end_ = index + sight.count;
  }

  // A hole is reported once: not when a slot in it is already known to hold what does not belong there.
  void check_holes() {
    const Scan scanned = scan(view_);
    if (!scanned.consistent) return;
    for (const Hole& hole : scanned.holes) {
      if (hole.next >= scanned.reserved || found_.size() > kMostFindings) return;
      if (has_finding(hole.index, (hole.next - hole.index) / geometry_.items_per_slot())) continue;
      suspect(Kind::hole, hole.index, hole.index,
              "hole: index " + number(hole.index) + " up to " + number(hole.next) +
                  " is reserved and not published, publishing goes on at " + number(hole.next) +
                  "; readers wait at it until the ring has lapped");
    }
  }

  // Is one of the `count` slots from index `from` on known to be wrong?
  bool has_finding(std::uint64_t from, std::uint64_t count) const noexcept {
    const std::uint64_t first = geometry_.slot_of(from);
    return std::any_of(found_.begin(), found_.end(), [&](const Suspicion& s) {
      if (s.finding.kind != Kind::slot && s.finding.kind != Kind::marker) return false;
      return ((s.finding.where + geometry_.slot_count() - first) & (geometry_.slot_count() - 1)) < count;
    });
  }

  const View& view_;
  const Geometry& geometry_;
  std::uint64_t reserved_ = 0;  // C behind the slots just read
  std::uint64_t cover_begin_ = 0;
  std::uint64_t cover_end_ = 0;  // the last item published in the current lap is [cover_begin_, cover_end_)
  Suspicions found_;
};

std::vector<Finding> report(const Suspicions& stayed) {
  std::vector<Finding> findings;
  for (const Suspicion& s : stayed) {
    if (findings.size() == kMostFindings) {
      findings.push_back({s.finding.kind, s.finding.where, "more than 1000 findings: the rest is not listed"});
      break;
    }
    findings.push_back(s.finding);
  }
  return findings;
}

}  // namespace

std::vector<Finding> verify(const View& view, unsigned settle_ms) {
  Suspicions suspicions = Examination(view).run();
  if (suspicions.empty() || !view.is_live()) return report(suspicions);
  std::this_thread::sleep_for(std::chrono::milliseconds(settle_ms));
  const Suspicions again = Examination(view).run();
  Suspicions stayed;
  std::copy_if(again.begin(), again.end(), std::back_inserter(stayed), [&](const Suspicion& now) {
    return std::any_of(suspicions.begin(), suspicions.end(), [&](const Suspicion& s) { return s.same_as(now); });
  });
  return report(stayed);
}

}  // namespace slickq
