// "Did you mean ...": the nearest of a few known words.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace slickqd {

/// The known word with the smallest edit distance (insert, delete, replace, swap of neighbours), or nothing
/// when even that one is too far away to be meant.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known);

/// `; did you mean "size"?`, or nothing.
std::string suggestion(std::string_view word, std::span<const std::string_view> known);

}  // namespace slickqd
