#include "hole_watch.hpp"

#include <algorithm>
#include <utility>

namespace slickqd {

void HoleWatch::update(const std::vector<slickq::Hole>& seen, const std::vector<slickq::HoleOwner>& owners,
                       Monotonic now) {
  const Monotonic not_before = last_update_.value_or(now);
  std::vector<AgedHole> holes;
  holes.reserve(seen.size());
  auto old = holes_.begin();  // both lists ascend: one pass
  for (std::size_t k = 0; k < seen.size(); ++k) {
    const slickq::Hole& hole = seen[k];
    while (old != holes_.end() && old->old_to <= hole.index) ++old;  // what is left of one is younger than it was
    const bool known = old != holes_.end() && old->index <= hole.index;
    AgedHole aged{hole.index, hole.next, now, hole.next, not_before, false, owners[k]};
    if (known) {
      aged.old_to = std::min(hole.next, old->old_to);
      aged.since = old->since;
      aged.not_before = old->not_before;
      aged.announced = old->announced;
    }
    holes.push_back(aged);
  }
  holes_ = std::move(holes);
  last_update_ = now;
}

bool HoleWatch::has_older_than(std::chrono::milliseconds age, Monotonic now) const {
  return std::any_of(holes_.begin(), holes_.end(), [&](const AgedHole& h) { return now - h.since >= age; });
}

std::vector<AgedHole> HoleWatch::take_unannounced(std::chrono::milliseconds age, Monotonic now) {
  std::vector<AgedHole> old;
  for (AgedHole& hole : holes_) {
    if (hole.announced || now - hole.since < age) continue;
    hole.announced = true;
    old.push_back(hole);
  }
  return old;
}

}  // namespace slickqd
