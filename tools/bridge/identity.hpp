// Which queue is it? A name says little: it may lead to another queue tomorrow.
//
// Thread safety: pure functions, which ask the system.
#pragma once

#include <string>

#include "slickq/queue.hpp"

namespace slickq::bridge {

/// Changes when the queue is made anew: the random id of the annex where there is one, else boot, device, inode and
/// time of birth of the file. At most 95 bytes, no blanks. A copy of the segment's bytes under another inode is
/// another queue.
std::string identity_of(const Queue& queue);

/// Of this process, random: two bridges are told apart by it.
std::string fresh_bridge_id();

}  // namespace slickq::bridge
