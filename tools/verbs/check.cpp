// slickq check: one line and an exit code for monitoring systems that run plugins.
// The rules of the line, of the exit codes and of the numbers behind '|' are those of the Monitoring Plugins project
// (https://www.monitoring-plugins.org/doc/guidelines.html), which Nagios, Icinga and others understand.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>

#include "../interrupt.hpp"
#include "../json.hpp"
#include "../ring_walk.hpp"
#include "../source.hpp"
#include "../table.hpp"
#include "../values.hpp"
#include "../verbs.hpp"
#include "slickq/catalog.hpp"
#include "slickq/cursor.hpp"
#include "slickq/names.hpp"
#include "slickq/scan.hpp"
#include "slickq/view.hpp"

namespace slickq::cli {
namespace {

using std::chrono::nanoseconds;
using Clock = std::chrono::steady_clock;

enum class State : std::uint8_t { ok, warning, critical, unknown };
constexpr std::array<std::string_view, 4> kWords{"OK", "WARNING", "CRITICAL", "UNKNOWN"};
std::string_view word_of(State state) { return kWords[static_cast<std::size_t>(state)]; }

// What is not known may be critical: it comes before what is known to be less. The numbers are the exit codes.
State graver(State a, State b) {
  constexpr std::array<int, 4> kGravity{0, 1, 3, 2};
  return kGravity[static_cast<std::size_t>(a)] >= kGravity[static_cast<std::size_t>(b)] ? a : b;
}

// Elements, or a part of the ring.
struct Limit {
  double value = 0;
  bool percent = false;
  double elements(std::uint64_t capacity) const {
    return percent ? value / 100 * static_cast<double>(capacity) : value;
  }
};
struct Limits {
  Limit warn;
  Limit critical;
};

struct Options {
  Source source;
  std::vector<std::string> cursors;
  std::optional<Limits> max_lag;
  std::optional<nanoseconds> max_stall;
  std::optional<double> min_rate;
  nanoseconds interval = std::chrono::seconds(1);
};

struct Lag {
  std::string cursor;
  std::optional<std::uint64_t> elements;  // none: the cursor may not be read
  State state = State::ok;
};

struct Findings {
  std::optional<std::string> name;  // none: the command line does not say
  State state = State::ok;
  std::vector<std::string> problems;
  std::uint64_t capacity = 0;
  std::optional<std::uint64_t> reserved;  // none: it could not be looked at
  std::optional<double> rate;
  std::vector<Lag> lags;
  std::vector<Hole> stalls;

  void add(State what, std::string problem) {
    state = graver(state, what);
    problems.push_back(std::move(problem));
  }
};

[[noreturn]] void bad_limits(std::string_view flag, std::string_view text, std::string_view why) {
  throw Error(Errc::invalid_argument, std::string(flag), fmt::format("'{}' {}", text, why),
              "WARN,CRITICAL in elements, 1000,5000, or in parts of the ring, 80%,95%; one value is both");
}

Limit parse_limit(std::string_view flag, std::string_view all, std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  if (text == "0") return {0, percent};
  try {
    return {parse_rate(flag, text), percent};
  } catch (const Error&) {
    bad_limits(flag, all, "is no pair of limits");
  }
}

// "W,C", or one for both. Those in different units are compared when the ring is known.
Limits parse_limits(std::string_view flag, std::string_view text) {
  const std::size_t comma = text.find(',');
  const Limit warn = parse_limit(flag, text, text.substr(0, comma));
  const Limit critical = comma == std::string_view::npos ? warn : parse_limit(flag, text, text.substr(comma + 1));
  if (warn.percent == critical.percent && warn.value > critical.value) {
    bad_limits(flag, text, "would be critical before it warns");
  }
  return {warn, critical};
}

// What was missing in both looks, and of the same lap. The bytes tell no time: how long it was missing before the first
// look nobody knows.
std::vector<Hole> still_missing(const Scan& before, const Scan& after, std::uint64_t capacity) {
  std::vector<Hole> stalls;
  for (const Hole& hole : after.holes) {
    if (hole_at(before, hole.index) != nullptr && after.reserved - hole.index <= capacity) stalls.push_back(hole);
  }
  return stalls;
}

class Checker {
 public:
  Checker(Session& session, const Options& options)
      : session_(session), options_(options), view_(open_source(session, options.source)) {
    learn();
    if (options.max_lag && options.max_lag->warn.elements(capacity_) > options.max_lag->critical.elements(capacity_)) {
      throw Error(Errc::invalid_argument, "--max-lag",
                  fmt::format("would be critical before it warns, in a ring of {}", count_of(capacity_, "element")));
    }
  }

