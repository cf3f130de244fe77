// Names of segments and the directory they live in.
//
// Thread safety: pure functions but default_shm_dir(), which reads the environment.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slickq {

/// Longest name: NAME_MAX of tmpfs.
inline constexpr std::size_t kMaxNameBytes = 255;
/// Names with this prefix belong to slickq itself (quarantine, temporary files) and are refused.
inline constexpr std::string_view kPrivatePrefix = ".slickq-";

/// SLICKQ_SHM_DIR when set and not empty, else /dev/shm.
std::string default_shm_dir();

/// "/q" and "q" are the same segment: returns "q". Throws Error(invalid_argument) for an empty name, one with a
/// further '/', "." or "..", more than kMaxNameBytes bytes, control characters, or the private prefix.
std::string segment_name(std::string_view name);

/// Path of a segment: directory, '/', segment_name(name).
std::string segment_path(std::string_view shm_dir, std::string_view name);

/// A named cursor is the segment "queue@cursor". Both parts non-empty; '@' is not allowed in the cursor part.
std::string cursor_segment_name(std::string_view queue, std::string_view cursor);

struct CursorName {
  std::string queue;
  std::string cursor;
};
/// The parts of "queue@cursor" (split at the last '@'), or nothing when it is not of that form.
std::optional<CursorName> split_cursor_name(std::string_view segment);

}  // namespace slickq
