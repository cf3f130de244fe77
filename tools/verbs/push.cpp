// slickq push: put items into a queue, from the command line, from lines, from records.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <span>

#include "../input.hpp"
#include "../interrupt.hpp"
#include "../json.hpp"
#include "../pushed.hpp"
#include "../struct_format.hpp"
#include "../values.hpp"
#include "../verbs.hpp"
#include "slickq/producer.hpp"
#include "slickq/truncation.hpp"

namespace slickq::cli {
namespace {

struct Options {
  std::string queue;
  std::vector<std::string> messages;
  std::vector<std::string> values;
  std::optional<StructFormat> pack;
  std::string file;
  bool raw = false;
  std::uint64_t count = 1;
  std::optional<double> rate;
};

// One push every 1/rate seconds, on an absolute schedule: a late one does not delay those after it.
class Pace {
 public:
  explicit Pace(std::optional<double> rate) : rate_(rate), start_(Clock::now()) {}
  void wait() {
    if (!rate_) return;
    const std::chrono::duration<double> due(static_cast<double>(done_++) / *rate_);
    pause_for(std::chrono::duration_cast<std::chrono::nanoseconds>(start_ + due - Clock::now()));
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::optional<double> rate_;
  Clock::time_point start_;
  std::uint64_t done_ = 0;
};

class Pusher {
 public:
  Pusher(const Options& options, Queue& queue)
      : options_(&options), queue_(&queue), producer_(queue), pace_(options.rate) {}

  /// `what`: for the error message when it is too long.
  void push(std::span<const std::byte> bytes, std::string_view what) {
    const std::uint32_t room = queue_->geometry().element_size();
    if (bytes.size() > room) refuse(bytes.size(), room, what);
    for (std::uint64_t k = 0; k < options_->count && !interrupted(); ++k) {
      pace_.wait();
      if (interrupted()) return;
      require_pushed(producer_.push(bytes), queue_->name());
      truncation_.require_whole(queue_->name());
      if (first_ == kNoIndex) first_ = producer_.last_index();
    }
  }

  void push(const std::string& text, std::string_view what) { push(std::as_bytes(std::span(text)), what); }

  std::uint64_t first() const { return first_; }
  const Producer& producer() const { return producer_; }

 private:
  [[noreturn]] void refuse(std::size_t bytes, std::uint32_t room, std::string_view what) const {
    throw Error(Errc::invalid_argument, queue_->name(),
                fmt::format("{} is too long: {} bytes or more, an element has {} ({} pushed before it)", what, bytes,
                            room, count_of(producer_.pushed_items(), "item")));
  }

  const Options* options_;
  Queue* queue_;
  Producer producer_;
  Pace pace_;
  TruncationCheck truncation_;
  std::uint64_t first_ = kNoIndex;
};

void push_input(const Options& options, Pusher& pusher, std::uint32_t element_size) {
  Input input(options.file);
  std::string bytes;
  for (std::uint64_t number = 1;; ++number) {
    const bool more = options.raw ? input.next_record(bytes, element_size) : input.next_line(bytes, element_size);
    if (!more) return;
    pusher.push(bytes, fmt::format("line {}", number));
  }
}

void push_messages(const Options& options, Pusher& pusher, std::uint32_t element_size) {
  // All are looked at before the first is pushed: a mistake on the command line changes nothing.
  for (const std::string& message : options.messages) {
    if (message.size() > element_size) pusher.push(message, fmt::format("'{}'", message));
  }
  for (const std::string& message : options.messages) pusher.push(message, "the message");
}

void check(const Options& options) {
  const int sources = !options.messages.empty() + options.pack.has_value() + (!options.file.empty() || options.raw);
  if (sources > 1) {
    throw Error(Errc::invalid_argument, {}, "-m, --pack and --file/--raw exclude each other: one source of items");
  }
  if (!options.pack && !options.values.empty()) {
    throw Error(Errc::invalid_argument, options.values.front(), "one argument too many",
                "a message is given with -m TEXT, values with --pack FORMAT");
  }
  if (options.count == 0) throw Error(Errc::invalid_argument, "--count", "'0' would push nothing");
}

void print_summary(Session& session, const Queue& queue, const Pusher& pusher) {
  const std::uint64_t pushed = pusher.producer().pushed_items();
  const std::uint64_t last = pusher.producer().last_index();
  if (session.globals.json) {
    Json object = json_object(session);
    object["name"] = queue.name();
    object["pushed"] = pushed;
    object["first_index"] = index_json(pusher.first());
    object["last_index"] = index_json(last);
    print_json(session, object);
  } else if (!session.globals.quiet) {
    const std::string where = pushed == 0 ? "" : fmt::format(", last index {}", last);
    session.out.line(fmt::format("pushed {}{}", count_of(pushed, "item"), where));
  }
}

Exit push_items(Session& session, const Options& options) {
  check(options);
  Queue queue = Queue::open(options.queue, session.globals.shm_dir, Access::read_write);
  catch_interrupts();
  Pusher pusher(options, queue);
  const std::uint32_t element_size = queue.geometry().element_size();
  if (options.pack) {
    pusher.push(options.pack->pack(options.values), "the record");
  } else if (!options.messages.empty()) {
    push_messages(options, pusher, element_size);
  } else {
    push_input(options, pusher, element_size);
  }
  print_summary(session, queue, pusher);
  return interrupted() ? Exit::interrupted : Exit::ok;
}

}  // namespace

Run declare_push(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.operand_or_flag("QUEUE", into(options->queue), "name of a queue");
  arguments.rest("VALUE", append_to(options->values), "with --pack: the values", Arguments::Need::optional);
  arguments.option("-m,--message", "TEXT", append_to(options->messages), "one item; may be given several times",
                   Arguments::Times::many);
  arguments.option("--pack", "FORMAT", into(options->pack, StructFormat::parse),
                   "one record of Python struct letters, '<qd', its values as arguments");
  arguments.option("--file", "FILE", into(options->file), "lines of FILE instead of standard input");
  arguments.flag("--raw", options->raw, "input is records of the element size, not lines");
  arguments.option("--count", "N", into(options->count, parse_number), "push each item N times");
  arguments.option("--rate", "N", into(options->rate, parse_rate), "at most N items a second");
  arguments.epilogue(
      "Without -m and --pack every line of standard input is an item. Shorter than an element is padded with "
      "zeros,\n"
      "longer is an error. Ctrl-C stops between two items, with exit code 130.\n"
      "example: slickq push ticks -m hello");
  return [options](Session& session) { return push_items(session, *options); };
}

}  // namespace slickq::cli
