// slickq pop: take items by a shared cursor, one consumer among many.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>

#include "../interrupt.hpp"
#include "../item_format.hpp"
#include "../values.hpp"
#include "../verbs.hpp"
#include "slickq/names.hpp"
#include "slickq/truncation.hpp"
#include "slickq/view.hpp"

namespace slickq::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string queue;
  std::string cursor;
  bool create = false;
  bool follow = false;
  std::optional<std::uint64_t> count;
  std::optional<std::chrono::nanoseconds> timeout;
  ItemFlags items;
};

NamedCursor open_cursor(Session& session, const Options& options, const Queue& queue) {
  const std::string& shm_dir = session.globals.shm_dir;
  const std::string segment = cursor_segment_name(queue.name(), options.cursor);
  if (!options.create) {
    try {
      return NamedCursor::open(segment, shm_dir);
    } catch (const Error& error) {
      if (error.code() != Errc::not_found) throw;
      throw Error(Errc::not_found, segment, error.cause(),
                  fmt::format("slickq cursor create {} {}   (or pop --create)", queue.name(), options.cursor));
    }
  }
  CreateOptions create;
  create.shm_dir = shm_dir;
  create.mode = View::open_segment(queue.name(), shm_dir).facts().mode;  // who may use the queue may use its cursor
  return NamedCursor::open_or_create(segment, starting_cursor(queue.ring(), Start{}), create);
}

class Popper {
 public:
  Popper(Session& session, const Options& options, const Queue& queue, AtomicCursor cursor)
      : session_(&session),
        options_(&options),
        queue_(&queue),
        cursor_(cursor),
        consumer_(queue, cursor),
        printer_(session, options.items, queue.geometry().element_size()),
        buffer_(queue.geometry().element_size()) {
    const std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
    wanted_ = options.count.value_or(options.follow ? all : 1);
  }

  Exit run() {
    Backoff backoff;
    auto last_news = Clock::now();
    while (taken_ < wanted_ && !interrupted()) {
      session_->out.check_reader();  // nothing is taken that nobody would see
      if (take()) {
        backoff.reset();
        last_news = Clock::now();
        continue;
      }
      const auto idle = Clock::now() - last_news;
      const bool waits = options_->timeout ? idle < *options_->timeout : options_->follow;
      if (!waits) return nothing_left();
      look_around(idle);
      backoff.wait();
    }
    const bool complete = taken_ >= wanted_ || options_->follow;
    return complete ? Exit::ok : Exit::interrupted;
  }

 private:
  // True when the queue had news: an item, or a reset.
  bool take() {
    const PopResult item = consumer_.pop_into(buffer_);
    truncation_.require_whole(queue_->name());
    printer_.print_loss(item);
    switch (item.what) {
      case Pop::empty: return false;
      case Pop::too_small: buffer_.resize(std::size_t{item.count} * queue_->geometry().element_size()); return true;
      case Pop::reset: printer_.print_reset(); return true;
      case Pop::item: break;
    }
    deliver(item);
    ++taken_;
    return true;
  }

  // Written at once: an item is taken for good, so that when our reader goes away at most one is lost.
  void deliver(const PopResult& item) {
    const std::size_t bytes = std::size_t{item.count} * queue_->geometry().element_size();
    try {
      printer_.print(item.index, item.count, std::span(buffer_).first(bytes));
      session_->out.flush();
    } catch (const OutputClosed&) {
      throw Error(Errc::system, queue_->name(),
                  fmt::format("item {} was taken, but standard output is closed: it is lost", item.index));
    } catch (const Error& error) {
      throw Error(error.code(), queue_->name(),
                  fmt::format("item {} was taken, but could not be written: {}: {}: it is lost", item.index,
                              error.object(), error.cause()),
                  error.remedy(), error.system_error());
    }
  }

  void look_around(Clock::duration idle) const {
    if (idle < std::chrono::milliseconds(100)) return;
    if (queue_->is_detached()) {
      throw Error(Errc::not_found, queue_->name(), "was removed, or made anew, while items were taken");
    }
    std::error_code gone;  // the next look tells
    const std::uintmax_t bytes = std::filesystem::file_size(queue_->segment().path(), gone);
    if (!gone) require_whole(queue_->name(), queue_->geometry(), bytes);
  }

  Exit nothing_left() {
    const std::uint64_t at = cursor_.load();
    const std::uint64_t reserved = queue_->ring().reserved_index();
    const std::string why = reserved > at ? fmt::format("index {} is reserved, but not published", at)
                                          : std::string("the queue holds nothing new");
    session_->note(fmt::format("slickq: pop: {}: {}, {} taken", queue_->name(), why, count_of(taken_, "item")));
    return Exit::condition;
  }

  Session* session_;
  const Options* options_;
  const Queue* queue_;
  AtomicCursor cursor_;
  SharedConsumer consumer_;
  TruncationCheck truncation_;
  ItemPrinter printer_;
  std::vector<std::byte> buffer_;
  std::uint64_t wanted_;
  std::uint64_t taken_ = 0;
};

Exit pop_items(Session& session, Options& options) {
  if (options.count == 0) throw Error(Errc::invalid_argument, "--count", "'0' would take nothing");
  const auto parts = split_cursor_name(options.queue);
  if (parts && options.cursor.empty()) {
    options.queue = parts->queue;
    options.cursor = parts->cursor;
  }
  if (options.cursor.empty()) {
    throw Error(Errc::invalid_argument, "--cursor", "missing: which shared cursor to take items by",
                "slickq cursor list shows the cursors there are");
  }
  const Queue queue = Queue::open(options.queue, session.globals.shm_dir, Access::read_only);
  NamedCursor cursor = open_cursor(session, options, queue);
  catch_interrupts();
  return Popper(session, options, queue, cursor.cursor()).run();
}

}  // namespace

Run declare_pop(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.operand_or_flag("QUEUE", into(options->queue), "name of a queue, or QUEUE@CURSOR in one word");
  arguments.option("--cursor", "NAME", into(options->cursor), "the shared cursor, segment QUEUE@NAME");
  arguments.flag("--create", options->create, "make the cursor, at the oldest item, when there is none");
  arguments.option("-n,--count", "COUNT", into(options->count, parse_number), "so many items (1)");
  arguments.option("--timeout", "TIME", into(options->timeout, parse_duration), "wait so long for each item");
  arguments.flag("-f,--follow", options->follow, "go on until Ctrl-C");
  declare_item_flags(arguments, options->items, "--template");
  arguments.epilogue(
      "Each item goes to exactly one of those who share the cursor. Exit code 5 when fewer than COUNT items "
      "came;\n"
      "with -f Ctrl-C ends with 0, else with 130.\n"
      "example: slickq pop ticks --cursor workers --create -n 5 --format text");
  return [options](Session& session) { return pop_items(session, *options); };
}

}  // namespace slickq::cli
