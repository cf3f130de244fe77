#include "completion.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <span>

#include "event_kinds.hpp"
#include "live_table.hpp"
#include "slickq/catalog.hpp"
#include "slickq/names.hpp"
#include "verbs.hpp"

namespace slickq::cli {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::array<std::string_view, 4> kLayouts{"slq1", "slq0", "packed", "wide"};
constexpr std::array<std::string_view, 4> kForms{"hex", "text", "raw", "base64"};
constexpr std::array<std::string_view, 3> kColors{"auto", "always", "never"};
constexpr std::array<std::string_view, 2> kReads{"copy", "zero-copy"};
constexpr std::array<std::string_view, 2> kProducers{"multi", "single"};
constexpr std::array<std::string_view, 4> kWaits{"spin", "yield", "backoff", "block"};
constexpr std::array<std::string_view, 5> kModes{"paced", "flood", "pingpong", "rate", "reference"};
constexpr std::array<std::string_view, 2> kPlaces{"begin", "end"};
constexpr std::array<std::string_view, 3> kShells{"bash", "zsh", "fish"};

// What a flag takes. Those of other types (numbers, times, texts) nobody can guess.
struct Values {
  std::string_view flag;
  std::string_view verb;  // empty: every verb
  Words words;
};
constexpr std::array kValues{
    Values{"--layout", "", kLayouts},  Values{"--format", "", kForms},
    Values{"--color", "", kColors},    Values{"--read", "", kReads},
    Values{"--wait", "", kWaits},      Values{"--producer", "", kProducers},
    Values{"--mode", "bench", kModes}, Values{"--from", "", kPlaces},
    Values{"--at", "", kPlaces},       Values{"--kind", "daemon events", kEventKinds},
};
constexpr std::array<std::string_view, 4> kFileTypes{"FILE", "PATH", "DIR", "QUEUE|FILE"};

class Completer {
 public:
  explicit Completer(const std::vector<std::string>& words)
      : words_(words), current_(words.empty() ? "" : words.back()) {
    if (!words_.empty()) words_.pop_back();
  }

  Completion run() {
    std::size_t at = skip_globals();
    if (at == words_.size()) return offer_verbs("");
    if (is_group(words_[at]) && at + 1 == words_.size()) return offer_verbs(words_[at] + " ");
    const Verb* verb = find(words_[at], at + 1 < words_.size() ? words_[at + 1] : "");
    if (verb == nullptr) return {};
    at += has_two_words(*verb) ? 2 : 1;
    return offer_for(*verb, at);
  }

 private:
  // To the first word that is no global option nor its value.
  std::size_t skip_globals() {
    std::size_t at = 0;
    while (at < words_.size() && words_[at].starts_with('-')) {
      if (words_[at] == "--shm-dir" && at + 1 < words_.size()) shm_dir_ = words_[at + 1];
      at += takes_next_word(words_[at]) ? 2 : 1;
    }
    return std::min(at, words_.size());
  }

  static const Verb* find(const std::string& first, const std::string& second) {
    try {
      return &find_verb(first, second);
    } catch (const Error&) {
      return nullptr;
    }
  }

  void offer(std::string_view text, std::string_view help = {}) {
    if (text.starts_with(current_) && seen_.insert(std::string(text)).second) {
      found_.candidates.push_back({std::string(text), std::string(help)});
    }
  }

  // The first words of all verbs, or the second ones behind `group` ("cursor ").
  Completion offer_verbs(const std::string& group) {
    if (current_.starts_with('-')) return offer_global_flags();
    for (const Verb& verb : verbs()) {
      if (!verb.name.starts_with(group)) continue;
      const std::string_view rest = verb.name.substr(group.size());
      const std::size_t space = rest.find(' ');
      offer(rest.substr(0, space), space == std::string_view::npos ? verb.summary : std::string_view());
    }
    return std::move(found_);
  }

  Completion offer_global_flags() {
    Globals globals;
    Arguments arguments("slickq", "");
    declare_globals(arguments, globals);
    offer_flags(arguments);
    return std::move(found_);
  }

  void offer_flags(const Arguments& arguments) {
    for (const Arguments::Known& flag : arguments.known_flags()) {
      for (const std::string& name : flag.names) offer(name, flag.help);
    }
    for (const char* help : {"-h", "--help"}) offer(help, "this verb in detail");
  }

  Completion offer_for(const Verb& verb, std::size_t at) {
    Globals globals;
    Arguments arguments("slickq " + std::string(verb.name), std::string(verb.summary));
    const Run keeps_the_options_alive = verb.declare(arguments);
    declare_globals(arguments, globals);
    const auto flags = arguments.known_flags();
    std::vector<std::string> operands;
    const Arguments::Known* awaits = nullptr;  // the flag whose value comes next
    for (; at < words_.size(); ++at) {
      if (awaits != nullptr) {
        if (awaits->names.back() == "--shm-dir") shm_dir_ = words_[at];
        if (awaits->names.back() == "--name") operands.push_back(words_[at]);
        awaits = nullptr;
      } else if (words_[at].starts_with('-')) {
        awaits = flag_with_value(flags, words_[at]);
      } else {
        operands.push_back(words_[at]);
      }
    }
    if (awaits != nullptr) {
      offer_value(verb, awaits->names.back(), awaits->type, operands);
    } else if (current_.starts_with('-')) {
      offer_flags(arguments);
    } else if (const auto operand = next_operand(arguments, operands.size())) {
      offer_value(verb, "", *operand, operands);
    }
    return std::move(found_);
  }

