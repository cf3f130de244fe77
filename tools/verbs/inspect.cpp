// slickq inspect: everything about one queue.
#include "slickq/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "../holder_text.hpp"
#include "../json.hpp"
#include "../ring_walk.hpp"
#include "../source.hpp"
#include "../table.hpp"
#include "../values.hpp"
#include "../verbs.hpp"

namespace slickq::cli {
namespace {

struct Options {
  Source source;
  bool slots = false;
};

std::vector<Slot> all_slots(const View& view) {
  std::vector<Slot> slots(view.geometry().slot_count());
  view.read_slots(0, slots);
  return slots;
}

// What the index in a slot means to a reader, given C.
std::string_view meaning(const View& view, std::uint32_t number, const Slot& slot, std::uint64_t reserved) {
  if (slot.data_index == kNoIndex) return "never used";
  if (slot.data_index > reserved) return "beyond the reserved index";
  if (view.geometry().slot_of(slot.data_index) != number) return "jump marker";
  if (slot.data_index == reserved) return "not an item: nothing is reserved there";
  return reserved - slot.data_index <= view.geometry().capacity() ? "item" : "item of an earlier lap";
}

void print_slots(Session& session, const View& view) {
  const std::uint64_t reserved = view.reserved_index();
  const std::vector<Slot> slots = all_slots(view);
  Table table(
      {{"slot", Table::Align::right}, {"index", Table::Align::right}, {"elements", Table::Align::right}, {"meaning"}});
  for (std::uint32_t k = 0; k < slots.size(); ++k) {
    const std::string index = slots[k].data_index == kNoIndex ? "-" : std::to_string(slots[k].data_index);
    table.add(
        {std::to_string(k), index, std::to_string(slots[k].size), std::string(meaning(view, k, slots[k], reserved))});
  }
  session.out.line("");
  table.print(session);
}

Json slots_json(const View& view) {
  const std::uint64_t reserved = view.reserved_index();
  const std::vector<Slot> slots = all_slots(view);
  Json list = Json::array();
  for (std::uint32_t k = 0; k < slots.size(); ++k) {
    list.push_back(Json{{"slot", k},
                        {"data_index", index_json(slots[k].data_index)},
                        {"size", slots[k].size},
                        {"meaning", meaning(view, k, slots[k], reserved)}});
  }
  return list;
}

std::string bytes_text(const Session& session, std::uint64_t bytes) {
  const bool unit_helps = session.style.terminal && bytes >= 1024;
  return unit_helps ? fmt::format("{} bytes ({})", bytes, human_bytes(bytes)) : fmt::format("{} bytes", bytes);
}

std::string holes_text(const Session& session, const Scan& scan) {
  constexpr std::size_t kShown = 8;
  if (scan.holes.empty()) return "none";
  std::string text;
  for (std::size_t k = 0; k < std::min(kShown, scan.holes.size()); ++k) {
    text += fmt::format("{}{}..{}", k == 0 ? "" : ", ", scan.holes[k].index, scan.holes[k].next - 1);
  }
  if (scan.holes.size() > kShown) text += fmt::format(", and {} more", scan.holes.size() - kShown);
  return session.style.yellow(text) + "  (reserved, never published; readers wait there)";
}

void print_text(Session& session, const Inspection& seen) {
  const auto row = [&](std::string_view key, std::string_view value) {
    session.out.line(fmt::format("  {:<15} {}", key, value));
  };
  const Scan& scan = seen.scan;
  const Geometry& geometry = seen.geometry;
  session.out.line(session.style.bold(printable(seen.name)) + ": " + geometry.describe());
  row("path", printable(seen.path));
  row("layout", fmt::format("{}, read and written by {}", slickq::to_string(geometry.layout()),
                            fmt::join(compatible_with(geometry.layout()), ", ")));
  row("segment",
      fmt::format("{}, elements from byte {}", bytes_text(session, seen.file.bytes), geometry.data_offset()));
  row("init state", to_string(seen.init_state));
  row("reserved", fmt::format("{}  (next index a producer gets)", scan.reserved));
  row("published", fmt::format("{}  (everything before it can be read)", scan.published));
  if (has_last_published(geometry.layout())) {
    row("last published", seen.last_published == kNoIndex ? "none yet" : std::to_string(seen.last_published));
  }
  row("unpublished", count_of(scan.unpublished, "element"));
  row("oldest",
      fmt::format("{}  ({} of {} in use)", scan.oldest, std::min<std::uint64_t>(scan.reserved, geometry.capacity()),
                  count_of(geometry.capacity(), "element")));
  row("holes", holes_text(session, scan));
  if (const auto damage = damage_in(scan); !damage.empty()) row("note", session.style.red(damage));
  if (!scan.consistent) row("note", "producers were faster than this look at the ring: the numbers are a blur");
  if (seen.holders) row("holders", holders_text(*seen.holders));
  row("mode", fmt::format("{} {}:{}", mode_text(seen.file.mode), seen.owner, seen.group));
  row("inode", std::to_string(seen.file.inode));
}

Exit inspect_queue(Session& session, const Options& options) {
  const auto [view, seen] = inspect_source(session, options.source);
  if (session.globals.json) {
    Json object = json_object(session);
    add_inspection(object, seen);
    if (options.slots) object["slots"] = slots_json(view);
    print_json(session, object);
  } else {
    print_text(session, seen);
    if (options.slots) print_slots(session, view);
  }
  return Exit::ok;
}

}  // namespace

Run declare_inspect(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  declare_source(arguments, options->source);
  arguments.flag("--slots", options->slots, "the slot table too");
  arguments.epilogue("example: slickq inspect ticks --json");
  return [options](Session& session) { return inspect_queue(session, *options); };
}

}  // namespace slickq::cli
