// Small looks at the shm directory that cost next to nothing: names, a cursor's value, free space.
//
// Thread safety: pure reading. Every descriptor is closed before the function returns: an open one would make
// the daemon itself a holder.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "slickq/error.hpp"

namespace slickqd {

/// Does it fail for the moment only? Somebody asks the kernel for the users of a file (a lease), or a limit is reached:
/// what was known before is worth more than such an answer.
bool is_for_now(const slickq::Error& error);
bool is_for_now(int error_number);

/// The names in the directory that are wanted, never "." and ".." and slickq's private ones: others may fill it with
/// hundreds of thousands, which are not kept. Throws slickq::Error when it cannot be read.
std::vector<std::string> names_in(const std::string& dir, const std::function<bool(const std::string&)>& is_wanted);

/// Why the directory cannot be read; empty when it can; nothing when that cannot be told for the moment.
std::optional<std::string> problem_of_dir(const std::string& dir);

struct CursorSight {
  std::uint64_t value = 0;
  std::uint64_t inode = 0;
  std::uint64_t links = 1;
};
/// The value of a cursor segment; nothing when there is no regular file of exactly 8 bytes that we may read. Throws
/// slickq::Error when that cannot be told for the moment.
std::optional<CursorSight> look_at_cursor(const std::string& path);

struct ShmSpace {
  std::uint64_t size_bytes = 0;
  std::uint64_t free_bytes = 0;
};
/// Nothing when the file system tells no size (a tmpfs without limit).
std::optional<ShmSpace> shm_space(const std::string& dir);

}  // namespace slickqd