  static const Arguments::Known* flag_with_value(const std::vector<Arguments::Known>& flags, const std::string& word) {
    for (const Arguments::Known& flag : flags) {
      if (!flag.type.empty() && std::ranges::count(flag.names, word) != 0) return &flag;
    }
    return nullptr;
  }

  static std::optional<std::string> next_operand(const Arguments& arguments, std::size_t given) {
    const auto& operands = arguments.known_operands();
    if (operands.empty()) return std::nullopt;
    if (given < operands.size()) return operands[given].type;
    return operands.back().many ? std::optional(operands.back().type) : std::nullopt;
  }

  void offer_value(const Verb& verb, std::string_view flag, std::string_view type,
                   const std::vector<std::string>& operands) {
    for (const Values& values : kValues) {
      if (values.flag != flag || (!values.verb.empty() && values.verb != verb.name)) continue;
      return offer_all(values.words);
    }
    if (type == "SHELL") return offer_all(kShells);
    if (flag == "--sort") return offer_columns();
    found_.files = std::ranges::count(kFileTypes, type) != 0;
    const bool new_name = verb.name == "create";
    const bool cursor = type == "CURSOR" || flag == "--cursor";
    if (cursor) return offer_cursors(operands);
    if ((type == "NAME" || type == "QUEUE" || type == "QUEUE|FILE") && !new_name) offer_segments(verb.name == "unlink");
  }

  void offer_all(Words words) {
    for (const std::string_view word : words) offer(word);
  }

  void offer_columns() {
    for (const LiveColumn& column : live_columns()) offer(column.title);
  }

  std::vector<Entry> segments() const {
    CatalogOptions options;
    options.shm_dir = shm_dir_;
    options.holders = options.scan = false;
    try {
      return list_segments(options);
    } catch (const Error&) {
      return {};
    }
  }

  void offer_segments(bool cursors_too) {
    for (const Entry& entry : segments()) {
      if (entry.kind != EntryKind::cursor)
        offer(entry.name, entry.geometry ? entry.geometry->describe() : std::string());
      if (entry.kind == EntryKind::cursor && cursors_too) offer(entry.name, "a cursor");
    }
  }

  // Those of the queue that stands before; of any, when none does.
  void offer_cursors(const std::vector<std::string>& operands) {
    for (const Entry& entry : segments()) {
      const auto parts = split_cursor_name(entry.name);
      if (entry.kind != EntryKind::cursor || !parts) continue;
      if (operands.empty() || operands.front() == parts->queue) offer(parts->cursor, "of " + parts->queue);
    }
  }

  std::vector<std::string> words_;  // before the one under the cursor
  std::string current_;
  std::string shm_dir_;
  std::set<std::string> seen_;
  Completion found_;
};

// Candidates come one a line, "WORD<tab>HELP"; a last line ":files" asks for names of files as well.
constexpr const char* kBash = R"(# bash completion of slickq; for all: /usr/share/bash-completion/completions/slickq
_slickq() {
  local line words=()
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
    else
      COMPREPLY+=("${line%%$'\t'*}")
    fi
  done < <("${COMP_WORDS[0]}" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _slickq slickq
)";
constexpr const char* kZsh = R"(#compdef slickq
# zsh completion of slickq; for all: a directory of $fpath, as _slickq
_slickq() {
  local line files=0
  local -a described
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=1
    else
      described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    fi
  done < <("${words[1]}" completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  (( ${#described} )) && _describe slickq described
  (( files )) && _files
}
if [[ $funcstack[1] == _slickq ]]; then _slickq "$@"; else compdef _slickq slickq; fi
)";
constexpr const char* kFish = R"(# fish completion of slickq; for all: /usr/share/fish/vendor_completions.d/slickq.fish
function __slickq_words
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] completion words -- $words[2..-1] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            printf '%s\n' $line
        end
    end
end
complete -c slickq -f -a '(__slickq_words)'
)";

struct Script {
  std::string_view shell;
  const char* text;
};
constexpr std::array kScripts{Script{"bash", kBash}, Script{"zsh", kZsh}, Script{"fish", kFish}};

}  // namespace

Completion complete(const std::vector<std::string>& words) { return Completer(words).run(); }

const char* completion_script(std::string_view shell) noexcept {
  for (const Script& script : kScripts) {
    if (script.shell == shell) return script.text;
  }
  return nullptr;
}

}  // namespace slickq::cli
