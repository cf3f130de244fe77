// slickq gc: remove what ended programs left behind, and nothing that anybody may still use.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>

#include "../json.hpp"
#include "../values.hpp"
#include "../verbs.hpp"
#include "slickq/catalog.hpp"
#include "slickq/glob.hpp"
#include "slickq/names.hpp"
#include "slickq/removal.hpp"
#include "slickq/repair.hpp"

namespace slickq::cli {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

struct Options {
  std::vector<std::string> patterns;
  nanoseconds older_than = std::chrono::minutes(10);
  bool dry_run = false;
};

// What became of one segment. Nothing in `left`: it is gone, or would be.
struct Fate {
  std::string name;
  std::uint64_t bytes = 0;
  milliseconds age{};
  std::string left;
};

constexpr std::string_view kTooYoung = "too young";

nanoseconds age_of(const Entry& entry) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const timespec& then = entry.file.changed;
  const nanoseconds age = std::chrono::seconds(now.tv_sec - then.tv_sec) + nanoseconds(now.tv_nsec - then.tv_nsec);
  return std::max(age, nanoseconds(0));
}

class Collector {
 public:
  Collector(Session& session, const Options& options) : session_(session), options_(options) {
    CatalogOptions wanted;
    wanted.shm_dir = session.globals.shm_dir;
    wanted.scan = false;
    entries_ = list_segments(wanted);
    for (const Entry& entry : entries_) names_.insert(entry.name);
  }

  std::vector<Fate> run() {
    std::vector<Fate> fates;
    for (const Entry& entry : entries_) {
      if (is_candidate(entry)) fates.push_back(collect(entry));
    }
    return fates;
  }

  /// Of the errors that were reported, the gravest.
  Exit worst() const noexcept { return worst_; }

 private:
  // By its bytes a queue, or by bytes and name a cursor.
  bool is_candidate(const Entry& entry) const {
    const bool ours =
        entry.kind == EntryKind::queue || (entry.kind == EntryKind::cursor && split_cursor_name(entry.name));
    return ours && matches_any(options_.patterns, entry.name);
  }

  Fate collect(const Entry& entry) {
    const nanoseconds age = age_of(entry);
    Fate fate{entry.name, entry.file.bytes, duration_cast<milliseconds>(age), {}};
    fate.left = why_used(entry);
    if (fate.left.empty() && age < options_.older_than) fate.left = kTooYoung;
    if (fate.left.empty()) fate.left = remove(entry);
    return fate;
  }

  // A cursor is in use as long as its queue is: its consumer may be between two runs, and would lose its place.
  std::string why_used(const Entry& entry) const {
    if (entry.holders && entry.holders->held) return "held by " + entry.holders->describe();
    const auto cursor = split_cursor_name(entry.name);
    if (!cursor || !names_.contains(cursor->queue)) return {};
    // Asked now: the list may be as old as many removals take, and core asks for the cursor only.
    try {
      const Holders holders = find_holders(segment_path(session_.globals.shm_dir, cursor->queue));
      if (nobody_has(holders)) return {};
      return holders.held ? "its queue is held by " + holders.describe() : "its queue may be in use";
    } catch (const Error& error) {
      if (error.code() == Errc::not_found) return {};  // removed as an orphan itself
      return "its queue cannot be looked at: " + error.cause();
    }
  }

  // The last word has core: exclusive lock, lease, quarantine.
  std::string remove(const Entry& entry) {
    RemoveOptions options;
    options.shm_dir = session_.globals.shm_dir;
    options.inode = entry.file.inode;
    options.dry_run = options_.dry_run;
    try {
      const Removal removal = remove_segment(entry.name, options);
      return removal.removed ? "" : "held by " + removal.holders.describe();
    } catch (const Error& error) {
      if (error.code() == Errc::not_found) return "removed by somebody else";
      session_.out.flush();
      report(session_, error);
      worst_ = std::max(worst_, exit_for(error.code()));
      return error.cause();
    }
  }

  Session& session_;
  const Options& options_;
  std::vector<Entry> entries_;
  std::set<std::string> names_;
  Exit worst_ = Exit::ok;
};

// Removals that somebody was killed in, as `list -a` shows them.
std::vector<Adopted> finish_removals(const Session& session, bool dry_run) {
  if (!dry_run) return adopt_quarantined(session.globals.shm_dir);
  CatalogOptions options;
  options.shm_dir = session.globals.shm_dir;
  options.everything = true;
  options.holders = options.scan = false;
  std::vector<Adopted> found;
  for (const Entry& entry : list_segments(options)) {
    if (entry.kind == EntryKind::quarantine) found.push_back({entry.name, false});
  }
  return found;
}

