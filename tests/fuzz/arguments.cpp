// Command lines, NUL between the words: parsed as the verb they name wants it, not run; and completed.
#include "arguments.hpp"

#include <string>
#include <vector>

#include "completion.hpp"
#include "session.hpp"
#include "slickq/error.hpp"
#include "target.hpp"
#include "verbs.hpp"

namespace slickq::fuzz {
namespace {

std::vector<std::string> words_of(Parts parts) {
  std::vector<std::string> words;
  while (!parts.rest().empty() && words.size() < 64) words.push_back(parts.word());
  return words;
}

void parse(const std::vector<std::string>& words) {
  const cli::Verb& verb = cli::find_verb(words[0], words.size() > 1 ? words[1] : "");
  const std::size_t taken = cli::has_two_words(verb) ? 2 : 1;
  cli::Session session;
  cli::Arguments arguments("slickq " + std::string(verb.name), std::string(verb.summary));
  const cli::Run run = verb.declare(arguments);  // what the arguments are converted into
  declare_globals(arguments, session.globals);
  static_cast<void>(arguments.parse({words.begin() + static_cast<std::ptrdiff_t>(taken), words.end()}));
  session.settle();
}

}  // namespace

void run(std::span<const std::byte> input) {
  const std::vector<std::string> words = words_of(Parts(input));
  if (words.empty()) return;
  try {
    parse(words);
  } catch (const Error& error) {
    require(error.code() == Errc::invalid_argument, "a bad command line is a bad argument");
    require(!error.cause().empty(), "an error says why");
  }
  static_cast<void>(cli::complete(words));
}

}  // namespace slickq::fuzz
