// The known word nearest to a mistyped one: what "did you mean ...?" is made of, for names, flags and keys.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace slickq {

/// Edits (insert, delete, replace, swap of neighbours) from one word to the other: the optimal string alignment
/// distance, O(|from| * |to|).
std::size_t edit_distance(std::string_view from, std::string_view to);

/// The known word a person most likely meant, or empty when none is near: the only one that begins with `word`, else
/// the longest that `word` begins with, else the one with the fewest edits, at most one for every three letters.
/// Words of more than 255 letters are near nothing.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace slickq
