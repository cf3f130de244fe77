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
  std::uint64_t elements = 0;
  State state = State::ok;
};

struct Findings {
  std::string name;
  State state = State::ok;
  std::vector<std::string> problems;
  std::uint64_t capacity = 0;
  std::uint64_t reserved = 0;
  std::optional<double> rate;
  std::vector<Lag> lags;
  std::vector<Hole> stalls;

  void add(State what, std::string problem) {
    state = std::max(state, what);
    problems.push_back(std::move(problem));
  }
};

Limit parse_limit(std::string_view flag, std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  return {text == "0" ? 0 : parse_rate(flag, text), percent};
}

// "W,C", or one for both.
Limits parse_limits(std::string_view flag, std::string_view text) {
  const std::size_t comma = text.find(',');
  const Limit warn = parse_limit(flag, text.substr(0, comma));
  return {warn, comma == std::string_view::npos ? warn : parse_limit(flag, text.substr(comma + 1))};
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
      : session_(session),
        options_(options),
        view_(open_source(session, options.source)),
        capacity_(view_.geometry().capacity()) {
    found_.name = view_.name();
    found_.capacity = capacity_;
  }

  Findings run() {
    const Scan first = scan(view_);
    const auto begun = Clock::now();
    const nanoseconds wait = time_needed(first);
    if (wait > nanoseconds(0)) pause_for(wait);
    if (interrupted()) throw Error(Errc::system, view_.name(), "interrupted before the time was over");
    const std::chrono::duration<double> passed = Clock::now() - begun;
    const Scan last = scan(view_);
    found_.reserved = last.reserved;
    judge_rate(first, last, passed.count());
    judge_stalls(first, last);
    judge_cursors();
    return std::move(found_);
  }

 private:
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
    if (!options_.cursors.empty() || !view_.is_live()) return;
    CatalogOptions options;
    options.shm_dir = session_.globals.shm_dir;
    options.holders = options.scan = false;
    for (const Entry& entry : list_segments(options)) {
      const auto parts = split_cursor_name(entry.name);
      if (parts && parts->queue == view_.name() && entry.cursor) judge(parts->cursor, *entry.cursor);
    }
  }

  std::uint64_t cursor_value(const std::string& name) const {
    if (!view_.is_live()) {
      throw Error(Errc::invalid_argument, "--cursor", fmt::format("{} is a file: cursors are segments", view_.path()),
                  "give the queue by its name, with --shm-dir where it is");
    }
    return NamedCursor::open(cursor_segment_name(view_.name(), name), session_.globals.shm_dir, Access::read_only)
        .cursor()
        .load();
  }

  void judge(const std::string& name, std::uint64_t value) {
    Lag lag{name, found_.reserved > value ? found_.reserved - value : 0, State::ok};
    if (options_.max_lag) {
      const auto elements = static_cast<double>(lag.elements);
      if (elements > options_.max_lag->warn.elements(capacity_)) lag.state = State::warning;
      if (elements > options_.max_lag->critical.elements(capacity_)) lag.state = State::critical;
    }
    if (lag.state != State::ok) {
      found_.add(lag.state, fmt::format("cursor {} is {} behind ({:.1f} % of the ring)", name,
                                        count_of(lag.elements, "element"), percent_of(lag.elements)));
    }
    found_.lags.push_back(std::move(lag));
  }

  double percent_of(std::uint64_t elements) const {
    return 100.0 * static_cast<double>(elements) / static_cast<double>(capacity_);
  }

  const Session& session_;
  const Options& options_;
  View view_;
  std::uint64_t capacity_;
  Findings found_;
};

// 'label'=value;warn;critical;minimum;maximum
std::string performance_data(const Options& options, const Findings& found) {
  std::string text = fmt::format("reserved={}c", found.reserved);
  if (found.rate) text += fmt::format(" rate={:.1f};;{:g}:;0", *found.rate, *options.min_rate);
  for (const Lag& lag : found.lags) {
    const std::string limits = options.max_lag
                                   ? fmt::format("{:.0f};{:.0f}", options.max_lag->warn.elements(found.capacity),
                                                 options.max_lag->critical.elements(found.capacity))
                                   : ";";
    text += fmt::format(" 'lag_{}'={};{};0", lag.cursor, lag.elements, limits);
  }
  if (options.max_stall) text += fmt::format(" stalls={};;0;0", found.stalls.size());
  return text;
}

Json findings_json(const Session& session, const Findings& found) {
  Json object = json_object(session);
  object["name"] = found.name;
  object["state"] = kWords[static_cast<std::size_t>(found.state)];
  object["problems"] = found.problems;
  object["reserved_index"] = found.reserved;
  object["published_per_s"] = found.rate ? Json(*found.rate) : Json(nullptr);
  object["cursors"] = object["stalls"] = Json::array();
  for (const Lag& lag : found.lags) {
    object["cursors"].push_back(
        {{"cursor", lag.cursor}, {"lag", lag.elements}, {"state", kWords[static_cast<std::size_t>(lag.state)]}});
  }
  for (const Hole& hole : found.stalls) object["stalls"].push_back({{"index", hole.index}, {"next", hole.next}});
  return object;
}

Exit run_check(Session& session, const Options& options) {
  catch_interrupts();
  const Findings found = Checker(session, options).run();
  if (session.globals.json) {
    print_json(session, findings_json(session, found));
  } else {
    const std::string what = found.problems.empty() ? fmt::format("at index {}", found.reserved)
                                                    : fmt::format("{}", fmt::join(found.problems, "; "));
    session.out.line(fmt::format("{} - {}: {} | {}", kWords[static_cast<std::size_t>(found.state)], found.name, what,
                                 performance_data(options, found)));
  }
  return static_cast<Exit>(found.state);
}

}  // namespace

// A queue that is not there, or is damaged, is what monitoring is for; what keeps us from looking says nothing of it.
Exit check_exit_for(Errc code) noexcept {
  const bool critical = code == Errc::not_found || code == Errc::corrupt;
  return static_cast<Exit>(critical ? State::critical : State::unknown);
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
      "3 unknown (also: a mistake on the command line). Never writes to the queue.\n"
      "example: slickq check ticks --max-lag 50%,90% --max-stall 2s --min-rate 1000");
  return [options](Session& session) { return run_check(session, *options); };
}

}  // namespace slickq::cli
