// Reading a segment, or a file holding a segment's bytes, without mapping it.
//
// Everything goes by pread: a segment truncated under our hands gives an error instead of SIGBUS, holes in
// the file cost no memory, and read permission is enough. Nothing is ever written.
//
// Thread safety: const functions from any thread. Each object owns one file descriptor.
// Hostile input: the header is copied once and validated against the file size; no size is taken from the
// segment afterwards.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "slickq/consumer.hpp"
#include "slickq/geometry.hpp"
#include "slickq/recognise.hpp"

namespace slickq {

/// What stat() says of a segment.
struct FileFacts {
  std::uint64_t bytes = 0;
  std::uint64_t resident_bytes = 0;  ///< blocks really allocated
  std::uint64_t inode = 0;
  std::uint64_t device = 0;
  std::uint32_t links = 0;  ///< 0: no name leads to it any more
  mode_t mode = 0;          ///< permission bits
  uid_t owner = 0;
  gid_t group = 0;
  timespec changed{};  ///< ctime
};

/// Throws Error(corrupt) when `bytes`, the size of the file of segment `name`, are fewer than its queue takes: somebody
/// made it shorter. Who waits for what is new, and touches nothing else, would not notice for long.
void require_whole(const std::string& name, const Geometry& geometry, std::uint64_t bytes);

class View {
 public:
  /// A segment by name. Throws Error: invalid_argument, not_found, permission, corrupt (with what it is
  /// instead).
  static View open_segment(std::string_view name, std::string_view shm_dir = {});
  /// A file of a segment's bytes (a copy, a core's leftover). Same errors.
  static View open_file(const std::string& path);

  View(View&& other) noexcept;
  View& operator=(View&& other) noexcept;
  ~View();

  const Geometry& geometry() const noexcept { return geometry_; }
  InitState init_state() const noexcept { return init_state_; }
  const std::string& name() const noexcept { return name_; }  ///< segment name, or the file's path
  const std::string& path() const noexcept { return path_; }
  bool is_live() const noexcept { return live_; }  ///< a segment, not a file of bytes

  bool has_annex() const noexcept { return has_annex_; }

  /// Fresh copies; all throw Error(corrupt) when the file became shorter than its geometry.
  HeaderBytes header() const;
  void read_slots(std::uint32_t first, std::span<Slot> out) const;
  /// `count` elements from element position `index & mask`; they must not pass the end of the ring.
  void read_elements(std::uint64_t index, std::uint32_t count, std::span<std::byte> out) const;

  /// All zero without one.
  Annex annex() const;

  std::uint64_t reserved_index() const;
  /// What the file is by now.
  Recognition recognise_again() const;
  /// For the lock questions of journal_locks.hpp: reading only.
  int fd() const noexcept { return fd_; }
  FileFacts facts() const;
  /// Does the name lead to another segment, or nowhere, by now?
  bool is_detached() const noexcept;
  /// Is the file still as long as its queue? Throws as the function of that name.
  void require_whole() const;

 private:
  View(int fd, std::string name, std::string path, bool live, const Recognition& found);
  static View open(std::string name, std::string path, bool live);
  void read_at(void* to, std::size_t bytes, std::uint64_t offset) const;

  int fd_ = -1;
  bool live_ = false;
  bool has_annex_ = false;
  InitState init_state_ = InitState::none;
  std::string name_;
  std::string path_;
  Geometry geometry_;
};

/// A consumer over a View: validated copies, loss counted, markers followed; see consumer.hpp for the
/// semantics. Reads whole windows of slots and elements with a handful of system calls. One thread; the View
/// outlives it.
class ViewReader {
 public:
  ViewReader(const View& view, Start start);

  /// The next item, its elements in `out` (resized). Never waits: Pop::empty when nothing is published at the
  /// cursor, and when producers overwrite the ring faster than it can be copied (lost > 0 then). Throws
  /// Error(corrupt) when the file was truncated.
  PopResult next(std::vector<std::byte>& out);

  std::uint64_t cursor() const noexcept { return cursor_; }
  std::uint64_t lost_elements() const noexcept { return lost_; }

 private:
  enum class Fill : std::uint8_t { ready, nothing, moved, overwritten, reset };

  /// Read the window at the cursor, or follow its marker.
  Fill fill();
  Fill standing(std::uint64_t reserved) const noexcept;  // where the cursor stands, given that C
  void read_slots(std::uint32_t count);
  std::uint64_t end_of_items(std::uint64_t from, std::uint64_t limit, std::uint64_t first_limit,
                             std::uint64_t reserved) const noexcept;
  std::uint64_t resync_from(std::uint64_t reserved) const noexcept;
  std::uint64_t resync(std::uint64_t reserved) const;
  std::uint64_t rest_of_window() noexcept;
  const Slot& slot_at(std::uint64_t index) const noexcept;
  void take_item(std::vector<std::byte>& out, PopResult& result);
  void skip_overwritten(PopResult& result);

  const View* view_;
  std::uint64_t cursor_;
  std::uint64_t lost_ = 0;
  // One window, [window_begin_, window_end_): whole items, one behind the other, of one lap, good from the
  // cursor on. window_reserved_ is C read after they were copied.
  std::uint64_t window_begin_ = 0;
  std::uint64_t window_end_ = 0;
  std::uint64_t window_reserved_ = 0;
  std::vector<Slot> slots_;
  std::vector<Slot> second_look_;
  std::vector<std::byte> elements_;
};

}  // namespace slickq
