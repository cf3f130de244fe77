// The remedy of an error about a mistyped word.
//
// Thread safety: a pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "slickq/nearest.hpp"

namespace slickq::cli {

/// "did you mean X?", or empty when no known word is near. `before`: what X is to be shown with.
inline std::string did_you_mean(std::string_view word, const std::vector<std::string>& known,
                                std::string_view before = {}) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::string_view found = nearest(word, views);
  return found.empty() ? std::string() : "did you mean " + std::string(before) + std::string(found) + "?";
}

}  // namespace slickq::cli
