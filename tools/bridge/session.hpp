// One session with the server behind the other, until somebody stops the bridge or it cannot go on.
//
// Thread safety: one thread.
// Between two sessions there is a rest, 100 ms at first and twice as long each time, up to 5 s: no server is asked in a
// hurry, and nothing is read from the queue meanwhile.
#pragma once

#include <chrono>
#include <functional>

#include "status.hpp"

namespace slickq::bridge {

enum class Ended : std::uint8_t {
  stopped,  ///< by a signal
  again     ///< at once: the queue is another one by now
};

/// Runs `session` until it is stopped, throws a Trouble with an exit code, or an Error. `work`: a number that grows
/// with what was done; a session that did something begins the rests anew.
cli::Exit run_sessions(Status& status, const std::function<Ended()>& session,
                       const std::function<std::uint64_t()>& work);

/// Rests in pieces, so that a stop and the status are not late. False: stopped.
bool rest(Status& status, std::chrono::milliseconds time);

}  // namespace slickq::bridge
