// slickq: the command line. Picks the verb from the table, runs it, and turns every way it may end into an
// exit code.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <exception>
#include <string>
#include <vector>

#include "session.hpp"
#include "slickq/truncation.hpp"
#include "slickq/version.hpp"
#include "verbs.hpp"

namespace slickq::cli {
namespace {

// A segment opened as file descriptor 1 would be overwritten by our own output. /dev/null opened the wrong
// way round keeps the number taken and lets reads and writes fail, as they should on something closed.
void occupy_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) != -1) continue;
    [[maybe_unused]] const int taken = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

struct CommandLine {
  const Verb* verb = nullptr;
  bool version = false;
  bool help = false;
  std::string group;              // "cursor", when help is wanted for all its verbs
  std::vector<std::string> rest;  // everything but the verb's words
};

// "help create" is "create --help".
std::vector<std::string> without_help_verb(std::vector<std::string> words) {
  if (words.empty() || words.front() != "help") return words;
  words.erase(words.begin());
  words.emplace_back("--help");
  return words;
}

CommandLine split_verb(const std::vector<std::string>& words) {
  CommandLine line;
  std::size_t at = 0;
  for (; at < words.size() && words[at].starts_with('-'); ++at) {
    if (words[at] == "--version") line.version = true;
    if (words[at] == "--help" || words[at] == "-h") line.help = true;
    line.rest.push_back(words[at]);
    if (takes_next_word(words[at]) && at + 1 < words.size()) line.rest.push_back(words[++at]);
  }
  if (at == words.size()) return line;
  if (is_group(words[at]) && at + 1 < words.size() && (words[at + 1] == "--help" || words[at + 1] == "-h")) {
    line.group = words[at];
    line.help = true;
    return line;
  }
  line.verb = &find_verb(words[at], at + 1 < words.size() ? words[at + 1] : std::string());
  at += has_two_words(*line.verb) ? 2 : 1;
  line.rest.insert(line.rest.end(), words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  return line;
}

Exit print_version(Session& session) {
  session.out.line("slickq " SLICKQ_VERSION);
  return Exit::ok;
}

Exit run_without_verb(Session& session, const CommandLine& line) {
  if (line.version) return print_version(session);
  if (line.help) {
    session.out.write(usage(line.group));
    return Exit::ok;
  }
  if (!line.rest.empty()) throw Error(Errc::invalid_argument, {}, "a verb is missing", "slickq --help lists them");
  say(session.out, usage());
  return Exit::usage;
}

Exit run_verb(Session& session, const CommandLine& line) {
  session.verb = line.verb->name;
  Arguments arguments("slickq " + session.verb, std::string(line.verb->summary));
  const Run run = line.verb->declare(arguments);
  declare_globals(arguments, session.globals);
  if (const auto help = arguments.parse(line.rest)) {
    session.out.write(*help);
    return Exit::ok;
  }
  if (session.globals.version) return print_version(session);
  session.settle();
  return run(session);
}

// What was printed before the error is still wanted; that it cannot be printed is then no further news.
void flush_what_is_left(Session& session) {
  try {
    session.out.flush();
  } catch (const OutputClosed&) {
  } catch (const Error&) {
  }
}

Exit fail(Session& session, const Verb* verb, const Error& error) {
  flush_what_is_left(session);
  const auto tell = verb == nullptr ? report : verb->report;
  tell(session, error);
  return verb == nullptr ? exit_for(error.code()) : verb->exit_for(error.code());
}

Exit run(Session& session, const std::vector<std::string>& words) {
  CommandLine line;
  try {
    line = split_verb(without_help_verb(words));
    const TruncationCheck truncation;
    const Exit exit = line.verb == nullptr ? run_without_verb(session, line) : run_verb(session, line);
    session.out.flush();
    if (truncation.failed()) {
      throw Error(Errc::corrupt, {}, "somebody made a segment shorter that was in use: what was done last is lost",
                  "see what is left of it: slickq verify QUEUE");
    }
    return exit;
  } catch (const OutputClosed&) {
    return Exit::ok;  // as `slickq dump q | head -3` wants it: whoever read has seen enough
  } catch (const Error& error) {
    return fail(session, line.verb, error);
  } catch (const std::exception& error) {
    return fail(session, line.verb, Error(Errc::system, {}, error.what()));
  }
}

}  // namespace
}  // namespace slickq::cli

int main(int argc, char** argv) {
  using namespace slickq::cli;
  occupy_standard_descriptors();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // what a file may not take is an error of the write, and that is told
  slickq::survive_truncation();
  Session session;
  return static_cast<int>(run(session, std::vector<std::string>(argv + 1, argv + argc)));
}
