// "did you mean ...?": the known word nearest to a mistyped one.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace slickq::cli {

/// Edits (insert, delete, replace, swap neighbours) from one word to the other.
std::size_t edit_distance(std::string_view from, std::string_view to);

/// The known word a person most likely meant, or empty when none is near: at most one edit for every three
/// letters, or `word` is the beginning of exactly one known word.
std::string nearest(std::string_view word, std::span<const std::string> known);

/// "did you mean X?", or empty.
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace slickq::cli
