// Our own tail behind the elements: what the format has no room for. The originals map what a file has and compare
// nothing with its length, so they neither see nor touch it.
//
//   segment = header slots [pad] elements | zeros up to a page boundary | annex
//   annex   = header, wait word, waiter count, one spare line, journal lines; each on a cache line of its own
//
// Thread safety: plain structs; how they are used: journal.hpp, wait.hpp.
// Hostile input: nothing here is trusted more than the rest of the file. is_annex_of() compares the geometry copy with
// the header's; no size is read from the annex afterwards.
// Crash: written before the segment gets its name, never resized.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "slickq/geometry.hpp"

namespace slickq {

inline constexpr std::uint64_t kAnnexMagic = 0x78656E6E41514C53;  // "SLQAnnex"
inline constexpr std::uint32_t kAnnexVersion = 1;
inline constexpr std::uint32_t kJournalLines = 64;
/// The annex begins at a multiple of this, whatever the machine's pages are.
inline constexpr std::uint64_t kAnnexAlignment = 4096;

using SegmentId = std::array<std::byte, 16>;

struct alignas(64) AnnexHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t bytes;  ///< of the whole annex
  std::uint32_t layout;
  std::uint32_t capacity;
  std::uint32_t element_size;
  std::uint32_t items_per_slot;
  std::uint64_t created_ns;  ///< wall clock, nanoseconds since 1970
  SegmentId id;              ///< random: tells a segment from a later one of the same name
  std::uint32_t journal_lines;
  std::uint32_t spare;
};
static_assert(sizeof(AnnexHeader) == 64);
static_assert(offsetof(AnnexHeader, layout) == 16);
static_assert(offsetof(AnnexHeader, created_ns) == 32);
static_assert(offsetof(AnnexHeader, id) == 40);
static_assert(offsetof(AnnexHeader, journal_lines) == 56);

/// A 32-bit word that has a cache line to itself.
struct alignas(64) LonelyWord {
  std::uint32_t value;
};

/// What one producer is doing; see journal.hpp.
struct alignas(64) JournalLine {
  std::uint64_t claim;   ///< index << 2 | JournalState
  std::uint64_t end;     ///< held: one past the last index
  std::uint32_t pid;     ///< of the owner as it sees itself; for people, never a proof
  std::uint32_t buried;  ///< not 0: the owner was proven dead, and writes nothing any more
  std::uint64_t spare;
  WideWord passed;  ///< by others: {what later laps gave up in the held slots (passed.hpp), first index held}
};
static_assert(sizeof(JournalLine) == 64);
static_assert(offsetof(JournalLine, end) == 8);
static_assert(offsetof(JournalLine, pid) == 16);
static_assert(offsetof(JournalLine, buried) == 20);
static_assert(offsetof(JournalLine, passed) == 32);

struct Annex {
  AnnexHeader header;
  LonelyWord wake;         ///< futex word: changes with every wake-up
  LonelyWord waiters;      ///< not 0: consumers sleep, or are about to; see wait.hpp
  LonelyWord journal_top;  ///< no line from this number on was ever claimed
  JournalLine journal[kJournalLines];
};
static_assert(sizeof(Annex) == 4352);
static_assert(offsetof(Annex, wake) == 64);
static_assert(offsetof(Annex, waiters) == 128);
static_assert(offsetof(Annex, journal_top) == 192);
static_assert(offsetof(Annex, journal) == 256);

/// Where the annex of a segment of that geometry begins.
inline std::uint64_t annex_offset(const Geometry& geometry) noexcept {
  return (geometry.segment_bytes() + kAnnexAlignment - 1) / kAnnexAlignment * kAnnexAlignment;
}
/// Length of a segment with its annex.
inline std::uint64_t bytes_with_annex(const Geometry& geometry) noexcept {
  return annex_offset(geometry) + sizeof(Annex);
}
/// Where the annex of a file of that length would begin, if it has one.
constexpr std::optional<std::uint64_t> annex_place(std::uint64_t file_bytes) noexcept {
  if (file_bytes < kAnnexAlignment + sizeof(Annex)) return std::nullopt;
  const std::uint64_t offset = file_bytes - sizeof(Annex);
  return offset % kAnnexAlignment == 0 ? std::optional(offset) : std::nullopt;
}

/// The geometry that a sound annex at the end of a file of that length states; nothing when it is not one.
std::optional<Geometry> annex_geometry(const AnnexHeader& header, std::uint64_t file_bytes);

/// The header of a new annex, with the time and a random id.
AnnexHeader fresh_annex_header(const Geometry& geometry);

}  // namespace slickq
