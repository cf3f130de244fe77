// slickq completion: scripts for the shells, and what they ask for.
#include "../completion.hpp"

#include <fmt/format.h>

#include <memory>

#include "../json.hpp"
#include "../verbs.hpp"

namespace slickq::cli {
namespace {

struct Options {
  std::string shell;
  std::vector<std::string> words;
};

Exit print_words(Session& session, const Options& options) {
  const Completion found = complete(options.words);
  if (session.globals.json) {
    Json object = json_object(session);
    object["files"] = found.files;
    object["candidates"] = Json::array();
    for (const Candidate& one : found.candidates)
      object["candidates"].push_back({{"text", one.text}, {"help", one.help}});
    print_json(session, object);
    return Exit::ok;
  }
  for (const Candidate& one : found.candidates) session.out.line(fmt::format("{}\t{}", one.text, one.help));
  if (found.files) session.out.line(":files");
  return Exit::ok;
}

Exit run_completion(Session& session, const Options& options) {
  if (options.shell == "words") return print_words(session, options);
  const char* script = completion_script(options.shell);
  if (script == nullptr) {
    throw Error(Errc::invalid_argument, options.shell, "not a shell we know", "shells are bash, zsh, fish");
  }
  if (!session.globals.json) {
    session.out.write(script);
    return Exit::ok;
  }
  Json object = json_object(session);
  object["shell"] = options.shell;
  object["script"] = script;
  print_json(session, object);
  return Exit::ok;
}

}  // namespace

Run declare_completion(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  arguments.operand("SHELL", into(options->shell), "bash, zsh or fish: its script. words: what may come next");
  arguments.rest("WORD", append_to(options->words), "of words: the command line, the word under the cursor last",
                 Arguments::Need::optional);
  arguments.epilogue(
      "The packages install the scripts. By hand: eval \"$(slickq completion bash)\"; or\n"
      "source <(slickq completion zsh); or slickq completion fish | source.\n"
      "Queues and cursors that are there are offered, too.");
  return [options](Session& session) { return run_completion(session, *options); };
}

}  // namespace slickq::cli
