#include "delivery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include "slickq/error.hpp"
#include "slickq/markers.hpp"
#include "slickq/repair.hpp"

namespace slickq::bridge {
namespace {

ProducerOptions options_with(std::vector<AtomicCursor> respect) {
  ProducerOptions options;
  options.respect = std::move(respect);
  options.patience = std::chrono::milliseconds(100);  // then a stop is noticed
  return options;
}

bool stands_there(const Queue& target, const Intent& intent) noexcept {
  return target.ring().held_by_slot(intent.index) == intent.index;
}

bool is_lapped(const Queue& target, const Intent& intent) noexcept {
  return target.ring().reserved_index() - intent.index > target.geometry().capacity();
}

Recovered judge(Queue& target, const Intent& intent) {
  const std::uint64_t reserved = target.ring().reserved_index();
  if (reserved <= intent.index) return Recovered::doubtful;  // the queue was reset meanwhile
  if (stands_there(target, intent)) return is_lapped(target, intent) ? Recovered::doubtful : Recovered::delivered;
  if (is_lapped(target, intent)) return Recovered::doubtful;
  // Where nobody can prove who is dead (no annex), the intent does: the reservation was ours. A marker refuses to go
  // over an item, so what is published at this moment stays.
  const std::uint64_t held = target.ring().held_by_slot(intent.index);
  if (held == kNoIndex || held < intent.index) {
    put_markers(target.ring(), intent.index, intent.index + target.geometry().footprint(intent.count));
  }
  return stands_there(target, intent) ? Recovered::delivered : Recovered::undone;
}

}  // namespace

Recovered recover(Queue& target, Sidecar& sidecar) {
  // Also without an intent: a bridge that was killed between reserve and intent left a hole that readers wait at.
  Repairer(target).repair();
  const std::optional<Intent> intent = sidecar.intent();
  if (!intent) {
    sidecar.forget_intent();
    return Recovered::nothing;
  }
  const Recovered found = judge(target, *intent);
  if (found == Recovered::undone) {
    sidecar.forget_intent();
  } else {
    sidecar.delivered(intent->item + 1);
  }
  return found;
}

Delivery::Delivery(Queue& target, Sidecar& sidecar, std::vector<AtomicCursor> respect, std::function<bool()> stopped)
    : target_(&target),
      sidecar_(&sidecar),
      stopped_(std::move(stopped)),
      recovered_(recover(target, sidecar)),
      producer_(target, options_with(std::move(respect))) {}

bool Delivery::deliver(Body body, std::uint64_t leave_out) {
  const std::uint64_t done = std::max(leave_out, sidecar_->progress());
  std::uint64_t number = 0;
  while (const std::optional<Item> item = body.next()) {
    if (number >= done && !deliver_one(number, *item)) return false;
    ++number;
  }
  return true;
}

bool Delivery::deliver_one(std::uint64_t number, const Item& item) {
  for (;;) {
    Reservation reservation = producer_.reserve(item.count);
    switch (reservation.what()) {
      case Push::pushed: break;
      case Push::too_large:
        throw Error(Errc::invalid_argument, target_->name(),
                    fmt::format("an item of {} elements does not fit into a ring of {}", item.count,
                                target_->geometry().capacity()),
                    "make the target queue as large as the source");
      case Push::exhausted:
        throw Error(Errc::exhausted, target_->name(), "the last index there is has been used",
                    "make the queue anew: slickq create --replace");
      default:
        if (stopped_()) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
    }
    sidecar_->intend({number, reservation.index(), item.count});
    std::memcpy(reservation.data().data(), item.bytes.data(), item.bytes.size());
    if (reservation.publish() == Push::pushed) {
      sidecar_->delivered(number + 1);
      ++items_;
      bytes_ += item.bytes.size();
      return true;
    }
    sidecar_->forget_intent();  // late: nobody sees it, and once more
  }
}

}  // namespace slickq::bridge
