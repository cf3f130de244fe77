// Queues that go when somebody logs out.
//
// Thread safety: pure but for the look at the directory.
#pragma once

#include <string>

#include "config.hpp"

namespace slickqd {

/// logind removes the shared memory of a regular user (uid 1000 and more) at the last logout, without a look whether it
/// is in use (RemoveIPC in logind.conf, on by default). One line that names the config's queues that are there and
/// belong to such users, and what to do; empty when there are none. Nobody is regular where logind does not run.
std::string lost_at_logout(const Config& config, const std::string& logind_dir = "/run/systemd/seats");

}  // namespace slickqd
