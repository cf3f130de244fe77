// Who holds a segment, in words.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "slickq/holders.hpp"

namespace slickq::cli {

/// "nobody (proof: lease)", "2 processes: 812 feed (read-write), 990 slickq (read-only) (proof: flock)". A lock that
/// is free says nothing of programs that take none: "unknown: no lock of slickq is held, ...".
std::string holders_text(const Holders& holders);
/// The proof in a sentence.
std::string_view proof_text(const Holders& holders) noexcept;

}  // namespace slickq::cli
