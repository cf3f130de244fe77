// Segment names by the wildcards of the shell.
//
// Thread safety: pure.
#pragma once

#include <fnmatch.h>

#include <algorithm>
#include <string>
#include <vector>

namespace slickq {

/// Does one of them match? A leading dot is matched by a dot only.
inline bool matches_any(const std::vector<std::string>& globs, const std::string& name) {
  return std::ranges::any_of(
      globs, [&](const std::string& glob) { return fnmatch(glob.c_str(), name.c_str(), FNM_PERIOD) == 0; });
}

}  // namespace slickq
