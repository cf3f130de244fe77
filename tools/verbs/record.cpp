// slickq record: what goes through queues, into a capture that Wireshark opens and `slickq replay` pushes again.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <set>

#include "../capture/track.hpp"
#include "../interrupt.hpp"
#include "../json.hpp"
#include "../source.hpp"
#include "../table.hpp"
#include "../verbs.hpp"

namespace slickq::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::vector<std::string> queues;
  std::string file;
  std::optional<Position> from;
  std::optional<std::uint64_t> count;
  std::optional<std::chrono::nanoseconds> duration;
  bool stop_at_end = false;
  bool force = false;
  bool fail_on_loss = false;
};

// Each queue has its turn: one that is flooded does not keep the others waiting until their rings went round.
constexpr std::uint64_t kItemsPerTurn = 1024;
// A time in the capture is when the item was seen: at most so long after it was published, while nothing was coming.
constexpr std::chrono::microseconds kLongestPause{250};
// What a kill may cost.
constexpr std::chrono::milliseconds kFlushEvery{100};

bool to_standard_output(const Options& options) { return options.file == "-"; }

class Recorder {
 public:
  Recorder(Session& session, const Options& options)
      : options_(&options), views_(open_all(session, options)), writer_(checked(options.file), options.force) {
    for (View& view : views_) {
      const bool what_is_there = options.stop_at_end || !view.is_live();
      const Position usual{what_is_there ? Position::At::begin : Position::At::end, 0};
      tracks_.emplace_back(session, std::move(view), options.from.value_or(usual), what_is_there, writer_);
    }
    views_.clear();
    writer_.flush();
  }

  void run() {
    begun_ = clock_.now();
    Backoff backoff(kLongestPause);
    auto flushed = Clock::now();
    while (!is_over()) {
      const bool news = take_turns();
      const auto now = Clock::now();
      if (now - flushed >= kFlushEvery) {
        writer_.flush();
        flushed = now;
      }
      if (news) {
        backoff.reset();
      } else if (!is_over()) {
        backoff.wait();
      }
    }
    ended_ = clock_.now();
    for (Track& track : tracks_) track.finish(writer_, begun_, ended_);
    writer_.flush();
  }

  void save() { writer_.flush(); }

  const std::deque<Track>& tracks() const { return tracks_; }
  std::uint64_t file_bytes() const { return writer_.bytes(); }
  std::chrono::nanoseconds duration() const { return ended_ - begun_; }

  Tally total() const {
    Tally sum;
    for (const Track& track : tracks_) {
      sum.items += track.tally().items;
      sum.bytes += track.tally().bytes;
      sum.lost += track.tally().lost;
    }
    return sum;
  }

  const Track* first_gone() const {
    const auto found = std::ranges::find(tracks_, Track::State::gone, &Track::state);
    return found == tracks_.end() ? nullptr : &*found;
  }

 private:
  // All of them before the file is made: a name with a typing mistake leaves nothing behind.
  static std::vector<View> open_all(Session& session, const Options& options) {
    std::vector<View> views;
    std::set<std::string> seen;
    for (const std::string& queue : options.queues) {
      views.push_back(open_source(session, {queue, {}}));
      const std::string& path = views.back().path();
      if (!seen.insert(path.substr(path.rfind('/') + 1)).second) {
        throw Error(Errc::invalid_argument, queue, "is named twice: replay could not tell the two apart");
      }
    }
    return views;
  }

  // --force overwrites captures, and no queue: whoever has it mapped would be killed by its next access.
  static const std::string& checked(const std::string& file) {
    try {
      View::open_file(file);
    } catch (const Error&) {
      return file;
    }
    throw Error(Errc::invalid_argument, file, "is a queue, or a copy of one, and is not overwritten", "another name");
  }

  bool take_turns() {
    bool news = false;
    for (Track& track : tracks_) {
      if (is_over()) return true;
      const bool came = track.step(std::min(kItemsPerTurn, left()), writer_, clock_);
      if (!came) track.look_around();
      news |= came;
    }
    return news;
  }

  std::uint64_t left() const {
    return options_->count ? *options_->count - std::min(*options_->count, total().items) : kItemsPerTurn;
  }

  bool is_over() const {
    if (interrupted() || left() == 0) return true;
    if (options_->duration && pcapng::Stamp(clock_.now()) - begun_ >= *options_->duration) return true;
    return std::ranges::none_of(tracks_, [](const Track& t) { return t.state() == Track::State::waiting; });
  }

  const Options* options_;
  std::vector<View> views_;
  pcapng::Writer writer_;
  CaptureClock clock_;
  std::deque<Track> tracks_;
  pcapng::Stamp begun_{};
  pcapng::Stamp ended_{};
};

