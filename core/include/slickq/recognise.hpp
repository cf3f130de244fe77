// What is this file? Decided from COPIES of its first 64 bytes and of its annex header (annex.hpp), and its length,
// never from live memory.
//
// Thread safety: pure functions.
// Crash: nothing is mapped or written; any bytes at all give an answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slickq/annex.hpp"
#include "slickq/geometry.hpp"

namespace slickq {

/// The first 64 bytes of a segment (zero-filled beyond the end of a shorter file).
using HeaderBytes = std::array<std::byte, kHeaderBytes>;

enum class Verdict : std::uint8_t {
  queue,         ///< a queue; geometry is set
  cursor,        ///< exactly 8 bytes: a shared cursor by convention
  initialising,  ///< a creator is at work, or died at it
  truncated,     ///< a queue by its header, but the file is too short
  foreign        ///< not a queue
};

struct Recognition {
  Verdict verdict = Verdict::foreign;
  /// Set when verdict is queue, and when it is initialising and the header tells all of it already.
  std::optional<Geometry> geometry;
  InitState init_state = InitState::none;
  std::string problem;            ///< why it is not a queue, empty when it is
  bool may_become_queue = false;  ///< a creator of the originals passes through such a state: look again
  bool has_annex = false;         ///< of this geometry, at annex_offset(*geometry)
};

/// `annex`: the 64 bytes at annex_place(file_bytes), where there is such a place.
Recognition recognise(const HeaderBytes& header, std::uint64_t file_bytes, const AnnexHeader* annex = nullptr);

/// Reads what recognise() wants by pread and asks it. Empty with errno when the file cannot be read. `header`, when
/// given, gets the first 64 bytes.
std::optional<Recognition> recognise_file(int fd, std::uint64_t file_bytes, HeaderBytes* header = nullptr);

/// The reserved index in a header copy of a recognised queue.
std::uint64_t reserved_index(const HeaderBytes& header, Layout layout) noexcept;
/// The size of the last reservation as the header tells it: 32 bits in `wide`, 16 in all others.
std::uint32_t last_reservation_size(const HeaderBytes& header, Layout layout) noexcept;
/// The last published index in a header copy; kNoIndex where none or not maintained.
std::uint64_t last_published_index(const HeaderBytes& header, Layout layout) noexcept;

/// The 64 header bytes of a fresh queue of that geometry.
HeaderBytes fresh_header(const Geometry& geometry) noexcept;

/// The releases of the originals that read and write this layout, e.g. "cpp-1.4+", "python-1.1+".
std::vector<std::string_view> compatible_with(Layout layout);

}  // namespace slickq
