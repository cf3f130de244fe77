// The table of verbs: help, lookup and "did you mean" come from here.
//
// Thread safety: constant data.
// A verb is one row and one file under verbs/: `declare` tells its flags and returns what runs it. Only the
// verb that was typed is declared, so the number of verbs costs nothing at start.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "arguments.hpp"
#include "exit_codes.hpp"
#include "session.hpp"

namespace slickq::cli {

using Run = std::function<Exit(Session&)>;

struct Verb {
  std::string_view name;  ///< one word, or two: "cursor list"
  std::string_view alias;
  std::string_view operands;
  std::string_view summary;
  Run (*declare)(Arguments&);
  /// Errors as exit codes: others than exit_for() where somebody else's rules count.
  Exit (*exit_for)(Errc) noexcept = slickq::cli::exit_for;
  void (*report)(Session&, const Error&) = slickq::cli::report;
};

std::span<const Verb> verbs() noexcept;

/// The verb `first` or "first second"; throws Error(invalid_argument) with the nearest when there is none.
const Verb& find_verb(const std::string& first, const std::string& second);
/// Does the verb's name have two words?
bool has_two_words(const Verb& verb) noexcept;

/// Is it the first word of verbs of two words?
bool is_group(const std::string& word);

/// One screen: all verbs, or those of one group, the global options, where to go on.
std::string usage(const std::string& group = {});

Run declare_create(Arguments&);
Run declare_list(Arguments&);
Run declare_inspect(Arguments&);
Run declare_dump(Arguments&);
Run declare_tail(Arguments&);
Run declare_push(Arguments&);
Run declare_pop(Arguments&);
Run declare_unlink(Arguments&);
Run declare_cursor_list(Arguments&);
Run declare_cursor_create(Arguments&);
Run declare_cursor_show(Arguments&);
Run declare_cursor_set(Arguments&);
Run declare_cursor_remove(Arguments&);
Run declare_ps(Arguments&);
Run declare_repair(Arguments&);
Run declare_verify(Arguments&);
Run declare_reset(Arguments&);
Run declare_gc(Arguments&);
Run declare_record(Arguments&);
Run declare_replay(Arguments&);
Run declare_check(Arguments&);
Exit check_exit_for(Errc code) noexcept;
void report_check(Session& session, const Error& error);
Run declare_watch(Arguments&);
Run declare_top(Arguments&);
Run declare_doctor(Arguments&);
Run declare_bench(Arguments&);
Run declare_daemon_status(Arguments&);
Run declare_daemon_reload(Arguments&);
Run declare_daemon_plan(Arguments&);
Run declare_daemon_events(Arguments&);
Run declare_completion(Arguments&);
Run declare_version(Arguments&);

}  // namespace slickq::cli
