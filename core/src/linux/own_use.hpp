// Does the calling process itself use a file? Lock and lease cannot tell it from others. Internal.
//
// Thread safety: any thread; other threads may open and close meanwhile.
#pragma once

#include <vector>

#include "slickq/holders.hpp"

namespace slickq {

struct OwnUse {
  std::vector<int> descriptors;  ///< open for reading or writing; numbers may be stale by now
  bool mapped = false;
  bool any() const noexcept { return mapped || !descriptors.empty(); }
};

/// `except`: a descriptor that does not count.
OwnUse own_use(FileId file, int except = -1);

}  // namespace slickq
