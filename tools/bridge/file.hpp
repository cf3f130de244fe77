// Small files for others to read: whole, or as they were before.
//
// Thread safety: none between writers of the same file.
// Crash: killed at any moment the old file stays, and perhaps a FILE.tmp, which the next write replaces. No fsync:
// after a crash of the machine the file is as worthless as what it tells of.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slickq::bridge {

/// Mode 0644. 0, or errno.
int replace_file(const std::string& path, std::string_view text);
/// Nothing, with errno set, when it cannot be read.
std::optional<std::string> read_file(const std::string& path);

}  // namespace slickq::bridge
