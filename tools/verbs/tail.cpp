// slickq tail: the last items, and with -f those to come. Reads by pread only: read permission is enough.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "../interrupt.hpp"
#include "../item_format.hpp"
#include "../ring_walk.hpp"
#include "../source.hpp"
#include "../values.hpp"
#include "../verbs.hpp"

namespace slickq::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  Source source;
  std::optional<Position> from;
  std::optional<std::uint64_t> count;
  std::optional<std::chrono::nanoseconds> timeout;
  bool follow = false;
  bool stop_at_end = false;
  bool fail_on_loss = false;
  ItemFlags items;
};

constexpr std::uint64_t kDefaultCount = 10;

class Tail {
 public:
  Tail(Session& session, const Options& options, const View& view)
      : session_(&session),
        options_(&options),
        view_(&view),
        printer_(session, options.items, view.geometry().element_size()),
        follows_((options.follow || options.timeout) && !options.stop_at_end) {
    // With --from, COUNT ends the listing; without, it says how far back to begin.
    if (options.from && options.count) left_ = *options.count;
  }

  Exit run() {
    if (follows_) catch_interrupts();
    const Position start =
        options_->from.value_or(Position{Position::At::back, options_->count.value_or(kDefaultCount)});
    const std::uint64_t cursor = print_what_is_there(reading_start(*session_, *view_, start));
    if (follows_ && !failed()) follow(cursor);
    session_->out.flush();
    if (failed()) return Exit::condition;
    if (!timed_out_ || is_content()) return Exit::ok;
    session_->note(fmt::format("slickq: tail: {}: {} came in time, {} printed", view_->name(),
                               options_->count.value_or(0) > 0 ? "too few" : "nothing", count_of(printed_, "item")));
    return Exit::condition;
  }

 private:
  static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

  // COUNT items are there, or without COUNT any: who waits for what is sent at any moment must not have to be faster.
  bool is_content() const { return printed_ >= std::max<std::uint64_t>(options_->count.value_or(0), 1); }

  bool failed() const { return options_->fail_on_loss && lost_ > 0; }

  // Returns where following goes on.
  std::uint64_t print_what_is_there(std::uint64_t cursor) {
    std::uint64_t waited_at = kNoIndex;
    const std::uint64_t end = view_->reserved_index();
    RingWalk walk(*view_, cursor, end, [&](const Hole& hole) {
      const bool nothing_behind = hole.next >= end;
      if (follows_ && nothing_behind) return true;  // most likely being written: following waits for it
      if (follows_ && waited_at != hole.index) {
        waited_at = hole.index;
        pause_for(std::chrono::milliseconds(100));
        return false;
      }
      printer_.print_hole(hole);
      return true;
    });
    while (left_ > 0 && !interrupted()) {
      const PopResult item = walk.next(elements_);
      if (!take(item) || item.what == Pop::empty) break;
    }
    return walk.cursor();
  }

  void follow(std::uint64_t cursor) {
    ViewReader reader(*view_, Start{Start::At::index, cursor});
    Backoff backoff;
    auto last_news = Clock::now();
    std::uint64_t told_stuck_at = kNoIndex;
    while (left_ > 0 && !interrupted()) {
      const PopResult item = reader.next(elements_);
      if (!take(item)) return;
      if (item.what != Pop::empty) {
        backoff.reset();
        last_news = Clock::now();
        continue;
      }
      session_->out.flush();
      const auto idle = Clock::now() - last_news;
      if (options_->timeout && idle >= *options_->timeout) {
        timed_out_ = true;
        return;
      }
      look_around(reader.cursor(), idle, told_stuck_at);
      backoff.wait();
    }
  }

  // Nothing new for a while: is the queue still there, our reader, too, and is it a hole that holds us up?
  void look_around(std::uint64_t cursor, Clock::duration idle, std::uint64_t& told_stuck_at) {
    if (idle < std::chrono::milliseconds(100)) return;
    session_->out.check_reader();
    if (view_->is_detached()) {
      throw Error(Errc::not_found, view_->name(), "was removed, or made anew, while it was followed",
                  "follow again to read the new one");
    }
    view_->require_whole();
    const std::uint64_t reserved = view_->reserved_index();
    if (idle < std::chrono::seconds(1) || reserved <= cursor || told_stuck_at == cursor) return;
    told_stuck_at = cursor;
    session_->note(fmt::format("-- waiting at {}: reserved, not published; {} from there on", cursor,
                               count_of(reserved - cursor, "reserved element")));
  }

  // False: time to stop.
  bool take(const PopResult& item) {
    if (item.lost > 0) {
      lost_ += item.lost;
      printer_.print_loss(item);
      if (failed()) return false;
    }
    if (item.what == Pop::reset) printer_.print_reset();
    if (item.what != Pop::item) return true;
    printer_.print(item.index, item.count, elements_);
    ++printed_;
    if (left_ != kUnlimited) --left_;
    return true;
  }

  Session* session_;
  const Options* options_;
  const View* view_;
  ItemPrinter printer_;
  bool follows_;
  bool timed_out_ = false;
  std::uint64_t left_ = kUnlimited;
  std::uint64_t printed_ = 0;
  std::uint64_t lost_ = 0;
  std::vector<std::byte> elements_;
};

Exit tail_queue(Session& session, const Options& options) {
  const View view = open_source(session, options.source);
  return Tail(session, options, view).run();
}

}  // namespace

Run declare_tail(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  declare_source(arguments, options->source);
  arguments.flag("-f,--follow", options->follow, "go on with what comes, until Ctrl-C");
  arguments.option("-n,--count", "COUNT", into(options->count, parse_number),
                   "the last COUNT items (10); with --from: stop after COUNT");
  arguments.option("--from", "WHERE", into(options->from, parse_position), "begin, end, -N items, or an index");
  arguments.flag("-e,--end", options->stop_at_end, "stop at the end of what is there, even with -f");
  arguments.option("--timeout", "TIME", into(options->timeout, parse_duration),
                   "follow, but stop when nothing comes for so long");
  arguments.flag("--fail-on-loss", options->fail_on_loss, "stop with exit code 5 at the first lost element");
  declare_item_flags(arguments, options->items, "--template");
  arguments.epilogue(
      "Never writes to the queue. Loss is told inline on standard error. Ctrl-C ends with exit code 0. A --timeout "
      "ends\n"
      "with 5 when fewer than COUNT items were printed, those that were there included; without COUNT when none was.\n"
      "-n 0 waits for something new.\n"
      "example: slickq tail -f ticks --format text");
  return [options](Session& session) { return tail_queue(session, *options); };
}

}  // namespace slickq::cli
