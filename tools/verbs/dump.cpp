// slickq dump: print what is in the ring, and stop.
#include <fmt/format.h>

#include <limits>
#include <memory>

#include "../item_format.hpp"
#include "../ring_walk.hpp"
#include "../source.hpp"
#include "../values.hpp"
#include "../verbs.hpp"

namespace slickq::cli {
namespace {

struct Options {
  Source source;
  Position from;
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();
  ItemFlags items;
};

Exit dump_queue(Session& session, const Options& options) {
  const View view = open_source(session, options.source);
  ItemPrinter printer(session, options.items, view.geometry().element_size());
  const std::uint64_t cursor = reading_start(session, view, options.from);
  // C as it is now: a dump of a queue in use ends.
  RingWalk walk(view, cursor, view.reserved_index(), [&](const Hole& hole) {
    printer.print_hole(hole);
    return true;
  });
  std::vector<std::byte> elements;
  std::uint64_t lost = 0;
  std::uint64_t printed = 0;
  while (printed < options.count) {
    const PopResult item = walk.next(elements);
    lost += item.lost;
    if (session.globals.json) printer.print_loss(item);
    if (item.what == Pop::reset) printer.print_reset();
    if (item.what != Pop::item) break;
    printer.print(item.index, item.count, elements);
    ++printed;
  }
  if (lost > 0)
    session.note(fmt::format("-- {} were overwritten before they could be read", count_of(lost, "element")));
  return Exit::ok;
}

}  // namespace

Run declare_dump(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  declare_source(arguments, options->source);
  arguments.option("--from", "WHERE", into(options->from, parse_position),
                   "begin (default), end, -N (N items before the end), or an index");
  arguments.option("-n,--count", "COUNT", into(options->count, parse_number), "at most so many items");
  declare_item_flags(arguments, options->items, "-f,--template");
  arguments.epilogue(
      "All items are shown, also those behind a hole; holes are told on standard error,\n"
      "with --json as lines of their own.\n"
      "example: slickq dump ticks --from -3 --unpack '<qd8s'");
  return [options](Session& session) { return dump_queue(session, *options); };
}

}  // namespace slickq::cli
