// Where C++ ends: exceptions become a status and a message of the calling thread, and what comes from C is looked at
// before it is believed.
//
// Thread safety: all of it from any thread; a message belongs to its thread.
// Invariant: nothing that is called here throws out of an extern "C" function; those are noexcept, and all that may
// throw runs within guarded().
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "growing.hpp"
#include "slickq/error.hpp"
#include "slickq/slickq.h"
#include "slickq/wait.hpp"

namespace slickq::c {

/// Remembers the sentence for slickq_error_message(): "<object>: <cause>". Allocates nothing; cuts what is too long.
[[gnu::cold]] slickq_status fail(slickq_status status, std::string_view object, std::string_view cause) noexcept;
/// "<call>: <argument> is NULL, ...".
[[gnu::cold]] slickq_status is_null(const char* call, const char* argument) noexcept;
/// Of the exception that is being handled, whatever it is.
[[gnu::cold]] slickq_status fail_by_exception() noexcept;

template <class Body>
slickq_status guarded(Body body) noexcept {
  try {
    body();
    return SLICKQ_OK;
  } catch (...) {
    return fail_by_exception();
  }
}

inline Error invalid(std::string object, std::string cause, std::string remedy) {
  return {Errc::invalid_argument, std::move(object), std::move(cause), std::move(remedy)};
}

/// One of the constants 0 to `last`, or throws.
std::uint32_t choice(const char* call, const char* member, std::uint32_t value, std::uint32_t last);

inline std::string text(const char* given) { return given == nullptr ? std::string() : std::string(given); }

inline std::chrono::nanoseconds nanoseconds(std::uint64_t given) noexcept {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(given, kMost)));
}

Wait wait_of(const char* call, std::uint32_t given, Wait by_default);

}  // namespace slickq::c
