#include "hole_watch.hpp"

#include <algorithm>
#include <utility>

namespace slickqd {

void HoleWatch::update(const std::vector<slickq::Hole>& seen, Monotonic now) {
  std::vector<AgedHole> holes;
  holes.reserve(seen.size());
  auto old = holes_.begin();  // both lists ascend: one pass
  for (const slickq::Hole& hole : seen) {
    while (old != holes_.end() && old->next <= hole.index) ++old;
    const bool known = old != holes_.end() && old->index <= hole.index;
    holes.push_back({hole.index, hole.next, known ? old->since : now, known && old->announced});
  }
  holes_ = std::move(holes);
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
