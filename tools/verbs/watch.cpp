// slickq watch: rates, gap, lag and loss of queues, a line each per interval.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "../interrupt.hpp"
#include "../json.hpp"
#include "../live_table.hpp"
#include "../redraw.hpp"
#include "../sampler.hpp"
#include "../values.hpp"
#include "../verbs.hpp"

namespace slickq::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kRoundsPerHeading = 20;

struct Options {
  std::vector<std::string> names;
  std::chrono::nanoseconds interval = std::chrono::seconds(1);
  std::optional<std::uint64_t> rounds;
  bool no_headings = false;
};

std::string utc_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, now.tv_nsec / 1'000'000);
}

Json number_or_null(const std::optional<double>& number) { return number ? Json(*number) : Json(nullptr); }

void add_geometry(Json& object, const std::optional<Geometry>& geometry) {
  object["layout"] = geometry ? Json(slickq::to_string(geometry->layout())) : Json(nullptr);
  object["capacity"] = geometry ? Json(geometry->capacity()) : Json(nullptr);
  object["element_size"] = geometry ? Json(geometry->element_size()) : Json(nullptr);
}

// Every line has every key; of a queue without numbers they are null.
Json sample_json(const Session& session, const QueueSample& sample, const std::string& time) {
  Json object = json_object(session);
  object["time"] = time;
  object["name"] = sample.name;
  object["path"] = sample.path;
  object["state"] = state_of_sample(sample);
  add_geometry(object, sample.geometry);
  const bool there = sample.is_there();
  const auto number = [&](std::uint64_t value) { return there ? Json(value) : Json(nullptr); };
  object["inode"] = number(sample.inode);
  object["reserved_index"] = number(sample.scan.reserved);
  object["published_index"] = number(sample.scan.published);
  object["gap"] = number(sample.gap());
  object["unpublished"] = number(sample.scan.unpublished);
  object["oldest_index"] = number(sample.scan.oldest);
  object["holes"] = there ? holes_json(sample.scan, sample.hole_owners) : Json::array();
  object["consistent"] = there ? Json(sample.scan.consistent) : Json(nullptr);
  object["published_per_s"] = number_or_null(sample.published_per_s);
  object["cursors"] = Json::array();
  for (const CursorSample& cursor : sample.cursors) {
    if (!there) break;
    object["cursors"].push_back(Json{{"cursor", cursor.cursor},
                                     {"value", cursor.value},
                                     {"lag", cursor.lag},
                                     {"lag_pct", cursor.lag_percent},
                                     {"lost", cursor.lost}});
  }
  object["lost"] = sample.lost;
  object["lost_per_s"] = number_or_null(sample.lost_per_s);
  return object;
}

class Watch {
 public:
  Watch(Session& session, const Options& options)
      : session_(session),
        options_(options),
        sampler_({session.globals.shm_dir, options.names}),
        redraws_(Redraw::is_possible(session)) {}

  Exit run() {
    catch_interrupts();
    auto next = Clock::now();
    const std::uint64_t rounds = options_.rounds.value_or(std::numeric_limits<std::uint64_t>::max());
    for (std::uint64_t done = 0; done < rounds && !interrupted(); ++done) {
      if (done > 0) {
        // By deadlines, so that rounds do not drift; after a round that took too long they begin anew.
        next = std::max(next + options_.interval, Clock::now());
        pause_for_reader(session_.out, next - Clock::now());
        if (interrupted()) break;
      }
      print_round(sampler_.round(Clock::now()));
      session_.out.flush();
    }
    return Exit::ok;
  }

 private:
  void print_round(const std::vector<QueueSample>& samples) {
    if (samples.empty() && !told_empty_) {
      told_empty_ = true;
      session_.note(fmt::format("no queues {}in {} yet", options_.names.empty() ? "" : "of these names ",
                                session_.globals.shm_dir));
    }
    if (session_.globals.json) {
      const std::string time = utc_now();
      for (const QueueSample& sample : samples) print_json_line(session_, sample_json(session_, sample, time));
    } else if (redraws_) {
      redraw(samples);
    } else if (!samples.empty()) {
      append(samples);
    }
  }