  Findings run() {
    const Scan first = scan(*view_);
    const auto begun = Clock::now();
    const nanoseconds wait = time_needed(first);
    bool same = true;
    if (wait > nanoseconds(0)) same = look_again_after(wait);
    const std::chrono::duration<double> passed = Clock::now() - begun;
    const Scan last = wait > nanoseconds(0) ? scan(*view_) : first;
    found_.reserved = last.reserved;
    if (const auto damage = damage_in(last); !damage.empty()) found_.add(State::critical, std::string(damage));
    if (same) {
      judge_rate(first, last, passed.count());
      judge_stalls(first, last);
    } else {
      found_.add(State::critical, "was made anew while it was looked at");
    }
    judge_cursors();
    return std::move(found_);
  }

 private:
  void learn() {
    capacity_ = view_->geometry().capacity();
    found_.name = view_->name();
    found_.capacity = capacity_;
  }

  // Meanwhile the queue is not open: who only looks must keep nobody from removing it. False: it is another one now.
  bool look_again_after(nanoseconds wait) {
    const std::string name = view_->name();
    const std::uint64_t inode = view_->facts().inode;
    view_.reset();
    pause_for(wait);
    if (interrupted()) throw Error(Errc::system, name, "interrupted before the time was over");
    view_ = open_source(session_, options_.source);
    learn();
    return view_->facts().inode == inode;
  }

  // A stall takes its time to be seen, and only then.
  nanoseconds time_needed(const Scan& first) const {
    nanoseconds wait{};
    if (options_.min_rate) wait = options_.interval;
    if (options_.max_stall && !first.holes.empty()) wait = std::max(wait, *options_.max_stall);
    return wait;
  }

  void judge_rate(const Scan& first, const Scan& last, double seconds) {
    if (!options_.min_rate) return;
    // Published, not reserved: what nobody can read does not count. A reset in between is no negative rate.
    const std::uint64_t items = last.published >= first.published ? last.published - first.published : last.published;
    found_.rate = static_cast<double>(items) / seconds;
    if (*found_.rate < *options_.min_rate) {
      found_.add(State::critical, fmt::format("{:.1f} elements/s, less than {:g}", *found_.rate, *options_.min_rate));
    }
  }

  void judge_stalls(const Scan& first, const Scan& last) {
    if (!options_.max_stall) return;
    found_.stalls = still_missing(first, last, capacity_);
    if (found_.stalls.empty()) return;
    const Hole& hole = found_.stalls.front();
    found_.add(State::critical, fmt::format("elements {}..{} are reserved and were not published for {}{}", hole.index,
                                            hole.next - 1, human_age(*options_.max_stall), others()));
  }

  std::string others() const {
    const std::size_t more = found_.stalls.size() - 1;
    return more == 0 ? "" : fmt::format(", and {} more", count_of(more, "hole"));
  }

