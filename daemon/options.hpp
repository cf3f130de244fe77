// The command line of slickqd.
//
// Thread safety: pure functions.
#pragma once

#include <span>
#include <string>

namespace slickqd {

struct Options {
  enum class Mode { run, check_config, dry_run, help, version };
  Mode mode = Mode::run;
  std::string config = "/etc/slickq/slickqd.json";
  bool foreground = false;  ///< log as text for a person
};

/// `arguments` without the program's name. Throws Failure(usage).
Options parse_options(std::span<const char* const> arguments);

/// What --help prints.
std::string usage();

}  // namespace slickqd
