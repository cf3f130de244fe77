#include "verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "did_you_mean.hpp"
#include "slickq/error.hpp"

namespace slickq::cli {
namespace {

constexpr std::array kVerbs{
    Verb{"create", "", "NAME --size N --elem BYTES", "make a queue", declare_create},
    Verb{"list", "ls", "", "which queues there are", declare_list},
    Verb{"inspect", "stat", "QUEUE|FILE", "everything about one queue", declare_inspect},
    Verb{"dump", "", "QUEUE|FILE", "print what is in the ring", declare_dump},
    Verb{"tail", "", "QUEUE|FILE", "print the last items; -f follows", declare_tail},
    Verb{"push", "", "QUEUE", "put items in: -m TEXT, or lines from stdin", declare_push},
    Verb{"pop", "", "QUEUE --cursor NAME", "take items by a shared cursor", declare_pop},
    Verb{"unlink", "rm", "NAME...", "remove segments nobody uses", declare_unlink},
    Verb{"gc", "", "--match GLOB", "remove what ended programs left behind", declare_gc},
    Verb{"cursor list", "cursor ls", "[QUEUE]", "named cursors and how far they lag", declare_cursor_list},
    Verb{"cursor create", "", "QUEUE CURSOR", "make a named cursor", declare_cursor_create},
    Verb{"cursor show", "", "QUEUE CURSOR", "one cursor", declare_cursor_show},
    Verb{"cursor set", "", "QUEUE CURSOR POSITION", "move a cursor", declare_cursor_set},
    Verb{"cursor remove", "cursor rm", "QUEUE CURSOR", "remove a cursor nobody uses", declare_cursor_remove},
    Verb{"ps", "", "QUEUE", "who has a queue open, and how we know", declare_ps},
    Verb{"verify", "", "QUEUE|FILE", "check a queue for damage", declare_verify},
    Verb{"repair", "", "QUEUE", "jump over what dead producers left", declare_repair},
    Verb{"reset", "", "QUEUE", "empty a queue nobody uses", declare_reset},
    Verb{"check", "", "QUEUE|FILE", "is all well? for Nagios and its like", declare_check, check_exit_for,
         report_check},
    Verb{"watch", "", "[QUEUE|FILE...]", "rates, gap, lag and loss, live", declare_watch},
    Verb{"top", "", "", "the same on a full screen, with keys", declare_top},
    Verb{"record", "", "QUEUE|FILE... -o FILE", "what goes through queues, as Wireshark reads it", declare_record},
    Verb{"replay", "", "FILE", "push again what was recorded", declare_replay},
    Verb{"doctor", "", "", "does this machine suit queues, and what to do about it", declare_doctor},
    Verb{"bench", "", "", "how fast a queue is on this machine", declare_bench},
    Verb{"daemon status", "", "", "what slickqd watches", declare_daemon_status},
    Verb{"daemon reload", "", "", "make slickqd read its configuration again", declare_daemon_reload},
    Verb{"daemon plan", "", "", "what a reload would do", declare_daemon_plan},
    Verb{"daemon events", "", "", "what slickqd noticed and did; -f follows", declare_daemon_events},
    Verb{"completion", "", "bash|zsh|fish", "teach a shell to complete verbs, flags and names", declare_completion},
    Verb{"version", "", "", "version and platform", declare_version},
};

std::vector<std::string> spellings(const std::string& group) {
  std::vector<std::string> words;
  for (const Verb& verb : kVerbs) {
    for (const std::string_view name : {verb.name, verb.alias}) {
      if (name.empty()) continue;
      const std::size_t space = name.find(' ');
      const std::string_view head = name.substr(0, space);
      if (group.empty()) {
        words.emplace_back(head);
      } else if (head == group && space != std::string_view::npos) {
        words.emplace_back(name);
      }
    }
  }
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

[[noreturn]] void unknown_verb(const std::string& typed, const std::string& group) {
  const std::vector<std::string> known = spellings(group);
  // "cursor " is no mistake, and must not count as letters that match.
  const std::string common = group.empty() ? "" : group + " ";
  std::vector<std::string> words;
  for (const std::string& name : known) words.push_back(name.substr(common.size()));
  const std::string meant = did_you_mean(typed.substr(common.size()), words, common);
  throw Error(Errc::invalid_argument, typed, "unknown verb",
              meant.empty() ? fmt::format("verbs are {}", fmt::join(known, ", ")) : meant);
}

}  // namespace

std::span<const Verb> verbs() noexcept { return kVerbs; }

bool is_group(const std::string& word) {
  return std::ranges::any_of(kVerbs, [&](const Verb& verb) { return verb.name.starts_with(word + " "); });
}

bool has_two_words(const Verb& verb) noexcept { return verb.name.find(' ') != std::string_view::npos; }

const Verb& find_verb(const std::string& first, const std::string& second) {
  const std::string typed = is_group(first) ? first + " " + second : first;
  const auto matches = [&](const Verb& verb) { return verb.name == typed || verb.alias == typed; };
  const auto found = std::ranges::find_if(kVerbs, matches);
  if (found != kVerbs.end()) return *found;
  if (typed == first) unknown_verb(typed, {});
  if (!second.empty()) unknown_verb(typed, first);
  throw Error(Errc::invalid_argument, first, "needs a second word",
              fmt::format("verbs are {}", fmt::join(spellings(first), ", ")));
}

std::string usage(const std::string& group) {
  std::string text = "slickq: see, script and trust shared-memory queues\n\nusage: slickq VERB [flags]\n\n";
  for (const Verb& verb : kVerbs) {
    if (!group.empty() && !verb.name.starts_with(group + " ")) continue;
    text += fmt::format("  {:<40} {}\n", fmt::format("{} {}", verb.name, verb.operands), verb.summary);
  }
  text +=
      "\nwith every verb:\n"
      "  --shm-dir DIR  where segments live (SLICKQ_SHM_DIR, else /dev/shm)\n"
      "  --json         JSON instead of text      --color auto|always|never\n"
      "  -q, --quiet    no remarks                -v, --verbose\n"
      "  -h, --help     all about one verb: slickq create --help\n"
      "\nexit codes: 0 ok, 1 error, 2 usage, 3 not found, 4 permission, 5 condition not met, 6 corrupt, 7 "
      "busy\n"
      "\nto begin:  slickq create --name q --size 1024 --elem 256 && slickq inspect q\n";
  return text;
}

}  // namespace slickq::cli
