// slickq list: which queues there are.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <limits>
#include <memory>
#include <optional>

#include "../did_you_mean.hpp"
#include "../interrupt.hpp"
#include "../json.hpp"
#include "../redraw.hpp"
#include "../ring_walk.hpp"
#include "../table.hpp"
#include "../values.hpp"
#include "../verbs.hpp"
#include "slickq/catalog.hpp"
#include "slickq/repair.hpp"

namespace slickq::cli {
namespace {

struct Options {
  bool all = false;
  bool names = false;
  bool no_headings = false;
  bool exact_bytes = false;
  std::optional<std::string> columns;
  std::optional<std::chrono::nanoseconds> every;
  std::optional<std::uint64_t> rounds;
};

struct Look {
  const Entry* entry;
  bool human_units;
};

constexpr const char* kNothing = "-";

template <class T, class Get>
std::string when(const std::optional<T>& value, Get get) {
  return value ? fmt::format("{}", get(*value)) : std::string(kNothing);
}

std::string bytes_cell(const Look& look) {
  return look.human_units ? human_bytes(look.entry->file.bytes) : std::to_string(look.entry->file.bytes);
}

bool are_known(const Holders& holders) { return holders.held ? holders.proof != Proof::none : nobody_has(holders); }

// Not being allowed to find out is not a number.
std::string holders_cell(const Holders& holders) { return are_known(holders) ? std::to_string(holders.count()) : "?"; }

// One look at all processes is for all queues; where it does not tell (a container does not see those outside) the
// kernel is asked for a lease, queue by queue. Of many that takes its time: a refused lease is another look at all.
constexpr std::size_t kAskedForLeases = 32;
void ask_for_leases(std::vector<Entry>& entries) {
  std::size_t asked = 0;
  for (Entry& entry : entries) {
    if (!entry.holders || are_known(*entry.holders) || ++asked > kAskedForLeases) continue;
    try {
      entry.holders = find_holders(entry.path);
    } catch (const Error&) {  // gone, or not to be opened: what is known stands
    }
  }
}

std::string state_of(const Entry& entry) {
  if (!entry.explanation.empty()) return fmt::format("{}: {}", slickq::to_string(entry.kind), entry.explanation);
  if (entry.kind != EntryKind::queue) return std::string(slickq::to_string(entry.kind));
  if (!entry.scan) return "ok";
  if (const auto damage = damage_in(*entry.scan); !damage.empty()) return std::string(damage);
  if (!entry.scan->consistent) return "inconsistent";
  return entry.scan->holes.empty() ? "ok" : count_of(entry.scan->holes.size(), "hole");
}

struct ListColumn {
  std::string_view title;
  Table::Align align;
  bool by_default;
  std::string (*cell)(const Look&);
};

constexpr auto kLeft = Table::Align::left;
constexpr auto kRight = Table::Align::right;

constexpr std::array kColumns{
    ListColumn{"name", kLeft, true, [](const Look& l) { return l.entry->name; }},
    ListColumn{
        "layout", kLeft, true,
        [](const Look& l) { return when(l.entry->geometry, [](auto& g) { return slickq::to_string(g.layout()); }); }},
    ListColumn{"capacity", kRight, true,
               [](const Look& l) { return when(l.entry->geometry, [](auto& g) { return g.capacity(); }); }},
    ListColumn{"elem", kRight, true,
               [](const Look& l) { return when(l.entry->geometry, [](auto& g) { return g.element_size(); }); }},
    ListColumn{"bytes", kRight, true, bytes_cell},
    ListColumn{"reserved", kRight, true,
               [](const Look& l) { return when(l.entry->scan, [](auto& s) { return s.reserved; }); }},
    ListColumn{"published", kRight, true,
               [](const Look& l) { return when(l.entry->scan, [](auto& s) { return s.published; }); }},
    ListColumn{"gap", kRight, true,
               [](const Look& l) { return when(l.entry->scan, [](auto& s) { return s.reserved - s.published; }); }},
    ListColumn{"holders", kRight, true, [](const Look& l) { return when(l.entry->holders, holders_cell); }},
    ListColumn{"mode", kLeft, true, [](const Look& l) { return mode_text(l.entry->file.mode); }},
    ListColumn{"owner", kLeft, true, [](const Look& l) { return l.entry->owner; }},
    ListColumn{"state", kLeft, true, [](const Look& l) { return state_of(*l.entry); }},
    ListColumn{"items_per_slot", kRight, false,
               [](const Look& l) { return when(l.entry->geometry, [](auto& g) { return g.items_per_slot(); }); }},
    ListColumn{"unpublished", kRight, false,
               [](const Look& l) { return when(l.entry->scan, [](auto& s) { return s.unpublished; }); }},
    ListColumn{"oldest", kRight, false,
               [](const Look& l) { return when(l.entry->scan, [](auto& s) { return s.oldest; }); }},
    ListColumn{"resident", kRight, false, [](const Look& l) { return std::to_string(l.entry->file.resident_bytes); }},
    ListColumn{"group", kLeft, false, [](const Look& l) { return l.entry->group; }},
    ListColumn{"inode", kRight, false, [](const Look& l) { return std::to_string(l.entry->file.inode); }},
    ListColumn{"path", kLeft, false, [](const Look& l) { return l.entry->path; }},
};

const ListColumn& find_column(std::string_view title) {
  std::vector<std::string> known;
  for (const ListColumn& column : kColumns) {
    if (column.title == title) return column;
    known.emplace_back(column.title);
  }
  throw Error(Errc::invalid_argument, "-o",
              fmt::format("'{}' is not a column; columns are {}", title, fmt::join(known, ",")),
              did_you_mean(title, known));
}

std::vector<const ListColumn*> wanted_columns(const Options& options) {
  std::vector<const ListColumn*> columns;
  if (!options.columns) {
    for (const ListColumn& column : kColumns) {
      if (column.by_default) columns.push_back(&column);
    }
    return columns;
  }
  std::string_view rest = *options.columns;
  for (;;) {
    const std::size_t comma = rest.find(',');
    columns.push_back(&find_column(rest.substr(0, comma)));
    if (comma == std::string_view::npos) return columns;
    rest.remove_prefix(comma + 1);
  }
}

// Cursors have a listing of their own; -a shows them, and explains every other file.
bool is_shown(const Options& options, const Entry& entry) { return options.all || entry.kind == EntryKind::queue; }

Json entry_json(const Entry& entry) {
  Json object{{"name", entry.name}, {"path", entry.path}, {"kind", slickq::to_string(entry.kind)}};
  if (entry.geometry) {
    object["layout"] = slickq::to_string(entry.geometry->layout());
    object["capacity"] = entry.geometry->capacity();
    object["element_size"] = entry.geometry->element_size();
    object["items_per_slot"] = entry.geometry->items_per_slot();
    object["data_offset"] = entry.geometry->data_offset();
    object["last_published_index"] = index_json(entry.last_published);
  }
  object["segment_bytes"] = entry.file.bytes;
  if (entry.scan) {
    object["reserved_index"] = entry.scan->reserved;
    object["published_index"] = entry.scan->published;
    object["gap"] = entry.scan->reserved - entry.scan->published;
    object["unpublished"] = entry.scan->unpublished;
    object["oldest_index"] = entry.scan->oldest;
    object["holes"] = holes_json(*entry.scan, entry.hole_owners);
  }
  if (entry.cursor) object["cursor"] = *entry.cursor;
  if (entry.holders) object["holders"] = holders_json(*entry.holders);
  object["mode"] = mode_text(entry.file.mode);
  object["owner"] = entry.owner;
  object["group"] = entry.group;
  object["inode"] = entry.file.inode;
  object["state"] = state_of(entry);
  return object;
}

void print_table(Session& session, const Options& options, const std::vector<Entry>& entries, Redraw* redraw) {
  const bool human_units = session.style.terminal && !options.exact_bytes;
  const auto columns = wanted_columns(options);
  std::vector<Table::Column> titles;
  for (const ListColumn* column : columns) titles.push_back({std::string(column->title), column->align});
  Table table(std::move(titles));
  for (const Entry& entry : entries) {
    if (!is_shown(options, entry)) continue;
    std::vector<std::string> cells;
    for (const ListColumn* column : columns) cells.push_back(column->cell({&entry, human_units}));
    table.add(std::move(cells));
  }
  if (redraw != nullptr) {
    return redraw->draw(session, table.lines(session.style, !options.no_headings, Redraw::width()), "slickq list");
  }
  table.print(session, !options.no_headings);
  if (table.empty()) session.note(fmt::format("no queues in {}", session.globals.shm_dir));
}

// `redraw`: over the round before.
void print_round(Session& session, const Options& options, Redraw* redraw = nullptr) {
  CatalogOptions catalog;
  catalog.shm_dir = session.globals.shm_dir;
  catalog.everything = options.all;
  catalog.holders = !options.names;
  catalog.scan = !options.names;
  std::vector<Entry> entries = list_segments(catalog);
  ask_for_leases(entries);
  if (options.names && !session.globals.json) {
    for (const Entry& entry : entries) {
      if (is_shown(options, entry)) session.out.line(entry.name);
    }
  } else if (session.globals.json) {
    Json object = json_object(session);
    object["shm_dir"] = session.globals.shm_dir;
    Json& list = object[options.names ? "names" : "segments"] = Json::array();
    for (const Entry& entry : entries) {
      if (is_shown(options, entry)) list.push_back(options.names ? Json(entry.name) : entry_json(entry));
    }
    options.every ? print_json_line(session, object) : print_json(session, object);
  } else {
    print_table(session, options, entries, redraw);
  }
}

Exit list_queues(Session& session, const Options& options) {
  wanted_columns(options);  // a wrong column is told whatever is printed
  if (!options.every && options.rounds) {
    throw Error(Errc::invalid_argument, "--count", "counts the rounds of -w SEC, which is missing");
  }
  if (options.rounds == 0) throw Error(Errc::invalid_argument, "--count", "'0' would show nothing");
  if (!options.every) {
    print_round(session, options);
    return Exit::ok;
  }
  catch_interrupts();
  const bool redraws = Redraw::is_possible(session) && !options.names;
  Redraw redraw;
  for (std::uint64_t left = options.rounds.value_or(std::numeric_limits<std::uint64_t>::max()); left > 0;) {
    print_round(session, options, redraws ? &redraw : nullptr);
    session.out.flush();
    if (--left == 0 || interrupted()) break;
    pause_for_reader(session.out, *options.every);
    if (interrupted()) break;
    if (!redraws && !session.globals.json) session.out.line("");
  }
  return Exit::ok;
}

}  // namespace

Run declare_list(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.flag("-a,--all", options->all, "every file: cursors too, and why the others are no queues");
  arguments.option("-o,--columns", "COLUMNS", into(options->columns), "these columns, comma-separated");
  arguments.flag("--no-headings", options->no_headings, "rows only");
  arguments.flag("--bytes", options->exact_bytes, "bytes as plain numbers also on a terminal");
  arguments.flag("--names", options->names, "names only, one a line");
  arguments.option("-w,--watch", "SEC", into(options->every, parse_duration), "again every SEC, until Ctrl-C");
  arguments.option("--count", "N", into(options->rounds, parse_number), "with -w: so many rounds");
  std::vector<std::string_view> titles;
  for (const ListColumn& column : kColumns) titles.push_back(column.title);
  arguments.epilogue(
      fmt::format("columns: {}\ngap = reserved - published: what no reader can get at yet.", fmt::join(titles, ",")));
  return [options](Session& session) { return list_queues(session, *options); };
}

}  // namespace slickq::cli
