// The lock on a journal line: who holds it lives.
//
// Thread safety: system calls; any threads.
// The lock belongs to the open file, as flock does: it survives close() while a mapping lives, is dropped by the kernel
// at any death, and does NOT conflict with locks of the same open file. So ask through a file opened for asking.
#pragma once

#include <cstdint>

#include "slickq/geometry.hpp"

namespace slickq {

/// The same file opened once more; < 0 with errno when that fails. By descriptor and not by name: the name may lead to
/// another segment by now.
int open_again(int fd, bool for_writing) noexcept;

/// Offset of a journal line in its segment.
std::uint64_t journal_line_offset(const Geometry& geometry, std::uint32_t line) noexcept;

/// Take it without waiting. False: somebody has it, or holds it off, or `fd` is not open for writing.
bool try_lock_line(int fd, std::uint64_t offset) noexcept;
/// Keep owners off a line that has none. Any number may do so at once, and nobody who asks takes them for an owner.
/// False: it has an owner.
bool try_hold_off_line(int fd, std::uint64_t offset) noexcept;
void unlock_line(int fd, std::uint64_t offset) noexcept;

enum class LineLock : std::uint8_t { free, taken, unknown };
/// Does another open file hold it? Reading rights are enough.
LineLock ask_line_lock(int fd, std::uint64_t offset) noexcept;

}  // namespace slickq
