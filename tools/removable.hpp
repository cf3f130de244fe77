// What a removing verb may remove: queues, also half-made or truncated ones, and cursors. Nothing else in the
// directory is ours to touch.
//
// Thread safety: pure reading.
#pragma once

#include <string>
#include <string_view>

#include "session.hpp"
#include "slickq/error.hpp"
#include "slickq/holders.hpp"

namespace slickq::cli {

enum class Removable : bool { queue, queue_or_cursor };

/// Throws Error: not_found, permission, invalid_argument, corrupt when it is no segment of ours.
void require_removable(const std::string& name, const std::string& shm_dir, Removable what);

/// The Error(busy) that names the holders, and the proof; or says that nothing is proven.
Error held_error(const std::string& name, const Holders& holders, std::string remedy);

}  // namespace slickq::cli
