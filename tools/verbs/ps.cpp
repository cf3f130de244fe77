// slickq ps: who has a queue open or mapped, and how we know.
#include <fmt/format.h>

#include <memory>

#include "../holder_text.hpp"
#include "../json.hpp"
#include "../source.hpp"
#include "../table.hpp"
#include "../verbs.hpp"
#include "slickq/holders.hpp"
#include "slickq/names.hpp"

namespace slickq::cli {
namespace {

std::string_view how(const Holder& holder) {
  if (holder.open && holder.mapped) return "open,mapped";
  return holder.mapped ? "mapped" : "open";
}

void print_text(Session& session, const std::string& name, const Holders& holders) {
  if (holders.processes.empty()) {
    session.out.line(fmt::format("{}: {}", name, holders_text(holders)));
  } else {
    Table table({{"pid", Table::Align::right}, {"command"}, {"access"}, {"how"}, {"name"}});
    for (const Holder& holder : holders.processes) {
      table.add({std::to_string(holder.pid), holder.command, holder.access, std::string(how(holder)),
                 holder.deleted ? "deleted" : "linked"});
    }
    table.print(session);
  }
  session.note(fmt::format("proof: {}", proof_text(holders)));
}

Exit show_holders(Session& session, const std::string& operand) {
  require_segment(session, operand);
  const std::string name = segment_name(operand);
  const Holders holders = find_holders(segment_path(session.globals.shm_dir, name));
  const bool known = holders.proof != Proof::none;
  if (session.globals.json) {
    Json object = json_object(session);
    object["name"] = name;
    object.update(holders_json(holders));
    print_json(session, object);
  } else if (known) {
    print_text(session, name, holders);
  }
  if (!known) {
    throw Error(Errc::permission, name, "not allowed to find out who has it open", "run as its owner or as root");
  }
  return Exit::ok;
}

}  // namespace

Run declare_ps(Arguments& arguments) {
  const auto name = std::make_shared<std::string>();
  arguments.operand_or_flag("QUEUE", into(*name), "name of a queue or a cursor segment");
  arguments.epilogue("'deleted' is a split brain: the process still uses a segment that has lost its name.");
  return [name](Session& session) { return show_holders(session, *name); };
}

}  // namespace slickq::cli
