#include "holder_pass.hpp"

#include <algorithm>

namespace slickqd {

void HolderPass::begin_round(const std::string& shm_dir) {
  const Monotonic now = clock_.monotonic();
  if (now < next_) return;
  answers_.clear();
  map_ = slickq::scan_holders(shm_dir);
  charge(now);
}

const slickq::Holders& HolderPass::of(const std::string& path) {
  const auto known = answers_.find(path);
  if (known != answers_.end()) return known->second;
  const Monotonic begun = clock_.monotonic();
  // Without the lease, which would make other processes' open() wait.
  const auto fresh = answers_.emplace(path, slickq::find_holders(path, map_, /*probe_lease=*/false)).first;
  charge(begun);
  return fresh->second;
}

void HolderPass::charge(Monotonic begun) {
  const Monotonic now = clock_.monotonic();
  next_ = std::max(next_, now) + (now - begun) * kShare;
}

}  // namespace slickqd
