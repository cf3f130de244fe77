// What is done to segments, from creating one to removing it, and what may be left of it when it does not come to its
// end: for the tests that kill who does it, and those that let its system calls fail.
//
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "segment_life.hpp"

namespace life_test {

struct Stage {
  const test_support::ShmDir& dir;
  std::optional<test_support::Child> user{};  ///< somebody who uses the segment all the time
  std::uint64_t inode = 0;                    ///< of the segment before anybody did anything

  std::string path() const { return dir.file("q"); }
};

struct Act {
  const char* name;
  void (*prepare)(Stage& stage);
  void (*run)(const std::string& dir);
  void (*check)(Stage& stage);  ///< after its end, whatever that was
  std::vector<long> calls;      ///< system calls that it surely makes
};

const std::vector<Act>& all_acts();

/// What a test may leave behind it is nothing.
void clear(const test_support::ShmDir& dir);

}  // namespace life_test
