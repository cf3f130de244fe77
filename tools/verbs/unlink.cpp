// slickq unlink: remove segments, never under somebody who uses them.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "../holder_text.hpp"
#include "../json.hpp"
#include "../removable.hpp"
#include "../values.hpp"
#include "../verbs.hpp"
#include "slickq/catalog.hpp"
#include "slickq/names.hpp"
#include "slickq/removal.hpp"

namespace slickq::cli {
namespace {

struct Options {
  std::vector<std::string> names;
  bool force = false;
  bool dry_run = false;
};

Removal remove_one(Session& session, const Options& options, const std::string& name) {
  require_removable(name, session.globals.shm_dir, Removable::queue_or_cursor);
  RemoveOptions remove;
  remove.shm_dir = session.globals.shm_dir;
  remove.force = options.force;
  remove.dry_run = options.dry_run;
  Removal removal = remove_segment(name, remove);
  if (!removal.removed)
    throw held_error(name, removal.holders, fmt::format("stop them, or slickq unlink {} --force", name));
  return removal;
}

Json removal_json(const std::string& name, const Removal& removal, bool dry_run) {
  return Json{{"name", segment_name(name)},
              {"removed", removal.removed && !dry_run},
              {"was_held", removal.was_held},
              {"holders", holders_json(removal.holders)}};
}

std::string removal_text(const std::string& name, const Removal& removal, bool dry_run) {
  const std::string held = removal.was_held ? fmt::format(", held by {}", holders_text(removal.holders)) : "";
  return fmt::format("{} {}{}", dry_run ? "would remove" : "removed", segment_name(name), held);
}

// A removed queue leaves its cursors behind: they would lag behind nothing, or spoil the next queue of that
// name.
void tell_left_cursors(Session& session, const std::string& queue) {
  CatalogOptions options;
  options.shm_dir = session.globals.shm_dir;
  options.holders = false;
  options.scan = false;
  std::string left;
  for (const Entry& entry : list_segments(options)) {
    const auto parts = split_cursor_name(entry.name);
    if (entry.kind == EntryKind::cursor && parts && parts->queue == segment_name(queue)) left += " " + entry.name;
  }
  if (!left.empty()) session.note(fmt::format("its cursors are left: slickq unlink{}", left));
}

Exit unlink_all(Session& session, const Options& options) {
  if (options.names.empty()) throw Error(Errc::invalid_argument, "NAME", "missing", "'slickq unlink --help' shows how");
  Exit worst = Exit::ok;
  Json removed = Json::array();
  for (const std::string& name : options.names) {
    try {
      const Removal removal = remove_one(session, options, name);
      if (session.globals.json) {
        removed.push_back(removal_json(name, removal, options.dry_run));
      } else {
        session.out.line(removal_text(name, removal, options.dry_run));
      }
      if (!options.dry_run) tell_left_cursors(session, name);
    } catch (const Error& error) {  // the others are removed all the same
      session.out.flush();
      report(session, error);
      worst = std::max(worst, exit_for(error.code()));
    }
  }
  if (session.globals.json && !removed.empty()) {
    Json object = json_object(session);
    object["dry_run"] = options.dry_run;
    object["segments"] = std::move(removed);
    print_json(session, object);
  }
  return worst;
}

}  // namespace

Run declare_unlink(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.rest("NAME", append_to(options->names), "queues or cursor segments", Arguments::Need::optional);
  arguments.option("--name", "NAME", append_to(options->names), "the same as NAME", Arguments::Times::many);
  arguments.flag("--force", options->force, "also when somebody holds it; they keep a segment without a name");
  arguments.flag("--dry-run", options->dry_run, "only tell what would be removed");
  arguments.epilogue("Refused (exit code 7), with the holders named, while anybody has it open or mapped.");
  return [options](Session& session) { return unlink_all(session, *options); };
}

}  // namespace slickq::cli
