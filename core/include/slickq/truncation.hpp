// Surviving that somebody makes a mapped segment shorter.
//
// Whoever may write to a segment may also truncate its file, and the next touch of what is gone is SIGBUS, which ends
// the process. What only looks reads by pread (view.hpp) and gets an error; who has the segment mapped cannot. A
// library must not take a program's signals, so nothing happens by itself; a program that owns its process, as slickq
// and slickqd do, calls survive_truncation() once, before it maps anything. From then on a page that is missing in a
// mapped segment is replaced by a private one of zeros: the work goes on, on bytes that nobody else sees, and whoever
// does it asks at its end, or in its loop, whether it counts.
//
// Thread safety: everything may be called by any thread at any time. The handler takes no lock and allocates nothing.
// Limits: kWatchedMappings segments at a time; those beyond it, and everything that is no mapped segment, end the
// process as ever. Where the segment grows again, the private page stays until it is unmapped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace slickq {

inline constexpr std::size_t kWatchedMappings = 1024;

/// Takes SIGBUS for this process. Segments that are mapped already stay as they are.
void survive_truncation() noexcept;

/// How many missing pages were replaced in this process.
std::uint64_t replaced_pages() noexcept;

/// A piece of work on mapped segments.
class TruncationCheck {
 public:
  TruncationCheck() noexcept : before_(replaced_pages()) {}
  bool failed() const noexcept { return replaced_pages() != before_; }
  /// Throws Error(corrupt) when pages went missing since this object was made.
  void require_whole(const std::string& segment) const;

 private:
  std::uint64_t before_;
};

namespace detail {

/// What Segment maps and unmaps.
void watch_mapping(const std::byte* at, std::size_t bytes) noexcept;
void forget_mapping(const std::byte* at) noexcept;

}  // namespace detail
}  // namespace slickq
