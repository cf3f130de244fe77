// What `slickq doctor` looks at, one function a question. The table of all of them is in checks.cpp.
//
// Thread safety: one thread.
// Contract: a check changes nothing; the files it makes to find out whether that works have no name. What a machine
// does not tell is no finding: the check is left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slickq::cli {

enum class Health : unsigned char {
  ok,
  note,     ///< worth knowing
  warning,  ///< works, but not as well as it could, or not for everybody
  broken    ///< queues do not work here
};

std::string_view to_string(Health health) noexcept;

struct Finding {
  std::string check;  ///< which question, "shm.space"
  Health health = Health::ok;
  std::string evidence;  ///< what was seen, and where
  std::string remedy;    ///< what to do; empty when there is nothing to mend
};

struct Machine {
  std::string shm_dir;
  std::string root;  ///< in front of /proc, /sys, /etc and /run; empty but in tests
  /// First line of a file below root, without blanks at its ends; empty when it cannot be read.
  std::string first_line(const std::string& path) const;
  /// All of it.
  std::string content(const std::string& path) const;
};

using Findings = std::vector<Finding>;

/// Everything, in the order in which people should read it.
Findings examine(const Machine& machine);

// The groups of checks; each appends.
void check_shm(const Machine& machine, Findings& findings);     // the directory segments live in
void check_kernel(const Machine& machine, Findings& findings);  // leases, protected files, who removes what
void check_limits(const Machine& machine, Findings& findings);  // of this process and its users
void check_cpu(const Machine& machine, Findings& findings);     // what slickq needs, and what costs speed

}  // namespace slickq::cli
