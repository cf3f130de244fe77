#include "slickq/cursor.hpp"

#include "boundary.hpp"
#include "handles.hpp"
#include "settings.hpp"

using slickq::NamedCursor;
using slickq::c::guarded;
using slickq::c::is_null;

namespace {

// All memory first: behind make() nothing fails, so that no name is left of a cursor whose handle could not be made.
template <class Make>
void hand_out(slickq_cursor** to, Make make) {
  auto segment = std::make_shared<NamedCursor>();
  auto handle = std::make_unique<slickq_cursor>();
  *segment = make();
  handle->cursor = segment->cursor();
  handle->segment = std::move(segment);
  *to = handle.release();
}

slickq::CreateOptions create_options_of(const char* call, const slickq_cursor_options* options) {
  const auto wanted = slickq::c::options_of(call, options);
  return slickq::c::create_options(call, wanted.shm_dir, wanted.mode, wanted.flags, SLICKQ_MODE_BY_UMASK);
}

slickq_status read_only(const char* call) noexcept {
  return slickq::c::fail(SLICKQ_PERMISSION, call, "the cursor was opened read-only (open it with SLICKQ_READ_WRITE)");
}

}  // namespace

slickq_status slickq_cursor_create(const char* name, std::uint64_t value, const slickq_cursor_options* options,
                                   slickq_cursor** cursor) noexcept {
  constexpr const char* kCall = "slickq_cursor_create";
  if (cursor == nullptr) return is_null(kCall, "cursor");
  *cursor = nullptr;
  if (name == nullptr) return is_null(kCall, "name");
  return guarded([&] {
    const auto creating = create_options_of(kCall, options);
    hand_out(cursor, [&] { return NamedCursor::create(name, value, creating); });
  });
}

slickq_status slickq_cursor_open(const char* name, const slickq_open_options* options,
                                 slickq_cursor** cursor) noexcept {
  constexpr const char* kCall = "slickq_cursor_open";
  if (cursor == nullptr) return is_null(kCall, "cursor");
  *cursor = nullptr;
  if (name == nullptr) return is_null(kCall, "name");
  return guarded([&] {
    const auto wanted = slickq::c::options_of(kCall, options);
    slickq::c::hints_of(kCall, wanted.flags);  // allowed, and without effect on 8 bytes
    const auto access = slickq::c::access_of(kCall, wanted.access);
    hand_out(cursor, [&] { return NamedCursor::open(name, slickq::c::text(wanted.shm_dir), access); });
  });
}

slickq_status slickq_cursor_open_or_create(const char* name, std::uint64_t value, const slickq_cursor_options* options,
                                           slickq_cursor** cursor) noexcept {
  constexpr const char* kCall = "slickq_cursor_open_or_create";
  if (cursor == nullptr) return is_null(kCall, "cursor");
  *cursor = nullptr;
  if (name == nullptr) return is_null(kCall, "name");
  return guarded([&] {
    const auto creating = create_options_of(kCall, options);
    hand_out(cursor, [&] { return NamedCursor::open_or_create(name, value, creating); });
  });
}

slickq_status slickq_cursor_at(void* memory, slickq_cursor** cursor) noexcept {
  constexpr const char* kCall = "slickq_cursor_at";
  if (cursor == nullptr) return is_null(kCall, "cursor");
  *cursor = nullptr;
  if (memory == nullptr) return is_null(kCall, "memory");
  if (reinterpret_cast<std::uintptr_t>(memory) % sizeof(std::uint64_t) != 0) {
    return slickq::c::fail(SLICKQ_INVALID_ARGUMENT, kCall, "memory is not 8-byte aligned (use a uint64_t)");
  }
  return guarded([&] { *cursor = new slickq_cursor{nullptr, slickq::AtomicCursor(memory)}; });
}

void slickq_cursor_close(slickq_cursor* cursor) noexcept { delete cursor; }

slickq_status slickq_cursor_load(const slickq_cursor* cursor, std::uint64_t* value) noexcept {
  if (cursor == nullptr) return is_null("slickq_cursor_load", "cursor");
  if (value == nullptr) return is_null("slickq_cursor_load", "value");
  *value = cursor->cursor.load();
  return SLICKQ_OK;
}

slickq_status slickq_cursor_store(slickq_cursor* cursor, std::uint64_t value) noexcept {
  if (cursor == nullptr) return is_null("slickq_cursor_store", "cursor");
  if (!cursor->is_writable()) return read_only("slickq_cursor_store");
  cursor->cursor.store(value);
  return SLICKQ_OK;
}

slickq_status slickq_cursor_compare_exchange(slickq_cursor* cursor, std::uint64_t* expected,
                                             std::uint64_t desired) noexcept {
  constexpr const char* kCall = "slickq_cursor_compare_exchange";
  if (cursor == nullptr) return is_null(kCall, "cursor");
  if (expected == nullptr) return is_null(kCall, "expected");
  if (!cursor->is_writable()) return read_only(kCall);
  return cursor->cursor.compare_exchange_weak(*expected, desired) ? SLICKQ_OK : SLICKQ_CHANGED;
}
