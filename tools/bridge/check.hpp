// --check: would it work? Nothing is changed, nothing is waited for.
//
// Thread safety: one thread.
#pragma once

#include <functional>
#include <string>

#include "options.hpp"

namespace slickq::bridge {

/// What was found, in words.
struct CheckReport {
  std::string queue;
  std::string stream;
};

/// Runs `look` and prints its report, or why it would not work. Errors of the core go on to the caller.
cli::Exit run_check(const Options& options, const std::function<void(CheckReport&)>& look);

}  // namespace slickq::bridge
