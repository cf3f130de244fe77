#include "slickq/names.hpp"

#include <cstdlib>

#include "slickq/error.hpp"

namespace slickq {
namespace {

[[noreturn]] void refuse(std::string_view name, const char* cause) {
  throw Error(Errc::invalid_argument, "name '" + std::string(name.substr(0, 80)) + (name.size() > 80 ? "...'" : "'"),
              cause);
}

// Those of ASCII, and U+0080 to U+009F, which terminals obey as well: in UTF-8 0xC2 and the number.
bool has_control_character(std::string_view name) {
  unsigned char before = 0;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (before == 0xc2 && byte >= 0x80 && byte < 0xa0)) return true;
    before = byte;
  }
  return false;
}

}  // namespace

std::string default_shm_dir() {
  const char* set = std::getenv("SLICKQ_SHM_DIR");
  return set != nullptr && *set != '\0' ? set : "/dev/shm";
}

std::string segment_name(std::string_view name) {
  const std::string_view bare = name.starts_with('/') ? name.substr(1) : name;
  if (bare.empty()) refuse(name, "a segment name must not be empty");
  if (bare == "." || bare == "..") refuse(name, "not a segment name but a directory");
  if (bare.find('/') != bare.npos) refuse(name, "a segment name holds no '/' but a leading one");
  if (bare.size() > kMaxNameBytes) refuse(name, "longer than the 255 bytes a segment name may have");
  if (has_control_character(bare)) refuse(name, "a segment name holds no control characters");
  if (bare.starts_with(kPrivatePrefix)) refuse(name, "names beginning with '.slickq-' are slickq's own");
  return std::string(bare);
}

std::string segment_path(std::string_view shm_dir, std::string_view name) {
  return (shm_dir.empty() ? default_shm_dir() : std::string(shm_dir)) + "/" + segment_name(name);
}

std::string cursor_segment_name(std::string_view queue, std::string_view cursor) {
  if (cursor.empty()) refuse(cursor, "a cursor name must not be empty");
  if (cursor.find('@') != cursor.npos) refuse(cursor, "a cursor name holds no '@'");
  return segment_name(segment_name(queue) + "@" + std::string(cursor));
}

std::optional<CursorName> split_cursor_name(std::string_view segment) {
  if (segment.starts_with('/')) segment.remove_prefix(1);
  const auto at = segment.rfind('@');
  if (at == segment.npos || at == 0 || at + 1 == segment.size()) return std::nullopt;
  return CursorName{std::string(segment.substr(0, at)), std::string(segment.substr(at + 1))};
}

}  // namespace slickq
