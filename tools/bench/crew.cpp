#include "crew.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <string_view>

#include "../interrupt.hpp"
#include "cpus.hpp"
#include "slickq/error.hpp"

namespace slickq::bench {
namespace {

sigset_t death_of_a_child() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  return set;
}

void write_failure(Report& report, std::string_view words) noexcept {
  const std::size_t length = std::min(words.size(), report.failure.size() - 1);
  std::memcpy(report.failure.data(), words.data(), length);
}

[[noreturn]] void be_worker(pid_t parent, int cpu, Report& report, const std::function<void()>& body) {
  // Ctrl-C goes to the whole group; it is the parent who decides.
  signal(SIGINT, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // it died before the line above
  int code = 1;
  try {
    pin_to(cpu);
    body();
    code = 0;
  } catch (const std::exception& error) {
    write_failure(report, error.what());
  }
  _exit(code);  // not exit(): buffers and handlers are the parent's
}

}  // namespace

Crew::Crew() {
  // A pending SIGCHLD ends sigtimedwait(), so the parent need not wake up again and again on the workers' cores.
  const sigset_t set = death_of_a_child();
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

Crew::~Crew() {
  for (const Worker& worker : running_) kill(worker.pid, SIGKILL);
  for (const Worker& worker : running_) waitpid(worker.pid, nullptr, 0);
  const sigset_t set = death_of_a_child();
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

void Crew::start(std::string name, int cpu, Report& report, const std::function<void()>& body) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw system_failure(name, "fork", errno);
  if (pid == 0) be_worker(parent, cpu, report, body);
  running_.push_back({std::move(name), &report, pid});
  ++started_;
}

void Crew::require_success(const Worker& worker, int status) const {
  if (WIFSIGNALED(status)) {
    throw Error(Errc::system, worker.name,
                fmt::format("was killed by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status))));
  }
  if (WEXITSTATUS(status) != 0) throw Error(Errc::system, worker.name, worker.report->failure.data());
}

// Takes note of who has ended; with `sleep` waits up to 100 ms for somebody to.
void Crew::bury(bool sleep) {
  if (sleep) {
    const sigset_t set = death_of_a_child();
    const timespec slice{0, 100'000'000};
    sigtimedwait(&set, nullptr, &slice);
  }
  for (auto worker = running_.begin(); worker != running_.end();) {
    int status = 0;
    if (waitpid(worker->pid, &status, WNOHANG) != worker->pid) {
      ++worker;
      continue;
    }
    const Worker ended = *worker;
    worker = running_.erase(worker);
    require_success(ended, status);
  }
  if (cli::interrupted()) throw Interrupted{};
}

void Crew::wait_until_all_in(const Counter& counter) {
  while (!have_arrived(counter, static_cast<std::uint32_t>(started_))) {
    bury(false);
    cli::pause_for(std::chrono::microseconds(200));
  }
}

void Crew::wait() {
  while (!running_.empty()) bury(true);
}

}  // namespace slickq::bench