  void judge_cursors() {
    for (const std::string& name : options_.cursors) judge(name, cursor_value(name));
    if (!options_.cursors.empty() || !view_->is_live()) return;
    CatalogOptions options;
    options.shm_dir = session_.globals.shm_dir;
    options.everything = true;  // also cursors that may not be read
    options.holders = options.scan = false;
    for (const Entry& entry : list_segments(options)) {
      const auto parts = split_cursor_name(entry.name);
      if (!parts || parts->queue != view_->name()) continue;
      if (entry.cursor) {
        judge(parts->cursor, *entry.cursor);
      } else if (entry.kind == EntryKind::unreadable && entry.file.bytes == sizeof(std::uint64_t)) {
        found_.lags.push_back({parts->cursor, std::nullopt, State::unknown});
        if (options_.max_lag)
          found_.add(State::unknown, fmt::format("cursor {}: {}", parts->cursor, entry.explanation));
      }
    }
  }

  std::uint64_t cursor_value(const std::string& name) const {
    if (!view_->is_live()) {
      throw Error(Errc::invalid_argument, "--cursor", fmt::format("{} is a file: cursors are segments", view_->path()),
                  "give the queue by its name, with --shm-dir where it is");
    }
    return NamedCursor::open(cursor_segment_name(view_->name(), name), session_.globals.shm_dir, Access::read_only)
        .cursor()
        .load();
  }

  void judge(const std::string& name, std::uint64_t value) {
    const std::uint64_t behind = *found_.reserved > value ? *found_.reserved - value : 0;
    Lag lag{name, behind, State::ok};
    // Asked anew: both may have moved on since the look at the queue.
    if (value > *found_.reserved && value > view_->reserved_index()) {
      lag.state = State::warning;
      found_.add(lag.state, fmt::format("cursor {} is ahead of the queue: at {}", name, value));
      found_.lags.push_back(std::move(lag));
      return;
    }
    if (options_.max_lag) {
      const auto elements = static_cast<double>(behind);
      if (elements > options_.max_lag->warn.elements(capacity_)) lag.state = State::warning;
      if (elements > options_.max_lag->critical.elements(capacity_)) lag.state = State::critical;
    }
    if (lag.state != State::ok) {
      found_.add(lag.state, fmt::format("cursor {} is {} behind ({:.1f} % of the ring)", name,
                                        count_of(behind, "element"), percent_of(behind)));
    }
    found_.lags.push_back(std::move(lag));
  }

  double percent_of(std::uint64_t elements) const {
    return 100.0 * static_cast<double>(elements) / static_cast<double>(capacity_);
  }

