// Finishing a half-made segment. Only the originals make any: they create in several visible steps, and one that dies
// between them leaves a segment for which every program waits, or fails, for ever. (Ours appear when complete.)
//
// Thread safety: any thread, any process; two at once refuse each other.
// Invariants: nothing is written 1. while anybody but the calling process has the segment open or mapped: its creator
// may be at work; 2. unless the header tells the whole geometry and nothing was ever reserved.
// Crash: the init state is written last. Killed before it, the segment is half-made still; finish it again.
#pragma once

#include <string_view>

#include "slickq/geometry.hpp"

namespace slickq {

/// Make a half-made segment an empty queue of the geometry its header tells, which is returned. `dry_run`: only look.
/// Throws Error: not_found, permission, busy with the holders named, corrupt when it is not half-made or the header
/// does not tell enough (then it can only be removed).
Geometry finish_half_made(std::string_view name, std::string_view shm_dir = {}, bool dry_run = false);

}  // namespace slickq
