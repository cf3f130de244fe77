// The processes of one repetition: forked, pinned, waited for, and gone whatever happens.
//
// Thread safety: one thread.
// Crash: a worker dies with its parent (PR_SET_PDEATHSIG); the destructor kills those that are left.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "control.hpp"

namespace slickq::bench {

/// Ctrl-C: nothing of the run counts.
struct Interrupted {};

class Crew {
 public:
  Crew();
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// Runs `body` in a process of its own on `cpu`. What it throws is what wait() says, in the words of `report`.
  void start(std::string name, int cpu, Report& report, const std::function<void()>& body);
  /// Until `counter` has reached all workers; for the time before anything is measured. Throws as wait().
  void wait_until_all_in(const Counter& counter);
  /// Until all have ended. Throws Error(system), naming the worker, when one failed or was killed; Interrupted.
  void wait();

 private:
  struct Worker {
    std::string name;
    Report* report;
    pid_t pid;
  };

  void bury(bool sleep);
  void require_success(const Worker& worker, int status) const;

  std::vector<Worker> running_;
  std::size_t started_ = 0;
};

}  // namespace slickq::bench
