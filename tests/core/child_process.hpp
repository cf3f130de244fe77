// A real second process for a test: forked, synchronised by pipes, killed with its test.
//
// Thread safety: one thread; fork before starting any.
#pragma once

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <utility>

namespace test_support {

/// The child's end: it reports steps and waits for permission to go on.
class ChildSide {
 public:
  ChildSide(int in, int out) : in_(in), out_(out) {}
  void report() const {
    const char byte = '.';
    if (write(out_, &byte, 1) != 1) _exit(97);
  }
  void wait() const {
    char byte;
    if (read(in_, &byte, 1) != 1) _exit(98);  // the test has ended
  }
  void report_and_wait() const {
    report();
    wait();
  }

 private:
  int in_;
  int out_;
};

class Child {
 public:
  /// `body(ChildSide&)` returns the exit status; an exception is printed and exits with 99.
  template <class Body>
  explicit Child(Body body) {
    int to_child[2], to_parent[2];
    if (pipe(to_child) != 0 || pipe(to_parent) != 0) throw std::runtime_error("pipe");
    std::fflush(nullptr);  // or the child would print again what is buffered
    std::cout.flush();
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      close(to_child[1]);
      close(to_parent[0]);
      ChildSide side(to_child[0], to_parent[1]);
      int status = 99;
      try {
        status = body(side);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "child: %s\n", error.what());
      }
      _exit(status);
    }
    close(to_child[0]);
    close(to_parent[1]);
    in_ = to_parent[0];
    out_ = to_child[1];
  }
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), in_(std::exchange(other.in_, -1)), out_(std::exchange(other.out_, -1)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    kill_now();
    close(in_);
    close(out_);
  }

  pid_t pid() const { return pid_; }

  /// Wait for the child's next report(); false when it ended instead.
  bool reported() const {
    char byte;
    return read(in_, &byte, 1) == 1;
  }
  void go_on() const {
    const char byte = '.';
    if (write(out_, &byte, 1) != 1) std::perror("go_on");
  }
  /// Exit status, 128 + signal when killed by one.
  int join() {
    int status = 0;
    if (waitpid(std::exchange(pid_, -1), &status, 0) < 0) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  void kill_now() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    join();
  }

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
};

}  // namespace test_support
