#include "settings.hpp"

namespace slickq::c {
namespace {

constexpr std::uint32_t number_of(Layout layout) noexcept { return static_cast<std::uint32_t>(layout) + 1; }
static_assert(number_of(Layout::wide) == SLICKQ_LAYOUT_WIDE && number_of(Layout::packed) == SLICKQ_LAYOUT_PACKED &&
              number_of(Layout::slq0) == SLICKQ_LAYOUT_SLQ0 && number_of(Layout::slq1) == SLICKQ_LAYOUT_SLQ1 &&
              number_of(Layout::slq2) == SLICKQ_LAYOUT_SLQ2 && number_of(Layout::slq3) == SLICKQ_LAYOUT_SLQ3);

void check_flags(const char* call, std::uint32_t flags, std::uint32_t allowed) {
  if ((flags & ~allowed) == 0) return;
  throw invalid(call, "flags has bits that mean nothing here: " + std::to_string(flags & ~allowed),
                "see enum slickq_flag");
}

}  // namespace

Layout layout_of(const char* call, std::uint32_t number) {
  if (choice(call, "layout", number, SLICKQ_LAYOUT_SLQ3) == SLICKQ_LAYOUT_DEFAULT) return Layout::slq1;
  return static_cast<Layout>(number - 1);
}

std::uint32_t layout_number(Layout layout) noexcept { return number_of(layout); }

Access access_of(const char* call, std::uint32_t number) {
  switch (choice(call, "access", number, SLICKQ_PREFER_WRITE)) {
    case SLICKQ_READ_ONLY: return Access::read_only;
    case SLICKQ_PREFER_WRITE: return Access::prefer_write;
    default: return Access::read_write;
  }
}

MemoryHints hints_of(const char* call, std::uint32_t flags) {
  check_flags(call, flags, SLICKQ_PREFAULT | SLICKQ_LOCK_MEMORY | SLICKQ_HUGE_PAGES);
  return {(flags & SLICKQ_PREFAULT) != 0, (flags & SLICKQ_LOCK_MEMORY) != 0, (flags & SLICKQ_HUGE_PAGES) != 0};
}

CreateOptions create_options(const char* call, const char* shm_dir, std::uint32_t mode, std::uint32_t flags,
                             std::uint32_t allowed) {
  check_flags(call, flags, allowed);
  constexpr std::uint32_t kPermissions = 0777;
  if ((mode & ~kPermissions) != 0) {
    throw invalid(call, "mode has more than permission bits: " + std::to_string(mode), "for example 0660");
  }
  CreateOptions options;
  options.shm_dir = text(shm_dir);
  if (mode != 0) options.mode = mode;
  options.mode_by_umask = (flags & SLICKQ_MODE_BY_UMASK) != 0;
  options.prefault = (flags & SLICKQ_PREFAULT) != 0;
  options.lock_memory = (flags & SLICKQ_LOCK_MEMORY) != 0;
  options.huge_pages = (flags & SLICKQ_HUGE_PAGES) != 0;
  return options;
}

}  // namespace slickq::c