  // For scripts: every column, and columns that never become narrower.
  void append(const std::vector<QueueSample>& samples) {
    const std::vector<std::size_t> widths = natural_widths(samples, Units::plain);
    widest_.resize(widths.size());
    std::vector<PlacedColumn> placed;
    for (std::size_t k = 0; k < widths.size(); ++k) {
      widest_[k] = std::max(widest_[k], widths[k]);
      placed.push_back({k, widest_[k]});
    }
    if (!options_.no_headings && appended_++ % kRoundsPerHeading == 0) session_.out.line(heading(placed));
    for (const QueueSample& sample : samples) session_.out.line(row(placed, sample, Units::plain));
  }

  // For people: the columns that fit, over those of the round before.
  void redraw(const std::vector<QueueSample>& samples) {
    const auto placed = place_columns(natural_widths(samples, Units::human), Redraw::width(), false);
    std::vector<std::string> lines;
    if (!options_.no_headings && !samples.empty()) lines.push_back(heading(placed));
    for (const QueueSample& sample : samples) lines.push_back(row(placed, sample, Units::human));
    redraw_.draw(session_, std::move(lines), "slickq top");
  }

  std::string heading(const std::vector<PlacedColumn>& placed) const {
    std::string text;
    for (const PlacedColumn& place : placed) {
      const LiveColumn& column = live_columns()[place.column];
      text += (text.empty() ? "" : "  ") + fit_text(column.title, place.width, column.number);
    }
    return session_.style.bold(without_trailing_space(text));
  }

  std::string row(const std::vector<PlacedColumn>& placed, const QueueSample& sample, Units units) const {
    std::string text;
    for (const PlacedColumn& place : placed) {
      const LiveColumn& column = live_columns()[place.column];
      std::string cell = fit_text(live_cell(column, sample, units), place.width, column.number);
      if (column.title == "state") cell = painted(without_trailing_space(cell), concern_of(sample));
      text += (text.empty() ? "" : "  ") + cell;
    }
    return without_trailing_space(text);
  }

  std::string painted(const std::string& text, Concern concern) const {
    if (concern == Concern::alarm) return session_.style.red(text);
    return concern == Concern::notice ? session_.style.yellow(text) : text;
  }

  static std::string without_trailing_space(std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  }

  Session& session_;
  const Options& options_;
  Sampler sampler_;
  bool redraws_;
  bool told_empty_ = false;
  std::uint64_t appended_ = 0;
  Redraw redraw_;
  std::vector<std::size_t> widest_;
};

}  // namespace

Run declare_watch(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.rest("QUEUE|FILE", append_to(options->names),
                 "names, globs ('tick*'), or paths of files with a segment's bytes; none: every queue",
                 Arguments::Need::optional);
  arguments.option("--name", "QUEUE", append_to(options->names), "the same as QUEUE", Arguments::Times::many);
  arguments.option("--interval", "TIME", into(options->interval, parse_interval), "time between two rounds; 1s");
  arguments.option("--count", "N", into(options->rounds, parse_number), "so many rounds, then stop");
  arguments.flag("--no-headings", options->no_headings, "rows only");
  arguments.epilogue(
      "rate: elements published per second; unknown ('-', null) in the first round.  gap: reserved - published.\n"
      "cursor, lag, lag%: the named cursor that is farthest behind, in elements and of the ring.  lost: elements that\n"
      "were overwritten while a named cursor stood before them.  holes: not published just now; the state tells of\n"
      "those that stay.  Never writes to a queue, and does not hold it. Ctrl-C ends with exit code 0.\n"
      "example: slickq watch 'tick*' --interval 500ms --json");
  return [options](Session& session) {
    if (options->rounds == 0) throw Error(Errc::invalid_argument, "--count", "'0' would show nothing");
    return Watch(session, *options).run();
  };
}

}  // namespace slickq::cli
