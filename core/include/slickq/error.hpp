// The one exception of the core library.
//
// Thread safety: an Error is an ordinary value.
// Use: set-up calls (create, attach, remove, inspect) throw it; the hot path (ring) never throws.
// Contract: the message says what happened, on which object, why, and, where there is one, what to do next.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace slickq {

/// What kind of failure it was; each program maps these to its own exit codes.
enum class Errc {
  invalid_argument,  ///< the request itself is wrong: a size, a name, a layout
  not_found,         ///< no segment, cursor or file of that name
  exists,            ///< the name is taken
  mismatch,          ///< it exists with another geometry; the message prints both
  busy,              ///< somebody holds it
  permission,        ///< the kernel refused for lack of rights
  corrupt,           ///< not a queue, truncated, half-made or damaged
  no_space,          ///< the shm directory (or a limit) has no room
  exhausted,         ///< the 2^47 index limit is reached
  system             ///< any other failed system call
};

/// Stable lower-case name of a code, e.g. "not_found".
std::string_view to_string(Errc code) noexcept;

class Error : public std::runtime_error {
 public:
  /// `object`: the name or path it happened on. `cause`: why, errno text included.
  /// `remedy`: what to do next, possibly empty. `system_error`: errno, or 0.
  Error(Errc code, std::string object, std::string cause, std::string remedy = {}, int system_error = 0);

  Errc code() const noexcept { return code_; }
  const std::string& object() const noexcept { return object_; }
  const std::string& cause() const noexcept { return cause_; }
  const std::string& remedy() const noexcept { return remedy_; }
  int system_error() const noexcept { return system_error_; }

 private:
  Errc code_;
  std::string object_;
  std::string cause_;
  std::string remedy_;
  int system_error_;
};

/// The Error for a failed system call: picks the code from errno, words the cause as "<action>: <errno text>".
Error system_failure(std::string object, std::string_view action, int system_error, std::string remedy = {});

}  // namespace slickq
