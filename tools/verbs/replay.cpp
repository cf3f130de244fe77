// slickq replay: push again what was recorded, at its pace.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <deque>
#include <memory>
#include <optional>

#include "../capture/reader.hpp"
#include "../interrupt.hpp"
#include "../json.hpp"
#include "../pushed.hpp"
#include "../table.hpp"
#include "../values.hpp"
#include "../verbs.hpp"
#include "slickq/names.hpp"
#include "slickq/producer.hpp"

namespace slickq::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

struct Options {
  std::string file;
  std::vector<std::string> to;
  double speed = 1;  // infinite: as fast as it goes
  bool loop = false;
};

double parse_speed(std::string_view flag, std::string_view text) {
  return text == "max" ? HUGE_VAL : parse_rate(flag, text);
}

// `name` as one word of a shell command.
std::string shell_word(const std::string& name) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@+:,";
  if (!name.empty() && name.find_first_not_of(kPlain) == std::string::npos) return name;
  std::string quoted = "'";
  for (const char c : printable(name)) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// Where one recorded queue goes.
class Target {
 public:
  Target(const pcapng::Interface& from, const std::string& name, const std::string& shm_dir)
      : recorded_as_(from.name), queue_(open(from, name, shm_dir)), producer_(queue_) {
    const auto element_size = from.number("element_size");
    const Geometry& geometry = queue_.geometry();
    if (element_size && *element_size != geometry.element_size()) {
      throw Error(Errc::mismatch, queue_.name(),
                  fmt::format("has elements of {} bytes; what was recorded of {} has {}", geometry.element_size(),
                              from.name, *element_size),
                  "replay it into another one: --to NAME");
    }
  }

  void push(const pcapng::Packet& packet) {
    const std::size_t room = queue_.geometry().element_size();
    const auto push = packet.payload.size() <= room ? &Producer::push : &Producer::push_block;
    const Push result = (producer_.*push)(packet.payload);
    if (result == Push::too_large) refuse(packet.payload.size());
    require_pushed(result, queue_.name());
    if (first_ == kNoIndex) first_ = producer_.last_index();
    bytes_ += packet.payload.size();
  }

  const std::string& recorded_as() const { return recorded_as_; }
  const std::string& name() const { return queue_.name(); }
  std::uint64_t items() const { return producer_.pushed_items(); }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t first() const { return first_; }
  std::uint64_t last() const { return producer_.last_index(); }

 private:
  [[noreturn]] void refuse(std::size_t bytes) const {
    const Geometry& geometry = queue_.geometry();
    const std::uint64_t elements = (bytes + geometry.element_size() - 1) / geometry.element_size();
    throw Error(
        Errc::mismatch, queue_.name(),
        fmt::format("an item of {} does not fit in its ring of {}", count_of(elements, "element"), geometry.capacity()),
        fmt::format("make it larger: slickq create {} --size {} --elem {} --replace", shell_word(queue_.name()),
                    std::bit_ceil(elements), geometry.element_size()));
  }

  static Queue open(const pcapng::Interface& from, const std::string& name, const std::string& shm_dir) {
    try {
      return Queue::open(name, shm_dir, Access::read_write);
    } catch (const Error& error) {
      if (error.code() != Errc::not_found) throw;
      throw Error(Errc::not_found, error.object(), error.cause(), how_to_make(from, name));
    }
  }

  // The words come from the file, which may be anybody's: numbers and a known layout become part of a command as they
  // are, the name quoted.
  static std::string how_to_make(const pcapng::Interface& from, const std::string& name) {
    const auto capacity = from.number("capacity");
    const auto element_size = from.number("element_size");
    const std::string word = shell_word(name);
    if (!capacity || !element_size) return fmt::format("make one first: slickq create {} --size N --elem BYTES", word);
    std::string command = fmt::format("slickq create {} --size {} --elem {}", word, *capacity, *element_size);
    const auto layout = parse_layout(from.word("layout"));
    const auto per_slot = from.number("items_per_slot");
    if (layout && per_slot == 1u && *layout != Layout::slq1) command += fmt::format(" --layout {}", to_string(*layout));
    if (per_slot && *per_slot > 1) command += fmt::format(" --items-per-slot {}", *per_slot);
    return "make one like that which was recorded: " + command;
  }

  std::string recorded_as_;
  Queue queue_;
  Producer producer_;
  std::uint64_t first_ = kNoIndex;
  std::uint64_t bytes_ = 0;
};

