// A real second process that is stopped at any instruction or system call of its own, and killed or stopped there.
// Nothing in the code it runs knows of that: the kernel's ptrace does it.
//
// Thread safety: one thread, which made the child. The child does not outlive it.
// What it cannot show: x86-64 only. On ARM a load-exclusive/store-exclusive loop never ends under single steps, as the
// trap clears the monitor; can_trace() is false there.
#pragma once

#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "support/processes.hpp"

namespace test_support {

/// What the child and its tracer tell each other: plain memory, which costs the tracer no system call.
struct TraceBoard {
  std::atomic<bool> ended{false};
  std::atomic<bool> traced{true};
};

/// The child's end: what is traced lies between the two calls.
class Gate {
 public:
  explicit Gate(TraceBoard& board) : board_(&board) {}
  void begin() const { syscall(SYS_kill, getpid(), SIGSTOP); }
  /// The traced are stopped here, so that they are never further than this.
  void end() const {
    board_->ended.store(true, std::memory_order_release);
    if (board_->traced.load(std::memory_order_acquire)) begin();
  }

 private:
  TraceBoard* board_;
};

class TracedChild {
 public:
  /// `body(const Gate&)` runs in the child, which is stopped in gate.begin() when this returns. An exception is printed
  /// and ends the child with 99.
  template <class Body>
  explicit TracedChild(Body body) {
    std::fflush(nullptr);  // or the child would print again what is buffered
    std::cout.flush();
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(kRefused);
      int status = 99;
      try {
        body(Gate(*board_));
        status = 0;
      } catch (const std::exception& error) {
        std::fprintf(stderr, "child: %s\n", error.what());
      }
      _exit(status);
    }
    wait();
    if (!is_stopped_by(SIGSTOP)) throw std::runtime_error("traced child: " + describe());
    if (ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD) != 0) fail("SETOPTIONS");
  }
  TracedChild(const TracedChild&) = delete;
  TracedChild& operator=(const TracedChild&) = delete;
  ~TracedChild() { kill_now(); }

  pid_t pid() const { return pid_; }
  /// Has it come to gate.end()?
  bool has_ended() const { return board_->ended.load(std::memory_order_acquire); }

  /// One instruction (a system call counts as one). False: it has come to gate.end().
  bool step() {
    go(PTRACE_SINGLESTEP);
    if (!is_stopped_by(SIGTRAP)) throw std::runtime_error("traced child: " + describe());
    return !has_ended();
  }

  /// Address of the instruction it is about to execute.
  std::uint64_t place() const { return peek_user(offsetof(user, regs.rip)); }

  /// Run until it is about to execute the instruction at `place` for the `time`-th time (1 is the first). A trap
  /// instruction waits for it there, in the child's own copy of the page, so that the way there costs nothing; the
  /// processor's own breakpoints would do it, too, but not every virtual machine has them. False: it came to gate.end()
  /// without.
  bool run_to(std::uint64_t place, std::uint64_t time) {
    const std::uint64_t code = peek_text(place);
    for (std::uint64_t k = 1;; ++k) {
      poke_text(place, (code & ~std::uint64_t{0xFF}) | kTrap);
      go(PTRACE_CONT);
      poke_text(place, code);
      if (has_ended()) return false;
      if (!is_stopped_by(SIGTRAP)) throw std::runtime_error("traced child: " + describe());
      if (this->place() != place + 1) throw std::runtime_error("traced child: stopped where it should not");
      poke_user(offsetof(user, regs.rip), place);
      if (k == time) return true;
      while (this->place() == place) step();  // a string instruction (rep) is stepped once a round
    }
  }

  /// Always true: it stands in gate.end().
  bool run_to_the_end() {
    while (!has_ended()) go(PTRACE_CONT);
    return true;
  }

  struct Call {
    bool is_entry = false;
    long number = 0;
    long result = 0;  ///< at an exit
  };

  /// On to the next entry into, or exit from, a system call. False: it has come to gate.end().
  bool next_call(Call& call) {
    do {
      go(PTRACE_SYSCALL);
    } while (!is_stopped_by(SIGTRAP | 0x80));
    if (has_ended()) return false;
    __ptrace_syscall_info info{};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid_, sizeof info, &info) <= 0) fail("GET_SYSCALL_INFO");
    call.is_entry = info.op == PTRACE_SYSCALL_INFO_ENTRY;
    if (call.is_entry) {
      call.number = static_cast<long>(info.entry.nr);
    } else {
      call.result = static_cast<long>(info.exit.rval);
    }
    return true;
  }

  /// At an entry: the call is not made, and fails with `error`. Then it is at the exit.
  void fail_call(int error) {
    poke_user(offsetof(user, regs.orig_rax), ~std::uint64_t{0});  // no call has that number
    go(PTRACE_SYSCALL);
    if (!is_stopped_by(SIGTRAP | 0x80)) throw std::runtime_error("traced child: " + describe());
    poke_user(offsetof(user, regs.rax), static_cast<std::uint64_t>(-static_cast<std::int64_t>(error)));
  }

  /// SIGKILL, here and now: what it had not executed is never executed. Returns when the kernel has cleaned up.
  void kill_now() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    while (waitpid(pid_, &status_, 0) == pid_ && !WIFSIGNALED(status_) && !WIFEXITED(status_)) {
    }
    pid_ = -1;
  }

  /// It is traced no more, and stopped by SIGSTOP where it is.
  void leave_stopped() {
    board_->traced.store(false, std::memory_order_release);
    if (ptrace(PTRACE_DETACH, pid_, nullptr, SIGSTOP) != 0) fail("DETACH");
    if (waitpid(pid_, &status_, WUNTRACED) != pid_ || !WIFSTOPPED(status_)) throw std::runtime_error(describe());
  }
  /// SIGCONT to a stopped one, and wait for its end: exit status, 128 + signal when killed by one.
  int go_on_to_the_end() {
    kill(pid_, SIGCONT);
    wait();
    pid_ = -1;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  }

 private:
  static constexpr int kRefused = 77;
  static constexpr std::uint64_t kTrap = 0xCC;  // int3

  // A signal of its own (a lease's, say) is handed on; the traps are ours.
  void go(__ptrace_request how) {
    const int signal = WIFSTOPPED(status_) ? WSTOPSIG(status_) : 0;
    const bool own = signal != SIGSTOP && (signal & 0x7F) != SIGTRAP;
    if (ptrace(how, pid_, nullptr, own ? signal : 0) != 0) fail("go on");
    wait();
    if (!WIFSTOPPED(status_)) throw std::runtime_error("traced child: " + describe());
  }

  void wait() {
    pid_t got;
    do {
      got = waitpid(pid_, &status_, 0);
    } while (got < 0 && errno == EINTR);
    if (got != pid_) fail("waitpid");
  }

  bool is_stopped_by(int signal) const { return WIFSTOPPED(status_) && WSTOPSIG(status_) == signal; }

  std::string describe() const {
    if (WIFEXITED(status_)) return "ended with " + std::to_string(WEXITSTATUS(status_));
    if (WIFSIGNALED(status_)) return "killed by signal " + std::to_string(WTERMSIG(status_));
    return "stopped by signal " + std::to_string(WSTOPSIG(status_));
  }

  std::uint64_t peek_text(std::uint64_t at) const {
    errno = 0;
    const long word = ptrace(PTRACE_PEEKTEXT, pid_, at, nullptr);
    if (errno != 0) fail("PEEKTEXT");
    return static_cast<std::uint64_t>(word);
  }
  void poke_text(std::uint64_t at, std::uint64_t word) const {
    if (ptrace(PTRACE_POKETEXT, pid_, at, word) != 0) fail("POKETEXT");
  }
  std::uint64_t peek_user(std::size_t offset) const {
    errno = 0;
    const long word = ptrace(PTRACE_PEEKUSER, pid_, offset, nullptr);
    if (errno != 0) fail("PEEKUSER");
    return static_cast<std::uint64_t>(word);
  }
  void poke_user(std::size_t offset, std::uint64_t word) const {
    if (ptrace(PTRACE_POKEUSER, pid_, offset, word) != 0) fail("POKEUSER");
  }

  [[noreturn]] void fail(const char* what) const {
    throw std::runtime_error(std::string("ptrace: ") + what + ": " + std::strerror(errno));
  }

  Shared<TraceBoard> board_;
  pid_t pid_ = -1;
  int status_ = 0;
};

/// Does this machine let a process step its own child? If not, `why` says so: tests say it and end.
inline bool can_trace(std::string& why) {
#if defined(__x86_64__)
  try {
    const auto nothing = [](const Gate& gate) {
      gate.begin();
      gate.end();
    };
    TracedChild first(nothing);
    if (!first.step()) throw std::runtime_error("a child ended at its first instruction");
    TracedChild second(nothing);
    if (!second.run_to(first.place(), 1)) throw std::runtime_error("a watched place was passed");
    return true;
  } catch (const std::exception& error) {
    why = error.what();
    return false;
  }
#else
  why = "single steps are only tried on x86-64";
  return false;
#endif
}

/// False, and said, where the kernel lets nobody trace: what cannot be done is not passed over in silence.
inline bool may_trace() {
  std::string why;
  if (can_trace(why)) return true;
  MESSAGE("SKIPPED, this machine does not let a process trace its child: " << why);
  return false;
}

}  // namespace test_support
