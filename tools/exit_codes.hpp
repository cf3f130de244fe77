// The exit codes of `slickq`: part of its interface, scripts depend on them.
//
// Thread safety: pure functions.
#pragma once

#include "slickq/error.hpp"

namespace slickq::cli {

enum class Exit : int {
  ok = 0,
  failed = 1,     ///< a run-time error: a system call, a full disk
  usage = 2,      ///< the command line is wrong: unknown flag, bad value
  not_found = 3,  ///< no such queue, cursor, file or daemon
  permission = 4,
  condition = 5,     ///< what was asked for did not happen: loss, time-out
  corrupt = 6,       ///< damaged, or not a queue
  busy = 7,          ///< held by somebody, or the name is taken
  interrupted = 130  ///< stopped by a signal before the work was done
};

Exit exit_for(Errc code) noexcept;

}  // namespace slickq::cli