// "nothing removed: 111 younger than 10m, 2 in use (-v lists them)"
std::string why_nothing(const Options& options, const std::vector<Fate>& fates) {
  const auto young = std::ranges::count(fates, kTooYoung, &Fate::left);
  const auto others = static_cast<std::ptrdiff_t>(fates.size()) - young;
  std::string why;
  if (young > 0) why = fmt::format("{} younger than {}", young, human_age(options.older_than));
  if (others > 0) why += fmt::format("{}{} in use, or not ours to remove", why.empty() ? "" : ", ", others);
  return fates.empty() ? "nothing removed: no queue or cursor matches"
                       : fmt::format("nothing removed: {} (-v lists them)", why);
}

void print_text(Session& session, const Options& options, const std::vector<Fate>& fates,
                const std::vector<Adopted>& finished) {
  for (const Adopted& one : finished) {
    session.out.line(fmt::format("{} {}",
                                 options.dry_run ? "would finish the removal of"
                                 : one.restored  ? "gave back"
                                                 : "finished the removal of",
                                 one.name));
  }
  if (!session.globals.verbose && finished.empty() &&
      std::ranges::none_of(fates, [](const Fate& fate) { return fate.left.empty(); })) {
    session.note(why_nothing(options, fates));
  }
  for (const Fate& fate : fates) {
    if (fate.left.empty()) {
      session.out.line(fmt::format("{} {}, {}, unchanged for {}", options.dry_run ? "would remove" : "removed",
                                   fate.name, human_bytes(fate.bytes), human_age(fate.age)));
    } else {
      session.detail(fmt::format("left {}, {} old: {}", fate.name, human_age(fate.age), fate.left));
    }
  }
}

void print_object(Session& session, const Options& options, const std::vector<Fate>& fates,
                  const std::vector<Adopted>& finished) {
  Json object = json_object(session);
  object["dry_run"] = options.dry_run;
  object["match"] = options.patterns;
  object["older_than_ms"] = duration_cast<milliseconds>(options.older_than).count();
  object["removed"] = object["left"] = object["finished"] = Json::array();
  for (const Fate& fate : fates) {
    Json line{{"name", fate.name}, {"bytes", fate.bytes}, {"age_ms", fate.age.count()}};
    if (!fate.left.empty()) line["why"] = fate.left;
    object[fate.left.empty() ? "removed" : "left"].push_back(std::move(line));
  }
  for (const Adopted& one : finished) object["finished"].push_back({{"name", one.name}, {"restored", one.restored}});
  print_json(session, object);
}

Exit collect_all(Session& session, const Options& options) {
  if (options.patterns.empty()) {
    throw Error(Errc::invalid_argument, "--match", "missing: which names may be removed?",
                "slickq gc --match 'job-*' --dry-run shows what would go");
  }
  const std::vector<Adopted> finished = finish_removals(session, options.dry_run);
  Collector collector(session, options);
  const std::vector<Fate> fates = collector.run();
  session.globals.json ? print_object(session, options, fates, finished)
                       : print_text(session, options, fates, finished);
  return collector.worst();
}

// "/q*" is "q*", as with names.
std::string pattern_of(const std::string& text) { return text.starts_with('/') ? text.substr(1) : text; }

}  // namespace

Run declare_gc(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.option(
      "--match", "GLOB",
      [options](std::string_view, const std::string& text) { options->patterns.push_back(pattern_of(text)); },
      "names, with the wildcards of the shell; several", Arguments::Times::many);
  arguments.option("--older-than", "TIME", into(options->older_than, parse_duration),
                   "made, or changed as a file, so long ago (10m)");
  arguments.flag("--dry-run", options->dry_run, "only tell what would be removed");
  arguments.epilogue(
      "An orphan is a queue or a cursor by its bytes, its name matches, it is old enough, and nobody has it open:\n"
      "proven as for unlink. A cursor is in use as long as its queue is. What is not an orphan is told with -v.\n"
      "Removals that somebody was killed in are finished, too.\n"
      "example: slickq gc --match 'job-*' --older-than 1h");
  return [options](Session& session) { return collect_all(session, *options); };
}

}  // namespace slickq::cli