Json track_json(const Track& track) {
  const Tally& tally = track.tally();
  return {{"name", track.name()},
          {"items", tally.items},
          {"bytes", tally.bytes},
          {"lost", tally.lost},
          {"holes", tally.holes},
          {"hole_elements", tally.hole_elements},
          {"resets", tally.resets},
          {"first_index", index_json(tally.first_index)},
          {"last_index", index_json(tally.last_index)}};
}

void print_summary(Session& session, const Options& options, const Recorder& recorder) {
  if (session.globals.json) {
    Json object = json_object(session);
    object["file"] = options.file;
    object["file_bytes"] = recorder.file_bytes();
    object["duration_ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(recorder.duration()).count();
    object["queues"] = Json::array();
    for (const Track& track : recorder.tracks()) object["queues"].push_back(track_json(track));
    print_json(session, object);
    return;
  }
  if (session.globals.quiet) return;
  for (const Track& track : recorder.tracks()) {
    const Tally& tally = track.tally();
    const std::string span =
        tally.items == 0 ? "" : fmt::format(", indexes {} to {}", tally.first_index, tally.last_index);
    const std::string holes = tally.holes == 0 ? "" : fmt::format(", {} walked over", count_of(tally.holes, "hole"));
    const std::string line = fmt::format("recorded {} of {}{}, {} lost{}", count_of(tally.items, "item"),
                                         printable(track.name()), span, count_of(tally.lost, "element"), holes);
    to_standard_output(options) ? session.note(line) : session.out.line(line);
  }
}

void check(const Session& session, const Options& options) {
  if (options.queues.empty()) {
    throw Error(Errc::invalid_argument, "QUEUE|FILE", "missing: what to record?", "slickq list shows what there is");
  }
  if (options.file.empty()) {
    throw Error(Errc::invalid_argument, "-o", "missing: which file to write?", "-o FILE.pcapng, or -o - for a pipe");
  }
  if (options.count == 0) throw Error(Errc::invalid_argument, "--count", "'0' would record nothing");
  if (!to_standard_output(options)) return;
  if (session.globals.json) {
    throw Error(Errc::invalid_argument, "--json", "standard output is taken by the capture: -o -");
  }
  if (isatty(STDOUT_FILENO) == 1) {
    throw Error(Errc::invalid_argument, "-o", "a terminal is no place for a capture",
                fmt::format("slickq record {} -o - | wireshark -k -i -", options.queues.front()));
  }
}

Exit record_queues(Session& session, const Options& options) {
  check(session, options);
  catch_interrupts();  // before there is a capture: who sees one may end us
  Recorder recorder(session, options);
  try {
    recorder.run();
  } catch (const Error&) {  // a queue was truncated, say: what was read before belongs into the file
    recorder.save();
    throw;
  }
  print_summary(session, options, recorder);
  if (const Track* gone = recorder.first_gone()) {
    throw Error(Errc::not_found, gone->name(), "was removed, or made anew, while it was recorded",
                "record again to have the new one");
  }
  return options.fail_on_loss && recorder.total().lost > 0 ? Exit::condition : Exit::ok;
}

}  // namespace

Run declare_record(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.rest("QUEUE|FILE", append_to(options->queues), "names of queues, or files of a segment's bytes",
                 Arguments::Need::optional);
  arguments.option("--name", "QUEUE|FILE", append_to(options->queues), "the same as QUEUE|FILE",
                   Arguments::Times::many);
  arguments.option("-o,--output", "FILE", into(options->file), "the capture to write (pcapng); - is standard output");
  arguments.option("--from", "WHERE", into(options->from, parse_position),
                   "begin, end, -N items, or an index; end, and begin with -e");
  arguments.flag("-e,--end", options->stop_at_end, "stop at the end of what is there");
  arguments.option("-n,--count", "COUNT", into(options->count, parse_number), "stop after COUNT items");
  arguments.option("--duration", "TIME", into(options->duration, parse_duration), "stop after so long");
  arguments.flag("--force", options->force, "overwrite FILE");
  arguments.flag("--fail-on-loss", options->fail_on_loss, "exit code 5 when an element was lost");
  arguments.epilogue(
      "Never writes to a queue: no mapping, read permission is enough. One interface a queue, one packet an item,\n"
      "its time when it was seen, its id the index. Loss and holes are told in the packet behind them.\n"
      "Ctrl-C ends it with exit code 0; a file cut off by a kill is readable to its last whole packet.\n"
      "example: slickq record ticks trades -o session.pcapng --duration 1m");
  return [options](Session& session) { return record_queues(session, *options); };
}

}  // namespace slickq::cli