// "--to NAME" for all there is, or "--to OLD=NEW" for one of several.
class Renames {
 public:
  explicit Renames(const std::vector<std::string>& to) {
    for (const std::string& text : to) {
      const std::size_t sign = text.find('=');
      if (sign == std::string::npos) {
        if (!all_.empty()) throw Error(Errc::invalid_argument, "--to", "one NAME, or OLD=NEW for each queue");
        all_ = segment_name(text);
      } else {
        std::string from = text.substr(0, sign);
        if (from.starts_with('/')) from.erase(0, 1);
        require_first_of(from);
        some_.push_back({std::move(from), segment_name(text.substr(sign + 1)), false});
      }
    }
  }

  std::string name_for(const std::string& recorded) {
    for (Rename& rename : some_) {
      if (rename.from != recorded) continue;
      rename.used = true;
      return rename.to;
    }
    if (!all_.empty() && ++used_for_all_ > 1) {
      throw Error(Errc::invalid_argument, "--to", fmt::format("'{}' is one name; several queues were recorded", all_),
                  fmt::format("--to {}=NAME for each", shell_word(recorded)));
    }
    return all_.empty() ? recorded : all_;
  }

  // Before anything is pushed: a typing mistake must not push into the queue of the recorded name.
  void require_all_used() const {
    for (const Rename& rename : some_) {
      if (rename.used) continue;
      throw Error(Errc::invalid_argument, "--to", fmt::format("nothing was recorded of '{}'", rename.from));
    }
  }

 private:
  struct Rename {
    std::string from;
    std::string to;
    bool used;
  };

  void require_first_of(const std::string& from) const {
    for (const Rename& rename : some_) {
      if (rename.from != from) continue;
      throw Error(Errc::invalid_argument, "--to", fmt::format("two names for '{}', the first is '{}'", from, rename.to),
                  "what was recorded of a queue goes into one queue; to fill two, replay twice");
    }
  }

  std::string all_;
  int used_for_all_ = 0;
  std::vector<Rename> some_;
};

class Replay {
 public:
  Replay(Session& session, const Options& options)
      : session_(&session), options_(&options), renames_(options.to), reader_(options.file) {
    if (options.loop) reader_.rewind();  // tells at once that it cannot be done
  }

  void run() {
    catch_interrupts();
    do {
      const std::uint64_t before = pushed();
      play_once();
      ++passes_;
      if (!options_->loop || interrupted() || pushed() == before) break;
      reader_.rewind();
    } while (!interrupted());
    // Not known when the last pass was interrupted.
    for (std::uint32_t k = 0; k < std::min(reader_.interfaces().size(), lost_when_recorded_.size()); ++k) {
      lost_when_recorded_[k] = std::max(lost_when_recorded_[k], reader_.dropped_by_statistics(k));
    }
  }

  const std::deque<Target>& targets() const { return targets_; }
  std::uint64_t lost_when_recorded(std::size_t target) const { return lost_when_recorded_[target]; }
  std::uint64_t passes() const { return passes_; }
  nanoseconds behind() const { return behind_; }
  bool is_cut_off() const { return reader_.is_cut_off(); }
  std::uint64_t passed_over() const { return reader_.passed_over(); }
  std::uint64_t shortened() const { return reader_.shortened(); }

 private:
  void play_once() {
    pcapng::Packet packet;
    std::optional<nanoseconds> first;
    const Clock::time_point begun = Clock::now();
    latest_ = {};
    std::fill(lost_when_recorded_.begin(), lost_when_recorded_.end(), 0);
    while (!interrupted() && reader_.next(packet)) {
      open_targets();
      if (!first) first = packet.when;
      wait_until(begun, packet.when - *first);
      if (interrupted()) return;
      targets_[packet.interface].push(packet);
      lost_when_recorded_[packet.interface] += packet.dropped;
    }
    if (!interrupted()) open_targets();  // also of a queue that nothing came through
  }

  // Those that were described since: before the first packet that is all of them. Names first: what is wrong with the
  // command line is told before what is wrong with a queue.
  void open_targets() {
    const std::vector<pcapng::Interface>& from = reader_.interfaces();
    const bool first = names_.empty();
    while (names_.size() < from.size()) names_.push_back(name_for(from[names_.size()]));
    if (first) renames_.require_all_used();
    while (targets_.size() < from.size()) {
      const std::size_t k = targets_.size();
      targets_.emplace_back(from[k], names_[k], session_->globals.shm_dir);
      lost_when_recorded_.push_back(0);
    }
  }

  std::string name_for(const pcapng::Interface& from) {
    if (!from.name.empty() || !options_->to.empty()) return renames_.name_for(from.name);
    throw Error(Errc::invalid_argument, options_->file, "does not say which queue it was recorded of",
                "--to NAME says where to push");
  }

