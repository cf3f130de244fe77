// Structs of <slickq/slickq.h> that may grow: their first member says how long the program's is.
//
// Invariants: 1. a program works with every later library: of a struct nothing behind `struct_size` is read or written,
// and members that it does not have are 0. 2. with an older library, too, as long as what that does not know is 0. So
// new members go to the end, in whole words, and kFirstSize never changes.
//
// Thread safety: all of it from any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "slickq/slickq.h"

namespace slickq::c {

/// Bytes of a struct as it was released first: less cannot be one.
template <class Struct>
inline constexpr std::size_t kFirstSize = 0;

#define SLICKQ_FIRST(Struct, last_member) \
  template <>                             \
  inline constexpr std::size_t kFirstSize<Struct> = offsetof(Struct, last_member) + sizeof(Struct::last_member)
SLICKQ_FIRST(slickq_queue_options, must_be_zero);
SLICKQ_FIRST(slickq_open_options, flags);
SLICKQ_FIRST(slickq_queue_info, has_journal);
SLICKQ_FIRST(slickq_unlink_options, dry_run);
SLICKQ_FIRST(slickq_producer_options, wait);
SLICKQ_FIRST(slickq_producer_info, is_engaged);
SLICKQ_FIRST(slickq_consumer_options, must_be_zero);
SLICKQ_FIRST(slickq_consumer_info, skipped_elements);
SLICKQ_FIRST(slickq_cursor_options, flags);
SLICKQ_FIRST(slickq_inspection, proof);
#undef SLICKQ_FIRST

/// Throws Error(invalid_argument) unless a struct from C can be one of any version.
void check_struct_size(const char* call, std::size_t given, std::size_t least);
/// Throws Error(invalid_argument) when a newer program uses a member that this library does not know.
void check_unknown_members(const char* call, const void* members, std::size_t bytes);

/// A copy of the options, or all defaults. Throws Error(invalid_argument).
template <class Options>
Options options_of(const char* call, const Options* given) {
  static_assert(kFirstSize<Options> != 0);
  Options options{};
  if (given == nullptr) return options;
  const std::size_t size = given->struct_size;
  check_struct_size(call, size, kFirstSize<Options>);
  std::memcpy(&options, given, std::min(size, sizeof options));
  if (size > sizeof options) check_unknown_members(call, given + 1, size - sizeof options);
  return options;
}

/// Hands `facts` out, as much as there is room for; what a newer program has beyond them is zero. Throws
/// Error(invalid_argument).
template <class Facts>
void give(const char* call, Facts facts, Facts* to) {
  static_assert(kFirstSize<Facts> != 0);
  const std::size_t size = to->struct_size;
  check_struct_size(call, size, kFirstSize<Facts>);
  facts.struct_size = size;
  std::memset(static_cast<void*>(to), 0, size);
  std::memcpy(static_cast<void*>(to), &facts, std::min(size, sizeof facts));
}

}  // namespace slickq::c
