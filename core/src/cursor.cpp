#include "slickq/cursor.hpp"

#include "slickq/error.hpp"

namespace slickq {

NamedCursor NamedCursor::create(std::string_view segment, std::uint64_t value, const CreateOptions& options) {
  return NamedCursor(
      Segment::create(segment, sizeof value, options, [value](std::byte* base) { AtomicCursor(base).store(value); }));
}

NamedCursor NamedCursor::open(std::string_view segment, std::string_view shm_dir, Access access,
                              std::chrono::milliseconds lock_patience) {
  const auto check = [segment](int, std::uint64_t bytes) {
    if (bytes == sizeof(std::uint64_t)) return;
    throw Error(Errc::corrupt, std::string(segment),
                "not a cursor: a cursor has 8 bytes, this has " + std::to_string(bytes));
  };
  return NamedCursor(Segment::attach(segment, shm_dir, access, check, lock_patience));
}

NamedCursor NamedCursor::open_or_create(std::string_view segment, std::uint64_t value, const CreateOptions& options) {
  for (;;) {
    try {
      return open(segment, options.shm_dir);
    } catch (const Error& error) {
      if (error.code() != Errc::not_found) throw;
    }
    try {
      return create(segment, value, options);
    } catch (const Error& error) {
      if (error.code() != Errc::exists) throw;  // somebody was faster: open theirs
    }
  }
}

}  // namespace slickq