  // On an absolute schedule: what came late does not delay what comes behind it.
  void wait_until(Clock::time_point begun, nanoseconds recorded) {
    if (std::isinf(options_->speed)) return;
    constexpr double kLongest = 1e18;  // some thirty years: what a tiny factor asks for must not overflow
    const double due = std::min(static_cast<double>(recorded.count()) / options_->speed, kLongest);
    const nanoseconds left = begun + nanoseconds(static_cast<std::int64_t>(due)) - Clock::now();
    if (left > nanoseconds(0)) {
      pause_for(left);
    } else if (recorded >= latest_) {  // others' captures need not be in the order of time
      behind_ = std::max(behind_, -left);
    }
    latest_ = std::max(latest_, recorded);
  }

  std::uint64_t pushed() const {
    std::uint64_t items = 0;
    for (const Target& target : targets_) items += target.items();
    return items;
  }

  Session* session_;
  const Options* options_;
  Renames renames_;
  pcapng::Reader reader_;
  std::vector<std::string> names_;
  std::deque<Target> targets_;
  std::vector<std::uint64_t> lost_when_recorded_;
  std::uint64_t passes_ = 0;
  nanoseconds latest_{};  // of this pass
  nanoseconds behind_{};
};

void print_json_summary(Session& session, const Options& options, const Replay& replay) {
  Json object = json_object(session);
  object["file"] = options.file;
  object["passes"] = replay.passes();
  object["cut_off"] = replay.is_cut_off();
  object["passed_over"] = replay.passed_over();
  object["shortened"] = replay.shortened();
  object["behind_ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(replay.behind()).count();
  object["queues"] = Json::array();
  for (std::size_t k = 0; k < replay.targets().size(); ++k) {
    const Target& target = replay.targets()[k];
    object["queues"].push_back({{"name", target.name()},
                                {"recorded_as", target.recorded_as()},
                                {"items", target.items()},
                                {"bytes", target.bytes()},
                                {"lost_when_recorded", replay.lost_when_recorded(k)},
                                {"first_index", index_json(target.first())},
                                {"last_index", index_json(target.last())}});
  }
  print_json(session, object);
}

void print_summary(Session& session, const Options& options, const Replay& replay) {
  if (session.globals.json) return print_json_summary(session, options, replay);
  for (std::size_t k = 0; k < replay.targets().size(); ++k) {
    const Target& target = replay.targets()[k];
    const std::string where =
        target.items() == 0 ? "" : fmt::format(", indexes {} to {}", target.first(), target.last());
    if (!session.globals.quiet) {
      session.out.line(fmt::format("pushed {} to {}{}", count_of(target.items(), "item"), target.name(), where));
    }
    if (const std::uint64_t lost = replay.lost_when_recorded(k)) {
      session.note(fmt::format("-- {}: {} lost when it was recorded", target.recorded_as(), count_of(lost, "element")));
    }
  }
}

Exit replay_file(Session& session, const Options& options) {
  Replay replay(session, options);
  try {
    replay.run();
  } catch (const Error&) {  // what was pushed before is in the queues: say so
    if (!session.globals.json) print_summary(session, options, replay);
    throw;
  }
  print_summary(session, options, replay);
  if (replay.is_cut_off()) {
    session.note(fmt::format("-- {}: cut off in the middle of a record; all before it was pushed",
                             options.file == "-" ? "standard input" : options.file));
  }
  for (const auto& [count, what] : {std::pair(replay.passed_over(), "in blocks of old kinds: not pushed"),
                                    std::pair(replay.shortened(), "captured only in part: pushed as far as they go")}) {
    if (count > 0) session.note(fmt::format("-- {}: {} {}", options.file, count_of(count, "packet"), what));
  }
  session.detail(fmt::format("-- at most {} behind the recorded times", human_age(replay.behind())));
  return interrupted() && !options.loop ? Exit::interrupted : Exit::ok;
}

}  // namespace

Run declare_replay(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.operand("FILE", into(options->file), "a capture (pcapng); - is standard input");
  arguments.option("--to", "NAME", append_to(options->to),
                   "into this queue, not the one of the recorded name; OLD=NEW for one of several",
                   Arguments::Times::many);
  arguments.option("--speed", "FACTOR", into(options->speed, parse_speed),
                   "so many times as fast as it was recorded; max: without any pause; 1");
  arguments.flag("--loop", options->loop, "again and again, until Ctrl-C");
  arguments.epilogue(
      "The queues must be there: a lossy ring has nothing that waits for its consumers, so start them first.\n"
      "An item has the payload and the number of elements that it had; its index is a new one.\n"
      "Ctrl-C stops between two items: exit code 130, with --loop 0.\n"
      "example: slickq replay session.pcapng --to ticks=test-ticks --speed 2");
  return [options](Session& session) { return replay_file(session, *options); };
}

}  // namespace slickq::cli
