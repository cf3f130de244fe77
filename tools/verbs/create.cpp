// slickq create: make a queue.
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <memory>
#include <optional>

#include "../did_you_mean.hpp"
#include "../holder_text.hpp"
#include "../json.hpp"
#include "../removable.hpp"
#include "../source.hpp"
#include "../values.hpp"
#include "../verbs.hpp"
#include "slickq/names.hpp"
#include "slickq/queue.hpp"
#include "slickq/removal.hpp"
#include "slickq/view.hpp"

namespace slickq::cli {
namespace {

struct Options {
  std::string name;
  std::optional<std::uint64_t> size;
  std::optional<std::uint64_t> elem;
  Layout layout = Layout::slq1;
  std::uint64_t items_per_slot = 1;
  CreateOptions create;
  bool if_not_exists = false;
  bool replace = false;
  bool force = false;
  bool dry_run = false;
};

Layout parse_new_layout(std::string_view flag, std::string_view text) {
  constexpr std::array kOffered{Layout::slq1, Layout::slq0, Layout::packed, Layout::wide};
  std::vector<std::string> known;
  for (const Layout layout : kOffered) {
    if (slickq::to_string(layout) == text) return layout;
    known.emplace_back(slickq::to_string(layout));
  }
  const bool shared_slots = text == "slq2" || text == "slq3";
  throw Error(Errc::invalid_argument, std::string(flag),
              fmt::format("'{}' is not a layout to create; layouts are {}", text, fmt::join(known, ", ")),
              shared_slots ? fmt::format("{} is {} with --items-per-slot", text, text == "slq2" ? "slq0" : "slq1")
                           : did_you_mean(text, known));
}

Geometry wanted_geometry(const Options& options) {
  if (!options.size) throw Error(Errc::invalid_argument, "--size", "missing: how many elements the ring has");
  if (!options.elem) throw Error(Errc::invalid_argument, "--elem", "missing: how many bytes an element has");
  try {
    return Geometry::make(options.layout, *options.size, *options.elem, options.items_per_slot);
  } catch (const Error& error) {
    throw Error(error.code(), segment_name(options.name), fmt::format("{}: {}", error.object(), error.cause()),
                error.remedy());
  }
}

bool name_is_taken(const std::string& path) {
  struct stat unused {};
  return lstat(path.c_str(), &unused) == 0;
}

// What is there already is as good as new when it has the same geometry.
void require_same(const View& view, const Geometry& wanted) {
  if (view.geometry() == wanted) return;
  throw Error(
      Errc::mismatch, view.name(),
      fmt::format("exists with another geometry: it is {}; wanted {}", view.geometry().describe(), wanted.describe()),
      "use another name, or --replace");
}

void print_result(Session& session, const Options& options, std::string_view outcome) {
  // Read back what is there now: what is printed is the segment's own word.
  const Inspection made = inspect_source(session, Source{options.name, std::nullopt}).facts;
  if (session.globals.json) {
    Json object = json_object(session);
    object["outcome"] = outcome;
    add_inspection(object, made);
    print_json(session, object);
  } else {
    session.out.line(fmt::format("{} {}: {}, {} bytes, mode {}", outcome, made.name, made.geometry.describe(),
                                 made.file.bytes, mode_text(made.file.mode)));
  }
}

void print_plan(Session& session, const Options& options, const Geometry& geometry, std::string_view outcome) {
  if (session.globals.json) {
    Json object = json_object(session);
    object["outcome"] = outcome;
    object["name"] = segment_name(options.name);
    object["path"] = segment_path(session.globals.shm_dir, options.name);
    object["layout"] = slickq::to_string(geometry.layout());
    object["capacity"] = geometry.capacity();
    object["element_size"] = geometry.element_size();
    object["items_per_slot"] = geometry.items_per_slot();
    object["segment_bytes"] = bytes_with_annex(geometry);
    object["data_offset"] = geometry.data_offset();
    object["mode"] = mode_text(options.create.mode);
    print_json(session, object);
  } else {
    session.out.line(fmt::format("{} {}: {}, {} bytes, mode {}", outcome, segment_name(options.name),
                                 geometry.describe(), bytes_with_annex(geometry), mode_text(options.create.mode)));
  }
}

void remove_old(Session& session, const Options& options) {
  require_removable(options.name, session.globals.shm_dir, Removable::queue);
  RemoveOptions remove;
  remove.shm_dir = session.globals.shm_dir;
  remove.force = options.force;
  remove.dry_run = options.dry_run;
  const Removal removal = remove_segment(options.name, remove);
  if (!removal.removed) throw held_error(options.name, removal.holders, "stop them, or --force");
}

Exit create_queue(Session& session, const Options& options) {
  const Geometry geometry = wanted_geometry(options);
  const std::string path = segment_path(session.globals.shm_dir, options.name);
  const bool taken = name_is_taken(path);
  if (taken && options.if_not_exists) {
    require_same(View::open_segment(options.name, session.globals.shm_dir), geometry);
    print_result(session, options, "kept");
    return Exit::ok;
  }
  if (taken && options.replace) remove_old(session, options);
  if (options.dry_run) {
    if (taken && !options.replace) throw Error(Errc::exists, segment_name(options.name), "exists already");
    print_plan(session, options, geometry, taken ? "would replace" : "would create");
    return Exit::ok;
  }
  CreateOptions create = options.create;
  create.shm_dir = session.globals.shm_dir;
  try {
    Queue::create(options.name, geometry, create);
  } catch (const Error& error) {
    if (error.code() != Errc::exists) throw;
    if (!options.if_not_exists) {
      throw Error(
          Errc::exists, segment_name(options.name), "exists already",
          fmt::format("see it: slickq inspect {}; or use --if-not-exists, --replace", segment_name(options.name)));
    }
    // Somebody was faster than us since the look at the name: theirs counts.
    require_same(View::open_segment(options.name, session.globals.shm_dir), geometry);
    print_result(session, options, "kept");
    return Exit::ok;
  }
  print_result(session, options, taken ? "replaced" : "created");
  return Exit::ok;
}

void check(const Options& options) {
  segment_name(options.name);  // throws for a name that cannot be
  if (options.if_not_exists && options.replace) {
    throw Error(Errc::invalid_argument, "--replace", "cannot be combined with --if-not-exists");
  }
  if (options.force && !options.replace) {
    throw Error(Errc::invalid_argument, "--force", "is for --replace: it removes a queue under its holders");
  }
}

}  // namespace

Run declare_create(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.operand_or_flag("NAME", into(options->name), "name of the new queue");
  arguments.option("--size", "N", into(options->size, parse_size), "elements in the ring, a power of two: 1024, 64K");
  arguments.option("--elem", "BYTES", into(options->elem, parse_size), "bytes of an element");
  arguments.option("--layout", "LAYOUT", into(options->layout, parse_new_layout),
                   "slq1 (default), slq0, packed, wide: which originals must read it");
  arguments.option("--items-per-slot", "N", into(options->items_per_slot, parse_size), "elements a slot covers (1)");
  arguments.option("--mode", "MODE", into(options->create.mode, parse_mode), "permissions, octal (0600)");
  arguments.option("--owner", "USER", into(options->create.owner, parse_user), "give it to a user");
  arguments.option("--group", "GROUP", into(options->create.group, parse_group), "give it to a group");
  arguments.flag("--if-not-exists", options->if_not_exists, "fine when it exists with the same geometry");
  arguments.flag("--replace", options->replace, "remove the one of that name first");
  arguments.flag("--force", options->force, "with --replace: even when somebody holds it");
  arguments.flag("--prefault", options->create.prefault, "touch every page now");
  arguments.flag("--mlock", options->create.lock_memory, "lock the pages in memory while they are made");
  arguments.flag("--huge", options->create.huge_pages, "ask for huge pages");
  arguments.flag("--dry-run", options->dry_run, "only tell what would be made");
  arguments.epilogue("example: slickq create --name ticks --size 64K --elem 256 --mode 0660 --group trading");
  return [options](Session& session) {
    check(*options);
    return create_queue(session, *options);
  };
}

}  // namespace slickq::cli
