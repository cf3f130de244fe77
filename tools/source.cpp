#include "source.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "ring_walk.hpp"
#include "slickq/error.hpp"
#include "slickq/names.hpp"

namespace slickq::cli {
namespace {

bool is_file(const Source& source) { return source.file || is_path(source.operand); }

std::optional<Holders> holders_beforehand(const Session& session, const Source& source) {
  if (is_file(source)) return std::nullopt;
  try {
    return find_holders(segment_path(session.globals.shm_dir, source.operand));
  } catch (const Error&) {  // opening it will tell better what is wrong
    return std::nullopt;
  }
}

}  // namespace

bool is_path(std::string_view operand) noexcept { return operand.find('/', 1) != std::string_view::npos; }

void declare_source(Arguments& arguments, Source& source) {
  arguments.operand_or_flag("QUEUE|FILE", into(source.operand), "name of a queue, or path of a file with one's bytes",
                            Arguments::Need::optional);
  arguments.option("--file", "FILE", into(source.file), "a file, whatever its name looks like");
}

View open_source(Session& session, const Source& source) {
  if (!source.file && source.operand.empty()) {
    throw Error(Errc::invalid_argument, "QUEUE|FILE", "missing",
                fmt::format("'slickq {} --help' shows how", session.verb));
  }
  if (source.file && !source.operand.empty()) {
    throw Error(Errc::invalid_argument, "--file", fmt::format("given beside {}: which one?", source.operand));
  }
  View view = is_file(source) ? View::open_file(source.file.value_or(source.operand))
                              : View::open_segment(source.operand, session.globals.shm_dir);
  session.detail(fmt::format("reading {}: {}", view.path(), view.geometry().describe()));
  return view;
}

std::uint64_t reading_start(Session& session, const View& view, Position from) {
  std::uint64_t cursor = cursor_at(view, from);
  // All that is there begins with the first hole when it stands before the oldest item.
  if (from.at == Position::At::begin) cursor = std::min(cursor, scan(view).published);
  const std::uint64_t end = view.reserved_index();
  if (cursor <= end) return cursor;
  session.note(
      fmt::format("-- {}: index {} is ahead of the queue: reading from its end, {}", view.name(), cursor, end));
  return end;
}

Inspected inspect_source(Session& session, const Source& source) {
  std::optional<Holders> holders = holders_beforehand(session, source);
  View view = open_source(session, source);
  InspectOptions options;
  options.holders = !holders;
  options.nobody_has_it = holders && nobody_has(*holders);
  Inspection facts = inspect(view, options);
  if (holders) facts.holders = std::move(holders);
  return {std::move(view), std::move(facts)};
}

Error no_such_segment(const std::string& name, const std::string& path) {
  return {Errc::not_found, segment_name(name), "no such segment: " + path, "see what there is: slickq list", ENOENT};
}

void require_segment(const Session& session, const std::string& name) {
  struct stat unused {};
  const std::string path = segment_path(session.globals.shm_dir, name);
  if (lstat(path.c_str(), &unused) == 0) return;
  if (errno == ENOENT) throw no_such_segment(name, path);
  throw system_failure(segment_name(name), "cannot look up in " + session.globals.shm_dir, errno);
}

}  // namespace slickq::cli
