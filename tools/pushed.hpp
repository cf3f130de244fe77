// What became of a push, for commands that push and cannot go on without.
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "slickq/producer.hpp"

namespace slickq::cli {

/// Throws Error for everything but Push::pushed: busy when another producer is in the way, exhausted, invalid_argument
/// when the item is larger than the ring. `object`: the queue's name.
void require_pushed(Push result, const std::string& object);

}  // namespace slickq::cli
