// slickq cursor list|create|show|set|remove: named cursors, segments of 8 bytes called QUEUE@CURSOR.
#include "slickq/cursor.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "../json.hpp"
#include "../removable.hpp"
#include "../ring_walk.hpp"
#include "../source.hpp"
#include "../table.hpp"
#include "../values.hpp"
#include "../verbs.hpp"
#include "slickq/catalog.hpp"
#include "slickq/names.hpp"
#include "slickq/removal.hpp"

namespace slickq::cli {
namespace {

struct Options {
  std::string queue;
  std::string cursor;
  std::vector<std::string> words;  // what follows the queue on the command line
  Position at;
  std::optional<mode_t> mode;
  bool force = false;
  bool dry_run = false;
};

// One cursor beside its queue. Lag: elements reserved since, what the cursor's users have yet to see.
struct CursorState {
  std::string queue;
  std::string cursor;
  std::string segment;
  std::optional<std::uint64_t> value;     // none: it may not be read
  std::optional<std::uint64_t> reserved;  // none: there is no such queue
  std::uint64_t capacity = 0;

  std::optional<std::uint64_t> lag() const {
    if (!reserved || !value) return std::nullopt;
    return *reserved > *value ? *reserved - *value : 0;
  }
  std::optional<double> lag_percent() const {
    if (!lag()) return std::nullopt;
    return 100.0 * static_cast<double>(*lag()) / static_cast<double>(capacity);
  }
};

std::string_view state_of(const CursorState& state) {
  if (!state.value) return "unreadable";
  if (!state.reserved) return "no queue";
  if (state.value > *state.reserved) return "ahead of the queue";
  return *state.lag() > state.capacity ? "overrun" : "ok";
}

Json cursor_json(const CursorState& state) {
  Json object{{"queue", state.queue}, {"cursor", state.cursor}, {"segment", state.segment}};
  object["value"] = state.value ? Json(*state.value) : Json(nullptr);
  object["reserved_index"] = state.reserved ? Json(*state.reserved) : Json(nullptr);
  object["lag"] = state.lag() ? Json(*state.lag()) : Json(nullptr);
  object["lag_pct"] = state.lag_percent() ? Json(*state.lag_percent()) : Json(nullptr);
  object["state"] = state_of(state);
  return object;
}

Table cursor_table() {
  constexpr auto kRight = Table::Align::right;
  return Table({{"queue"}, {"cursor"}, {"position", kRight}, {"lag", kRight}, {"lag%", kRight}, {"state"}});
}

void add_row(Table& table, const CursorState& state) {
  const auto text = [](const std::optional<std::uint64_t>& n) { return n ? std::to_string(*n) : std::string("-"); };
  table.add({state.queue, state.cursor, text(state.value), text(state.lag()),
             state.lag_percent() ? fmt::format("{:.1f}", *state.lag_percent()) : "-", std::string(state_of(state))});
}

CursorState cursor_state(const Session& session, const std::string& segment, std::optional<std::uint64_t> value) {
  const CursorName parts = split_cursor_name(segment).value();
  CursorState state{parts.queue, parts.cursor, segment, value, std::nullopt, 0};
  try {
    const View view = View::open_segment(parts.queue, session.globals.shm_dir);
    state.reserved = view.reserved_index();
    state.capacity = view.geometry().capacity();
  } catch (const Error&) {  // gone, unreadable or no queue: the cursor is there all the same
    state.reserved.reset();
  }
  return state;
}

void print_state(Session& session, const CursorState& state, std::string_view outcome) {
  if (session.globals.json) {
    Json object = json_object(session);
    object.update(cursor_json(state));
    print_json(session, object);
  } else if (!outcome.empty()) {
    session.out.line(fmt::format("{} {} at {}", outcome, state.segment, state.value.value_or(0)));
  } else {
    Table table = cursor_table();
    add_row(table, state);
    table.print(session);
  }
}

Exit list_cursors(Session& session, const Options& options) {
  const std::string queue = options.queue.empty() ? std::string() : segment_name(options.queue);
  CatalogOptions catalog;
  catalog.shm_dir = session.globals.shm_dir;
  catalog.everything = true;  // also those that may not be read
  catalog.holders = false;
  catalog.scan = false;
  Table table = cursor_table();
  Json list = Json::array();
  for (const Entry& entry : list_segments(catalog)) {
    const auto parts = split_cursor_name(entry.name);
    const bool unreadable = entry.kind == EntryKind::unreadable && entry.file.bytes == sizeof(std::uint64_t);
    if (!parts || (!entry.cursor && !unreadable)) continue;
    if (!queue.empty() && parts->queue != queue) continue;
    const CursorState state = cursor_state(session, entry.name, entry.cursor);
    add_row(table, state);
    list.push_back(cursor_json(state));
  }
  if (table.empty() && !queue.empty()) require_segment(session, queue);
  if (session.globals.json) {
    Json object = json_object(session);
    object["cursors"] = std::move(list);
    print_json(session, object);
  } else {
    table.print(session);
    const std::string of = queue.empty() ? "" : fmt::format("of {} ", queue);
    if (table.empty()) session.note(fmt::format("no cursors {}in {}", of, session.globals.shm_dir));
  }
  return Exit::ok;
}

Exit create_cursor(Session& session, const Options& options) {
  const std::string segment = cursor_segment_name(segment_name(options.queue), options.cursor);
  const View view = View::open_segment(options.queue, session.globals.shm_dir);
  CreateOptions create;
  create.shm_dir = session.globals.shm_dir;
  create.mode = options.mode.value_or(view.facts().mode);  // who may use the queue may use its cursor
  const NamedCursor made = NamedCursor::create(segment, cursor_at(view, options.at), create);
  print_state(session, cursor_state(session, segment, made.cursor().load()), "created");
  return Exit::ok;
}

Exit show_cursor(Session& session, const Options& options) {
  const std::string segment = cursor_segment_name(segment_name(options.queue), options.cursor);
  const NamedCursor found = NamedCursor::open(segment, session.globals.shm_dir, Access::read_only);
  print_state(session, cursor_state(session, segment, found.cursor().load()), {});
  return Exit::ok;
}

Exit set_cursor(Session& session, const Options& options) {
  const std::string segment = cursor_segment_name(segment_name(options.queue), options.cursor);
  NamedCursor found = NamedCursor::open(segment, session.globals.shm_dir);
  const View view = View::open_segment(options.queue, session.globals.shm_dir);
  const std::uint64_t value = cursor_at(view, options.at);
  if (value > view.reserved_index()) {
    throw Error(Errc::invalid_argument, segment,
                fmt::format("{} is beyond the reserved index {}: its users would miss what comes in between", value,
                            view.reserved_index()),
                "'end' is the furthest position");
  }
  found.cursor().store(value);
  print_state(session, cursor_state(session, segment, value), "set");
  return Exit::ok;
}

Exit remove_cursor(Session& session, const Options& options) {
  const std::string segment = cursor_segment_name(segment_name(options.queue), options.cursor);
  require_removable(segment, session.globals.shm_dir, Removable::queue_or_cursor);
  RemoveOptions remove;
  remove.shm_dir = session.globals.shm_dir;
  remove.force = options.force;
  remove.dry_run = options.dry_run;
  const Removal removal = remove_segment(segment, remove);
  if (!removal.removed) throw held_error(segment, removal.holders, "stop them, or --force");
  if (session.globals.json) {
    Json object = json_object(session);
    object["segment"] = segment;
    object["removed"] = !options.dry_run;
    object["dry_run"] = options.dry_run;
    object["holders"] = holders_json(removal.holders);
    print_json(session, object);
  } else {
    session.out.line(fmt::format("{} {}", options.dry_run ? "would remove" : "removed", segment));
  }
  return Exit::ok;
}

std::shared_ptr<Options> declare_queue_and_cursor(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.operand_or_flag("QUEUE", into(options->queue), "name of a queue, or QUEUE@CURSOR in one word");
  arguments.rest("CURSOR", append_to(options->words), "name of the cursor, the part behind '@'",
                 Arguments::Need::optional);
  return options;
}

// "q w" and "q@w" are the same cursor. Returns what follows it, `more` words.
std::vector<std::string> take_cursor(Options& options, std::size_t more) {
  std::vector<std::string> words = options.words;
  const auto parts = split_cursor_name(options.queue);
  if (parts) {
    if (words.size() < more) throw Error(Errc::invalid_argument, "WHERE", "missing", "begin, end, -N or an index");
    if (words.size() > more) throw Error(Errc::invalid_argument, words.back(), "one argument too many");
    options.queue = parts->queue;
    options.cursor = parts->cursor;
    return words;
  }
  if (words.empty()) throw Error(Errc::invalid_argument, "CURSOR", "missing", "give QUEUE CURSOR, or QUEUE@CURSOR");
  if (words.size() < 1 + more) throw Error(Errc::invalid_argument, "WHERE", "missing", "begin, end, -N or an index");
  if (words.size() > 1 + more) throw Error(Errc::invalid_argument, words.back(), "one argument too many");
  options.cursor = words.front();
  words.erase(words.begin());
  return words;
}

}  // namespace

Run declare_cursor_list(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.operand_or_flag("QUEUE", into(options->queue), "only the cursors of one queue", Arguments::Need::optional);
  arguments.epilogue("lag = reserved index - position, in elements; above 100 % of the ring items are lost.");
  return [options](Session& session) { return list_cursors(session, *options); };
}

Run declare_cursor_create(Arguments& arguments) {
  const auto options = declare_queue_and_cursor(arguments);
  arguments.option("--at", "WHERE", into(options->at, parse_position),
                   "begin (default: the oldest item), end, -N items before the end, or an index");
  arguments.option("--mode", "MODE", into(options->mode, parse_mode), "permissions, octal (the queue's)");
  return [options](Session& session) {
    take_cursor(*options, 0);
    return create_cursor(session, *options);
  };
}

Run declare_cursor_show(Arguments& arguments) {
  const auto options = declare_queue_and_cursor(arguments);
  return [options](Session& session) {
    take_cursor(*options, 0);
    return show_cursor(session, *options);
  };
}

Run declare_cursor_set(Arguments& arguments) {
  const auto options = declare_queue_and_cursor(arguments);
  arguments.epilogue(
      "Behind the cursor comes WHERE: begin, end, -N items before the end, or an index. Consumers on the "
      "cursor go\n"
      "on from there; items between may be skipped or taken twice.\n"
      "example: slickq cursor set ticks workers end");
  return [options](Session& session) {
    options->at = parse_position("WHERE", take_cursor(*options, 1).front());
    return set_cursor(session, *options);
  };
}

Run declare_cursor_remove(Arguments& arguments) {
  const auto options = declare_queue_and_cursor(arguments);
  arguments.flag("--force", options->force, "also when somebody holds it");
  arguments.flag("--dry-run", options->dry_run, "only tell what would be removed");
  return [options](Session& session) {
    take_cursor(*options, 0);
    return remove_cursor(session, *options);
  };
}

}  // namespace slickq::cli