  Session& session_;
  const Options& options_;
  std::optional<View> view_;
  std::uint64_t capacity_ = 0;
  Findings found_;
};

// 'label'=value;warn;critical;minimum;maximum
std::string performance_data(const Options& options, const Findings& found) {
  if (!found.reserved) return {};
  std::string text = fmt::format(" | reserved={}c", *found.reserved);
  if (found.rate) text += fmt::format(" rate={:.1f};;{:g}:;0", *found.rate, *options.min_rate);
  for (const Lag& lag : found.lags) {
    if (!lag.elements) continue;
    const std::string limits = options.max_lag
                                   ? fmt::format("{:.0f};{:.0f}", options.max_lag->warn.elements(found.capacity),
                                                 options.max_lag->critical.elements(found.capacity))
                                   : ";";
    text += fmt::format(" 'lag_{}'={};{};0", lag.cursor, *lag.elements, limits);
  }
  if (options.max_stall) text += fmt::format(" stalls={};;0;0", found.stalls.size());
  return text;
}

Json findings_json(const Session& session, const Findings& found) {
  Json object = json_object(session);
  object["name"] = found.name ? Json(*found.name) : Json(nullptr);
  object["state"] = word_of(found.state);
  object["problems"] = found.problems;
  object["reserved_index"] = found.reserved ? Json(*found.reserved) : Json(nullptr);
  object["published_per_s"] = found.rate ? Json(*found.rate) : Json(nullptr);
  object["cursors"] = object["stalls"] = Json::array();
  for (const Lag& lag : found.lags) {
    object["cursors"].push_back({{"cursor", lag.cursor},
                                 {"lag", lag.elements ? Json(*lag.elements) : Json(nullptr)},
                                 {"state", word_of(lag.state)}});
  }
  for (const Hole& hole : found.stalls) object["stalls"].push_back({{"index", hole.index}, {"next", hole.next}});
  return object;
}

// What stands behind a '|' is numbers: none may stand in the words.
std::string without_bars(std::string text) {
  std::ranges::replace(text, '|', '/');
  return text;
}

void print_findings(Session& session, const Options& options, const Findings& found) {
  if (session.globals.json) return print_json(session, findings_json(session, found));
  const std::string subject = found.name ? *found.name + ": " : "";
  const std::string what = found.problems.empty() ? fmt::format("at index {}", found.reserved.value_or(0))
                                                  : fmt::format("{}", fmt::join(found.problems, "; "));
  const std::string line =
      fmt::format("{} - {}{}", word_of(found.state), without_bars(subject + what), performance_data(options, found));
  session.out.line(printable(line));
}

// `name`: of the queue, where it is known.
Findings failure(const Session& session, std::optional<std::string> name, const Error& error) {
  Findings found;
  const std::string about = error.object().empty() || error.object() == name ? "" : error.object() + ": ";
  const std::string remedy = remedy_for(session, error);
  found.name = std::move(name);
  found.add(static_cast<State>(check_exit_for(error.code())),
            about + error.cause() + (remedy.empty() ? "" : fmt::format(" ({})", remedy)));
  return found;
}

// Its name as the other lines have it.
std::optional<std::string> name_of(const Source& source) {
  if (source.file || is_path(source.operand)) return source.file.value_or(source.operand);
  return source.operand.starts_with('/') ? source.operand.substr(1) : source.operand;
}

Exit run_check(Session& session, const Options& options) {
  catch_interrupts();
  Findings found;
  try {
    found = Checker(session, options).run();
  } catch (const Error& error) {
    if (error.code() == Errc::invalid_argument) throw;  // the command line is wrong
    found = failure(session, name_of(options.source), error);
  }
  print_findings(session, options, found);
  return static_cast<Exit>(found.state);
}

}  // namespace

// A queue that is not there, or is damaged, is what monitoring is for; what keeps us from looking says nothing of it.
Exit check_exit_for(Errc code) noexcept {
  const bool critical = code == Errc::not_found || code == Errc::corrupt;
  return static_cast<Exit>(critical ? State::critical : State::unknown);
}

// What monitoring shows is standard output.
void report_check(Session& session, const Error& error) {
  try {
    print_findings(session, {}, failure(session, std::nullopt, error));
    session.out.flush();
  } catch (const OutputClosed&) {  // nobody is there to be told
  } catch (const Error& unwritable) {
    report(session, unwritable);
  }
}

Run declare_check(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  declare_source(arguments, options->source);
  arguments.option("--max-lag", "W,C", into(options->max_lag, parse_limits),
                   "warn, and be critical, when a cursor is farther behind: elements, or 80%,95% of the ring");
  arguments.option("--cursor", "NAME", append_to(options->cursors), "only these named cursors; all of the queue",
                   Arguments::Times::many);
  arguments.option("--max-stall", "TIME", into(options->max_stall, parse_duration),
                   "critical when a reservation is not published within TIME; waits so long if there is one");
  arguments.option("--min-rate", "RATE", into(options->min_rate, parse_rate),
                   "critical when fewer elements a second are published");
  arguments.option("--interval", "TIME", into(options->interval, parse_duration), "how long the rate is measured; 1s");
  arguments.epilogue(
      "Exit codes are those of Nagios and its like: 0 ok, 1 warning, 2 critical (also: no such queue, or damaged),\n"
      "3 unknown (also: a mistake on the command line, a cursor that may not be read). The line is on standard "
      "output,\n"
      "always. A cursor ahead of its queue, which was made anew, is a warning. Never writes to the queue.\n"
      "example: slickq check ticks --max-lag 50%,90% --max-stall 2s --min-rate 1000");
  return [options](Session& session) { return run_check(session, *options); };
}

}  // namespace slickq::cli
