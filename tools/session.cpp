#include "session.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "did_you_mean.hpp"
#include "slickq/names.hpp"
#include "text_width.hpp"

namespace slickq::cli {
namespace {

bool wants_colour(const std::string& when, bool terminal) {
  if (when == "always") return true;
  if (when == "never") return false;
  const char* no_color = std::getenv("NO_COLOR");
  return terminal && (no_color == nullptr || *no_color == '\0');
}

// Only names of the same sort as `like`: who typed a queue's name did not mean one of its cursors.
std::vector<std::string> names_in(const std::string& directory, const std::string& like) {
  const bool cursors = split_cursor_name(like).has_value();
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(opendir(directory.c_str()), closedir);
  if (!open) return names;
  while (const dirent* entry = readdir(open.get())) {
    const std::string_view name = entry->d_name;
    const bool foreign = name == "." || name == ".." || name.starts_with(kPrivatePrefix);
    if (!foreign && split_cursor_name(name).has_value() == cursors) names.emplace_back(name);
  }
  return names;
}

}  // namespace

std::string Style::paint(std::string_view code, std::string_view text) const {
  return colour ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
}

void Session::settle() {
  if (globals.shm_dir.empty()) globals.shm_dir = default_shm_dir();
  if (globals.color != "auto" && globals.color != "always" && globals.color != "never") {
    throw Error(Errc::invalid_argument, "--color", fmt::format("'{}' is not auto, always or never", globals.color));
  }
  style.terminal = isatty(STDOUT_FILENO) == 1;
  style.colour = wants_colour(globals.color, style.terminal);
}

void Session::note(std::string_view text) {
  if (!globals.quiet) say(out, clean_text(text));
}

void Session::detail(std::string_view text) {
  if (globals.verbose) say(out, clean_text(text));
}

void declare_globals(Arguments& arguments, Globals& globals) {
  arguments.option("--shm-dir", "DIR", into(globals.shm_dir), "where segments live (SLICKQ_SHM_DIR, else /dev/shm)");
  arguments.flag("--json", globals.json, "print JSON");
  arguments.option("--color", "WHEN", into(globals.color), "auto, always or never (NO_COLOR is honoured)");
  arguments.flag("-q,--quiet", globals.quiet, "no remarks");
  arguments.flag("-v,--verbose", globals.verbose, "more remarks");
  arguments.flag("--version", globals.version, "the version of slickq");
}

bool takes_next_word(std::string_view word) noexcept {
  constexpr std::array kWithValue{std::string_view("--shm-dir"), std::string_view("--color")};
  for (const std::string_view name : kWithValue) {
    if (word == name) return true;
  }
  return false;
}

std::string remedy_for(const Session& session, const Error& error) {
  // Not when something was there and went: then it was not mistyped.
  // And of a file we know no neighbours.
  if (error.code() != Errc::not_found || !error.cause().starts_with("no such segment")) return error.remedy();
  // The object may be a name with a '/' in front: the last part is what was mistyped.
  const std::string& object = error.object();
  const std::string name = object.substr(object.rfind('/') == std::string::npos ? 0 : object.rfind('/') + 1);
  const std::string meant = did_you_mean(name, names_in(session.globals.shm_dir, name));
  if (!meant.empty()) return meant;
  return error.remedy().empty() ? "see what there is: slickq list" : error.remedy();
}

void report(Session& session, const Error& error) {
  const bool colour = wants_colour(session.globals.color, isatty(STDERR_FILENO) == 1);
  const Style style{colour, false};
  std::string line = style.red("slickq:");
  for (const std::string& part : {session.verb, error.object()}) {
    if (!part.empty()) line += fmt::format(" {}:", clean_text(part));
  }
  line += fmt::format(" {}", clean_text(error.cause()));
  const std::string remedy = remedy_for(session, error);
  if (!remedy.empty()) line += fmt::format("\n  {}", clean_text(remedy));
  if (session.globals.verbose) {
    line += fmt::format("\n  ({}, errno {})", to_string(error.code()), error.system_error());
  }
  line += '\n';
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace slickq::cli
