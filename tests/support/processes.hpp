// Child processes of a test, and their end.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <vector>

#include "support/fork.hpp"

namespace test_support {

/// All of them end well.
inline void join(const std::vector<pid_t>& children) {
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
}

}  // namespace test_support
