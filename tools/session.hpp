// What every verb knows: the global options, and where its output goes.
//
// Thread safety: one thread.
#pragma once

#include <string>
#include <string_view>

#include "arguments.hpp"
#include "output.hpp"
#include "slickq/error.hpp"

namespace slickq::cli {

/// How text looks: on a terminal for people, else for scripts.
struct Style {
  bool colour = false;
  bool terminal = false;  ///< units for people, redrawing, no control characters from payloads

  std::string bold(std::string_view text) const { return paint("1", text); }
  std::string red(std::string_view text) const { return paint("31", text); }
  std::string yellow(std::string_view text) const { return paint("33", text); }

 private:
  std::string paint(std::string_view code, std::string_view text) const;
};

struct Globals {
  std::string shm_dir;  ///< never empty after settle()
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool version = false;
  std::string color = "auto";
};

struct Session {
  std::string verb;
  Globals globals;
  Style style;
  Output out;

  /// Fill in defaults and decide on colour, once the command line is known. Throws Error(invalid_argument).
  void settle();

  /// A remark for people on standard error, made printable; not with --quiet.
  void note(std::string_view text);
  /// The same, only with --verbose.
  void detail(std::string_view text);
};

void declare_globals(Arguments& arguments, Globals& globals);

/// Is this the spelling of a global option that takes the next word as its value?
bool takes_next_word(std::string_view word) noexcept;

/// "slickq: VERB: OBJECT: cause", and the remedy on a line of its own, on standard error. For a queue that
/// was not found the remedy is the nearest name there is. Made printable: names of files and words that were typed may
/// hold anything.
void report(Session& session, const Error& error);
/// What helps, or nothing.
std::string remedy_for(const Session& session, const Error& error);

}  // namespace slickq::cli
