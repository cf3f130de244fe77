// The end of an error about a mistyped word.
//
// Thread safety: a pure function.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "slickq/nearest.hpp"

namespace slickqd {

/// `; did you mean "size"?`, or empty when no known word is near.
inline std::string suggestion(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view found = slickq::nearest(word, known);
  return found.empty() ? std::string() : "; did you mean \"" + std::string(found) + "\"?";
}

}  // namespace slickqd
