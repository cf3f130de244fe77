#include "instructions.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "../interrupt.hpp"
#include "crew.hpp"
#include "probe.hpp"
#include "slickq/error.hpp"

namespace slickq::bench {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "slickq-bench-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw system_failure(pattern, "mkdtemp", errno);
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
};

// The exit code; 127 when the program does not exist. Its output goes to `log`.
int run(std::vector<std::string> words, const fs::path& log) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw system_failure(words.front(), "fork", errno);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (getppid() != parent || file < 0) _exit(126);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    execvp(arguments.front(), arguments.data());
    _exit(127);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (!cli::interrupted()) continue;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    throw Interrupted{};
  }
  if (cli::interrupted()) throw Interrupted{};
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The line "totals: N" of callgrind's file.
std::optional<double> totals(const fs::path& path) {
  std::ifstream file(path);
  constexpr std::string_view kKey = "totals: ";
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kKey)) return std::strtod(line.c_str() + kKey.size(), nullptr);
  }
  return std::nullopt;
}

std::string last_line(const fs::path& path) {
  std::ifstream file(path);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

// Instructions within `function` for each message; throws Error with the reason when they cannot be counted.
double count(std::string_view kind, std::string_view function, const Plan& plan, const fs::path& folder) {
  const fs::path result = folder / "callgrind.out";
  const fs::path log = folder / "log";
  const int code =
      run({"valgrind", "--tool=callgrind", "--collect-atstart=no", fmt::format("--toggle-collect={}", function),
           fmt::format("--callgrind-out-file={}", result.string()), fs::read_symlink("/proc/self/exe").string(),
           "bench", "--probe", std::string(kind), "--elem", std::to_string(plan.elem), "--layout",
           std::string(slickq::to_string(plan.layout)), "--shm-dir", plan.shm_dir},
          log);
  if (code == 127) throw Error(Errc::not_found, "valgrind", "is not installed");
  if (code != 0) throw Error(Errc::system, "valgrind", last_line(log));
  const std::optional<double> instructions = totals(result);
  if (!instructions || *instructions == 0) {
    throw Error(Errc::system, "valgrind", "found no instruction of the probe: the program's symbols are stripped");
  }
  return *instructions / static_cast<double>(kProbeMessages);
}

}  // namespace

Instructions count_instructions(const Plan& plan) {
  Instructions instructions;
  const TemporaryFolder folder;
  try {
    for (const std::string_view kind : probe_kinds()) {
      instructions.counts.push_back({std::string(kind), count(kind, kPushFunction, plan, folder.path()),
                                     count(kind, kPopFunction, plan, folder.path())});
    }
  } catch (const Error& error) {
    instructions.counts.clear();
    instructions.absent = error.what();
  }
  return instructions;
}

}  // namespace slickq::bench
