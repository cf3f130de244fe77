// slickq reset: empty a queue, never under somebody who uses it.
#include <fmt/format.h>

#include <memory>

#include "../holder_text.hpp"
#include "../json.hpp"
#include "../removable.hpp"
#include "../values.hpp"
#include "../verbs.hpp"
#include "slickq/queue.hpp"
#include "slickq/repair.hpp"

namespace slickq::cli {
namespace {

struct Options {
  std::string queue;
  bool force = false;
  bool dry_run = false;
};

Exit run_reset(Session& session, const Options& options) {
  Queue queue =
      Queue::open(options.queue, session.globals.shm_dir, options.dry_run ? Access::read_only : Access::read_write);
  const Holders holders = find_holders(queue.segment().path());
  if (!nobody_has(holders) && !options.force) {
    throw held_error(queue.name(), holders, fmt::format("stop them, or slickq reset {} --force", queue.name()));
  }
  const std::uint64_t before = queue.ring().reserved_index();
  if (!options.dry_run) queue.reset(options.force);
  if (session.globals.json) {
    Json object = json_object(session);
    object["name"] = queue.name();
    object["path"] = queue.segment().path();
    object["dry_run"] = options.dry_run;
    object["forced"] = options.force;
    object["reserved_index"] = before;  // what it was
    object["holders"] = holders_json(holders);
    print_json(session, object);
  } else {
    const std::string held = holders.held ? fmt::format(", held by {}", holders_text(holders)) : "";
    session.out.line(fmt::format("{} {}: it had come to index {}{}", options.dry_run ? "would reset" : "reset",
                                 queue.name(), before, held));
  }
  return Exit::ok;
}

}  // namespace

Run declare_reset(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.operand_or_flag("QUEUE", into(options->queue), "name of a queue");
  arguments.flag("--force", options->force, "also while somebody holds it, who may lose items or get them twice");
  arguments.flag("--dry-run", options->dry_run, "only tell what would be reset; needs no right to write");
  arguments.epilogue(
      "The queue is empty afterwards and begins at index 0 again. Consumers notice it, and so do named cursors: the\n"
      "next pop puts them back to 0.\n"
      "Refused (exit code 7), with the holders named, while anybody has it open or mapped; also when nobody can know:\n"
      "only its owner and root can ask for others' programs.");
  return [options](Session& session) { return run_reset(session, *options); };
}

}  // namespace slickq::cli
