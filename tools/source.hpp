// The QUEUE|FILE a reading verb was given: a segment by name, or a file holding a segment's bytes.
//
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "arguments.hpp"
#include "session.hpp"
#include "slickq/error.hpp"
#include "slickq/inspect.hpp"
#include "slickq/view.hpp"
#include "values.hpp"

namespace slickq::cli {

/// A '/' beyond the first character makes an operand the path of a file.
bool is_path(std::string_view operand) noexcept;

struct Source {
  std::string operand;              ///< a name, or a path
  std::optional<std::string> file;  ///< --file
};

void declare_source(Arguments& arguments, Source& source);

/// Throws as View::open_segment and View::open_file.
View open_source(Session& session, const Source& source);

/// Where a reader begins: the cursor that `from` means (cursor_at), but `begin` at a hole before the oldest item. An
/// index that nobody reserved yet is the end, and that is told.
std::uint64_t reading_start(Session& session, const View& view, Position from);

struct Inspected {
  View view;
  Inspection facts;
};
/// Open and inspect, the holders first: our own open file would refuse the lease, and to find out that it was
/// only us takes a walk through /proc, longer than everything else together.
Inspected inspect_source(Session& session, const Source& source);

/// Worded as the reading verbs do.
Error no_such_segment(const std::string& name, const std::string& path);
/// What stat() of a segment's name says: for verbs that work on names only. Throws Error(not_found,
/// permission).
void require_segment(const Session& session, const std::string& name);

}  // namespace slickq::cli
