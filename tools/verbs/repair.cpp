// slickq repair: jump markers over what dead producers left, so that readers go on.
#include "slickq/repair.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "../holder_text.hpp"
#include "../json.hpp"
#include "../table.hpp"
#include "../values.hpp"
#include "../verbs.hpp"
#include "slickq/finish.hpp"
#include "slickq/names.hpp"

namespace slickq::cli {
namespace {

// What is in work on a living queue is missing for an instant, too. What is missing still after this long is told, is
// the dead producer's whose it may be, and with --force taken for abandoned.
constexpr auto kSettle = std::chrono::milliseconds(100);

struct Options {
  std::string queue;
  bool force = false;
  bool dry_run = false;
};

struct Outcome {
  Holders holders;
  RepairReport report;
  std::vector<std::uint32_t> pids;  // by journal line
  bool one_slot = false;
};

bool is_missing_in(const RepairPlan& plan, const Missing& run) {
  const auto overlaps = [&](const Missing& other) { return run.index < other.end && other.index < run.end; };
  return std::ranges::any_of(plan.doubts, overlaps) || std::ranges::any_of(plan.repairs, overlaps);
}

bool infers(const RepairPlan& plan) {
  return std::ranges::any_of(plan.repairs, [](const Missing& run) { return run.inferred; });
}

// What was missing kSettle ago: only that is repaired by inference or by force. Nothing of either kind: no time passes.
RepairRules rules_for_now(const Repairer& repairer, std::uint64_t dead_below, bool force) {
  RepairRules rules{.dead_below = dead_below};
  const RepairPlan first = repairer.plan(rules);
  rules.inferred_below = 0;  // what is inferred only later is too young
  if (!force && !infers(first)) return rules;
  std::this_thread::sleep_for(kSettle);
  rules.inferred_below = first.reserved;
  if (force) rules.doubts_below = first.reserved;
  return rules;
}

// The doubts of the report that are no passing state.
void settle(Repairer& repairer, RepairReport& report, const RepairRules& rules) {
  if (report.after.doubts.empty()) return;
  std::this_thread::sleep_for(kSettle);
  const RepairPlan again = repairer.plan(rules);
  std::erase_if(report.after.doubts, [&](const Missing& run) { return !is_missing_in(again, run); });
}

// The plan says nothing of a run at the very start of a lapped ring, which may be the inside of an overwritten item.
// Where the scan can tell that it is none, it is a doubt like others.
void add_leading_hole(const View& view, RepairReport& report) {
  const Scan seen = scan(view);
  if (seen.holes.empty()) return;
  const Missing leading{seen.holes.front().index, seen.holes.front().next};
  const bool in_work = leading.end >= seen.reserved;
  if (in_work || is_missing_in(report.before, leading) || is_missing_in(report.after, leading)) return;
  report.after.doubts.insert(report.after.doubts.begin(), leading);
}

std::vector<std::uint32_t> pids_of(const Queue& queue) {
  std::vector<std::uint32_t> pids;
  if (queue.annex() == nullptr) return pids;
  for (JournalLine& line : queue.annex()->journal) {
    pids.push_back(HardwareMemory::load(&line.pid, std::memory_order_relaxed));  // for people
  }
  return pids;
}

Outcome repair_queue(const Session& session, Queue& queue, const Options& options) {
  Outcome outcome;
  outcome.one_slot = queue.geometry().slot_count() == 1;
  const std::uint64_t reserved = queue.ring().reserved_index();
  outcome.holders = find_holders(queue.segment().path());  // before the Repairer has the segment open once more
  outcome.pids = pids_of(queue);
  const View view = View::open_segment(options.queue, session.globals.shm_dir);
  Repairer repairer(queue);
  const RepairRules rules = rules_for_now(repairer, nobody_has(outcome.holders) ? reserved : 0, options.force);
  if (options.dry_run) {
    outcome.report.before = outcome.report.after = repairer.plan(rules);
  } else {
    outcome.report = repairer.repair(rules);
  }
  settle(repairer, outcome.report, rules);
  add_leading_hole(view, outcome.report);
  return outcome;
}

std::string_view owner_word(const Missing& run) {
  switch (run.owner) {
    case Owner::dead: return "dead";
    case Owner::live: return "alive";
    case Owner::unknown: return "unknown";
  }
  return "unknown";
}

std::uint32_t pid_of(const Outcome& outcome, const Missing& run) {
  return run.line < outcome.pids.size() ? outcome.pids[run.line] : 0;
}

std::string run_text(const Missing& run) { return fmt::format("{}..{}", run.index, run.end - 1); }

std::string why_left(const Outcome& outcome, const Missing& run) {
  if (outcome.one_slot) return "a ring of one slot has no repair: the next push goes over it";
  if (run.owner == Owner::live) return "left: its owner lives (it may be stopped)";
  return "left: its owner keeps no journal and may live; --force repairs it all the same";
}

void print_text(Session& session, const Options& options, const std::string& name, const Outcome& outcome) {
  const RepairReport& report = outcome.report;
  Table table({{"missing", Table::Align::left},
               {"elements", Table::Align::right},
               {"owner", Table::Align::left},
               {"pid", Table::Align::right},
               {"what", Table::Align::left}});
  const auto add = [&](const Missing& run, std::string what) {
    const std::uint32_t pid = pid_of(outcome, run);
    table.add({run_text(run), std::to_string(run.end - run.index), std::string(owner_word(run)),
               pid == 0 ? "-" : std::to_string(pid), std::move(what)});
  };
  for (const Missing& run : report.before.repairs) add(run, fmt::format("readers go on at {}", run.end));
  for (const Missing& run : report.after.doubts) add(run, why_left(outcome, run));
  const bool nothing = report.before.repairs.empty() && report.after.doubts.empty();
  if (nothing) {
    session.out.line(fmt::format("{}: nothing to repair", name));
    return;
  }
  table.print(session);
  std::uint64_t elements = report.repaired;
  if (options.dry_run) {
    for (const Missing& run : report.before.repairs) elements += run.end - run.index;
  }
  session.out.line(
      fmt::format("{} {}: {}", options.dry_run ? "would repair" : "repaired", name, count_of(elements, "element")));
}

Json runs_json(const Outcome& outcome, const std::vector<Missing>& runs) {
  Json list = Json::array();
  for (const Missing& run : runs) {
    const std::uint32_t pid = pid_of(outcome, run);
    list.push_back(Json{{"index", run.index},
                        {"next", run.end},
                        {"owner_pid", pid == 0 ? Json(nullptr) : Json(pid)},
                        {"owner_alive", run.owner == Owner::unknown ? Json(nullptr) : Json(run.owner == Owner::live)}});
  }
  return list;
}

Json repair_json(const Session& session, const Options& options, const Queue& queue, const Outcome& outcome) {
  Json object = json_object(session);
  object["name"] = queue.name();
  object["path"] = queue.segment().path();
  object["dry_run"] = options.dry_run;
  object["forced"] = options.force;
  object["finished_half_made"] = false;
  object["reserved_index"] = outcome.report.before.reserved;
  object["repairs"] = runs_json(outcome, outcome.report.before.repairs);
  object["left"] = runs_json(outcome, outcome.report.after.doubts);
  object["repaired"] = outcome.report.repaired;
  object["holders"] = holders_json(outcome.holders);
  return object;
}

Exit finish(Session& session, const Options& options) {
  const Geometry geometry = finish_half_made(options.queue, session.globals.shm_dir, options.dry_run);
  const std::string name = segment_name(options.queue);
  if (session.globals.json) {
    Json object = json_object(session);
    object["name"] = name;
    object["path"] = segment_path(session.globals.shm_dir, name);
    object["dry_run"] = options.dry_run;
    object["forced"] = options.force;
    object["finished_half_made"] = !options.dry_run;
    object["reserved_index"] = 0;
    object["repairs"] = object["left"] = Json::array();
    object["repaired"] = 0;
    object["holders"] = holders_json(Holders{});
    print_json(session, object);
  } else {
    session.out.line(fmt::format("{} {}: it was half-made, its creator is gone; now an empty queue: {}",
                                 options.dry_run ? "would finish" : "finished", name, geometry.describe()));
  }
  return Exit::ok;
}

bool is_half_made(const Session& session, const std::string& name) {
  try {
    View::open_segment(name, session.globals.shm_dir);
    return false;
  } catch (const Error& error) {
    if (error.code() == Errc::corrupt) return true;
    throw;
  }
}

Exit run_repair(Session& session, const Options& options) {
  if (is_half_made(session, options.queue)) return finish(session, options);
  Queue queue =
      Queue::open(options.queue, session.globals.shm_dir, options.dry_run ? Access::read_only : Access::read_write);
  const Outcome outcome = repair_queue(session, queue, options);
  if (session.globals.json) {
    print_json(session, repair_json(session, options, queue, outcome));
  } else {
    print_text(session, options, queue.name(), outcome);
  }
  if (!outcome.report.complete) {
    session.note(fmt::format("slickq: repair: {}: producers published in between each time; try again", queue.name()));
  }
  const RepairPlan& after = outcome.report.after;
  const bool in_doubt =
      std::ranges::any_of(after.doubts, [](const Missing& run) { return run.owner == Owner::unknown; });
  if (in_doubt && outcome.holders.held && !session.globals.json) {
    session.note(
        fmt::format("slickq: repair: {}: it may be one of who has it: {}", queue.name(), outcome.holders.describe()));
  }
  const bool left = !outcome.report.complete || !after.doubts.empty() || (!options.dry_run && !after.repairs.empty());
  return left ? Exit::condition : Exit::ok;
}

}  // namespace

Run declare_repair(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.operand_or_flag("QUEUE", into(options->queue), "name of a queue");
  arguments.flag("--dry-run", options->dry_run, "only tell what would be repaired; needs no right to write");
  arguments.flag("--force", options->force, "also what may belong to a living producer that keeps no journal");
  arguments.epilogue(
      "A producer that died between reserve and publish leaves a hole at which readers wait. Repair puts jump markers\n"
      "there when the death is proven: by the producer's journal line, or because nobody has the queue at all. What a\n"
      "living producer holds is never touched. A segment that an original left half-made is finished.\n"
      "Exit code 0: nothing is left to repair. 5: something is, see the table.\n"
      "example: slickq repair ticks --dry-run");
  return [options](Session& session) { return run_repair(session, *options); };
}

}  // namespace slickq::cli
