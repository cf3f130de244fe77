// The constants and options of <slickq/slickq.h> as the core's types. All throw Error(invalid_argument).
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>

#include "boundary.hpp"
#include "slickq/layout.hpp"
#include "slickq/segment.hpp"

namespace slickq::c {

Layout layout_of(const char* call, std::uint32_t number);
std::uint32_t layout_number(Layout layout) noexcept;

Access access_of(const char* call, std::uint32_t number);
MemoryHints hints_of(const char* call, std::uint32_t flags);

/// `allowed`: the flags that mean something there.
CreateOptions create_options(const char* call, const char* shm_dir, std::uint32_t mode, std::uint32_t flags,
                             std::uint32_t allowed);

}  // namespace slickq::c
