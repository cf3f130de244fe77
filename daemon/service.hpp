// The running daemon: one thread, one io_context; signals, the sampling timer, the control socket.
//
// Thread safety: one thread; run() returns when SIGTERM or SIGINT asked for it.
#pragma once

#include <string>

#include "clock.hpp"
#include "config.hpp"
#include "log.hpp"
#include "notify.hpp"

namespace slickqd {

/// Runs until it is asked to stop. Throws Failure, ConfigError or slickq::Error when it cannot start.
void run_service(Config config, const Clock& clock, Log& log, const Notify& notify);

}  // namespace slickqd
