// Which segments exist in a shm directory, and what each of its files is.
//
// Thread safety: pure reading. Entries that vanish meanwhile are left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slickq/inspect.hpp"
#include "slickq/names.hpp"

namespace slickq {

enum class EntryKind : std::uint8_t {
  queue,
  cursor,        ///< 8 bytes
  initialising,  ///< a queue that is not finished
  damaged,       ///< a truncated queue
  quarantine,    ///< left by a remover that died; see adopt_quarantined()
  foreign,       ///< a regular file that is no queue
  special,       ///< directory, FIFO, socket, symlink, device
  unreadable     ///< could not be looked into; Entry::error
};
std::string_view to_string(EntryKind kind) noexcept;

struct Entry {
  std::string name;
  std::string path;
  EntryKind kind = EntryKind::foreign;
  FileFacts file;
  std::string owner;
  std::string group;
  std::string explanation;                  ///< why it is not a queue; empty for queues and cursors
  int error = 0;                            ///< unreadable: the errno; EWOULDBLOCK: leased, so for the moment only
  InitState init_state = InitState::none;   ///< initialising: what its header says of itself; none where it is empty
  std::optional<Geometry> geometry;         ///< queues
  std::uint64_t last_published = kNoIndex;  ///< queues
  std::optional<Scan> scan;                 ///< queues, when asked for
  std::vector<HoleOwner> hole_owners;       ///< one for each of scan's holes
  std::optional<std::uint64_t> cursor;      ///< cursors: the value
  std::optional<Holders> holders;           ///< when asked for
};

struct CatalogOptions {
  std::string shm_dir{};    ///< empty: default_shm_dir()
  bool everything = false;  ///< also what is neither queue nor cursor
  /// Only what has one of these names; no other file is opened, however many there are.
  std::optional<std::vector<std::string>> names{};
  bool holders = true;
  bool scan = true;  ///< published index and holes
};

/// Sorted by name. Waits for leased files for 50 ms in all. Throws Error: not_found, permission: of the directory.
std::vector<Entry> list_segments(const CatalogOptions& options);

}  // namespace slickq
