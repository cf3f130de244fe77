// The exit codes of slickqd (sysexits.h numbers), and the exception that carries one to main().
//
// Thread safety: plain values.
#pragma once

#include <stdexcept>
#include <string>

#include "slickq/error.hpp"

namespace slickqd {

enum class ExitCode : int {
  ok = 0,
  usage = 64,            ///< the command line is wrong
  unavailable = 69,      ///< something slickqd needs is not there or in use: the shm directory, the platform
  software = 70,         ///< a defect of slickqd
  os_error = 71,         ///< the system refused something that should work
  cannot_create = 73,    ///< a queue, cursor, socket or lock file could not be made
  already_running = 75,  ///< another slickqd has this runtime directory
  no_permission = 77,    ///< rights are missing
  config = 78            ///< the config is wrong, or what exists contradicts it
};

/// Ends the program with a message and a code.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// Which code a failure of the core library ends with.
ExitCode exit_code_for(slickq::Errc code) noexcept;

}  // namespace slickqd
