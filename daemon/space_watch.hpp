// Is the shm file system about to be full?
//
// Thread safety: none.
// Low: less than kLowPercent of it is free, or less than the queues that are there have yet to touch: their pages are
// only taken when somebody writes to them, and who finds none then dies of SIGBUS. Over: a quarter more than that is
// free.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "episode.hpp"
#include "probe.hpp"

namespace slickqd {

class SpaceWatch {
 public:
  static constexpr std::uint64_t kLowPercent = 10;

  /// `untouched`: bytes of queues that have no page yet. True: announce it now. Without a size nothing is ever low.
  bool update(const std::optional<ShmSpace>& space, std::uint64_t untouched) {
    if (!space) return episode_.update(false, true);
    const std::uint64_t least = std::max(space->size_bytes / 100 * kLowPercent, untouched);
    return episode_.update(space->free_bytes < least, space->free_bytes >= least + least / 4);
  }
  bool low() const noexcept { return episode_.on(); }

 private:
  Episode episode_;
};

}  // namespace slickqd
