// What may come next on a command line: verbs, flags, their values, the queues and cursors there are.
//
// Thread safety: one thread. Reads the shm directory by name, and what it needs of it; writes nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slickq::cli {

struct Candidate {
  std::string text;
  std::string help;  ///< one line, or nothing
};

struct Completion {
  std::vector<Candidate> candidates;  ///< only those that begin with the word under the cursor
  bool files = false;                 ///< names of files, too: the shell knows them best
};

/// `words`: what stands behind "slickq", the word under the cursor last, perhaps empty. A command line with mistakes
/// gets what can be told; never throws for one.
Completion complete(const std::vector<std::string>& words);

/// The script that teaches a shell to ask `slickq completion words`. Null: not a shell we know.
const char* completion_script(std::string_view shell) noexcept;

}  // namespace slickq::cli
