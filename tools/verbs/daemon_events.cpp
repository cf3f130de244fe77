// slickq daemon events: what slickqd remembers, and with -f what happens from now on.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <time.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "../daemon_answer.hpp"
#include "../did_you_mean.hpp"
#include "../event_kinds.hpp"
#include "../interrupt.hpp"
#include "../table.hpp"
#include "../values.hpp"
#include "../verbs.hpp"
#include "slickq/names.hpp"

namespace slickq::cli {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::uint64_t kDefaultCount = 10;  // before what is followed

struct Options {
  std::string socket;
  std::optional<std::uint64_t> count;
  std::vector<std::string> queues;
  std::vector<std::string> kinds;
  bool follow = false;
};

// What a person must see at once, as the status page has it. Others that are no news of success are yellow.
constexpr std::array<std::string_view, 9> kBad{"stall",        "mismatch",     "vanished", "split_brain",  "loss",
                                               "lag_critical", "overrun_soon", "shm_low",  "reload_failed"};
constexpr std::array<std::string_view, 3> kWarning{"recreated", "orphan_found", "lag_warn"};

std::string painted(const Style& style, std::string_view kind, const std::string& text) {
  if (std::ranges::count(kBad, kind) != 0) return style.red(text);
  if (std::ranges::count(kWarning, kind) != 0) return style.yellow(text);
  return text;
}

// "2026-01-31T12:00:00.123Z" as an age; as it is when it is something else.
std::string age_of(const std::string& time) {
  struct tm parts {};
  if (strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return time;
  const auto then = std::chrono::system_clock::from_time_t(timegm(&parts));
  return human_age(std::max(std::chrono::system_clock::now() - then, std::chrono::system_clock::duration{}));
}

// "age_ms": 2000 is "age 2s" for a person on a terminal; a script gets what the daemon says.
std::string word_of(const std::string& key, const Json& value, bool terminal) {
  const bool is_time = terminal && key.ends_with("_ms") && value.is_number_unsigned();
  std::string name = is_time ? key.substr(0, key.size() - 3) : key;
  std::ranges::replace(name, '_', ' ');
  if (is_time) return fmt::format("{} {}", name, human_age(std::chrono::milliseconds(value.get<std::int64_t>())));
  if (value.is_null()) return name + " unknown";
  const std::string text =
      value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return fmt::format("{} {}", name, text);
}

class Events {
 public:
  Events(Session& session, const Options& options)
      : session_(session), options_(options), socket_(socket_path(options.socket)) {}

  Exit run() {
    // The stream first: what happens between the two is in it, and told apart by its number.
    std::optional<DaemonStream> stream;
    if (options_.follow) stream.emplace(opened());
    list();
    if (stream) follow(std::move(*stream));
    return Exit::ok;
  }

 private:
  DaemonStream opened() const {
    DaemonStream stream(socket_, "/v1/events?follow=1&n=1000", kPatience);
    if (stream.status() != 200) refused(socket_, {stream.status(), stream.body()});
    return stream;
  }

  bool is_wanted(const Json& event) const {
    const std::string queue = event.value("queue", "");
    const auto is_of = [&](const std::string& name) { return queue == name || queue.starts_with(name + "@"); };
    const bool queue_fits = options_.queues.empty() || std::ranges::any_of(options_.queues, is_of);
    const bool kind_fits = options_.kinds.empty() || std::ranges::count(options_.kinds, event.value("event", "")) != 0;
    return queue_fits && kind_fits;
  }

  void list() {
    const DaemonReply reply = ask_daemon(socket_, "GET", "/v1/events", kPatience);
    if (reply.status != 200) refused(socket_, reply);
    const Json all = parsed_list(socket_, reply);
    if (options_.follow) catch_interrupts();
    std::vector<const Json*> wanted;
    for (const Json& event : all) {
      if (is_wanted(event)) wanted.push_back(&event);
    }
    if (!all.empty()) last_ = all.back().value("seq", last_);
    std::optional<std::uint64_t> most = options_.count;
    if (!most && options_.follow) most = kDefaultCount;
    if (!most || *most > wanted.size()) tell_of_forgotten(all);
    const std::size_t skipped = most && *most < wanted.size() ? wanted.size() - *most : 0;
    wanted.erase(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(skipped));
    for (const Json* event : wanted) queue_width_ = std::max(queue_width_, event->value("queue", "").size());
    for (const Json* event : wanted) print(*event);
    session_.out.flush();
  }

  void tell_of_forgotten(const Json& all) {
    const std::uint64_t first = all.empty() ? 1 : all.front().value("seq", std::uint64_t{1});
    if (first > 1 && (!options_.follow || options_.count)) {
      session_.note(fmt::format("-- {} before these: slickqd does not remember them", count_of(first - 1, "event")));
    }
  }

  // Whoever does not read, because his pager waits for him, is dropped by slickqd: as long as it is the same one, going
  // on where it was loses only what slickqd forgot meanwhile.
  void follow(DaemonStream stream) {
    const pid_t daemon = stream.daemon_pid();
    while (!interrupted()) {
      drain(stream);
      if (interrupted()) return;
      pause_for(std::chrono::milliseconds(100));  // one that drops us each time is not asked in a tight loop
      stream = again();
      if (stream.daemon_pid() != daemon) ended("slickqd was restarted");
    }
  }

  DaemonStream again() const {
    try {
      return opened();
    } catch (const Error&) {
      ended("slickqd has ended");
    }
  }

  [[noreturn]] void ended(const char* why) const {
    throw Error(Errc::system, socket_, why, "its log says more, for example: journalctl -u slickqd");
  }

  void drain(DaemonStream& stream) {
    constexpr std::chrono::milliseconds kGlance{100};  // at Ctrl-C, and at who reads
    while (!interrupted() && !stream.has_ended()) {
      bool printed = false;
      for (auto wait = kGlance; const auto line = stream.next_line(wait); wait = {}) {
        take(*line);
        printed = true;
      }
      if (printed) session_.out.flush();
      session_.out.check_reader();
    }
  }

  void take(const std::string& line) {
    const Json event = Json::parse(line, nullptr, false);
    if (!event.is_object()) throw Error(Errc::system, socket_, "the stream holds a line that is no JSON object");
    const std::uint64_t number = event.value("seq", last_ + 1);
    if (number <= last_) return;
    if (number > last_ + 1) tell_of_dropped(number - last_ - 1);
    last_ = number;
    if (is_wanted(event)) print(event);
  }

  void tell_of_dropped(std::uint64_t count) {
    if (session_.globals.json) {
      Json object = json_object(session_);
      object["dropped"] = count;
      return print_json_line(session_, object);
    }
    session_.note(fmt::format("-- {} dropped: they came faster than they were read", count_of(count, "event")));
  }

  void print(const Json& event) {
    if (session_.globals.json) {
      Json object = json_object(session_);
      object.update(event);
      return print_json_line(session_, object);
    }
    const std::string kind = event.value("event", "");
    const std::string queue = printable(event.value("queue", "-"));
    std::string words;
    for (const auto& [key, value] : event.items()) {
      if (key == "time" || key == "seq" || key == "event" || key == "queue") continue;
      words += (words.empty() ? "" : ", ") + printable(word_of(key, value, session_.style.terminal));
    }
    const bool as_age = session_.style.terminal && !options_.follow;
    const std::string time = event.value("time", "-");
    std::string line =
        fmt::format("{:>4}  {}  {:<{}}  {}", as_age ? age_of(time) : time,
                    painted(session_.style, kind, fmt::format("{:<14}", kind)), queue, queue_width_, words);
    line.erase(line.find_last_not_of(' ') + 1);
    session_.out.line(line);
  }

  Session& session_;
  const Options& options_;
  std::string socket_;
  std::uint64_t last_ = 0;  // number of the last event that was seen
  std::size_t queue_width_ = 1;
};

std::string known_kind(std::string_view flag, const std::string& text) {
  if (std::ranges::count(kEventKinds, text) != 0) return text;
  const std::vector<std::string> known(kEventKinds.begin(), kEventKinds.end());
  const std::string meant = did_you_mean(text, known);
  throw Error(Errc::invalid_argument, std::string(flag), fmt::format("{}: no kind of event", text),
              meant.empty() ? fmt::format("kinds are {}", fmt::join(known, ", ")) : meant);
}

}  // namespace

Run declare_daemon_events(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.flag("-f,--follow", options->follow, "go on with what happens, until Ctrl-C or slickqd's end");
  arguments.option("-n,--count", "COUNT", into(options->count, parse_number),
                   "the last COUNT events; default: all, with -f 10");
  const auto add_queue = [options](std::string_view, const std::string& text) {
    options->queues.push_back(segment_name(text));
  };
  const auto add_kind = [options](std::string_view flag, const std::string& text) {
    options->kinds.push_back(known_kind(flag, text));
  };
  arguments.option("--queue", "NAME", add_queue, "of this queue and its cursors; may be given again",
                   Arguments::Times::many);
  arguments.option("--kind", "KIND", add_kind, "of this kind: created, stall, loss, ...; may be given again",
                   Arguments::Times::many);
  declare_socket(arguments, options->socket);
  arguments.epilogue(
      "Ctrl-C ends with exit code 0, the end of slickqd with 1.\n"
      "example: slickq daemon events -f --kind stall --kind loss");
  return [options](Session& session) { return Events(session, *options).run(); };
}

}  // namespace slickq::cli
