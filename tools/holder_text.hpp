// Who holds a segment, in words.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "slickq/holders.hpp"

namespace slickq::cli {

/// "nobody (lease)", "2 processes: 812 feed (read-write), 990 slickq (read-only) (flock)".
std::string holders_text(const Holders& holders);
/// The proof in a sentence.
std::string_view proof_text(Proof proof) noexcept;

}  // namespace slickq::cli
