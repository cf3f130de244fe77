// Named shared memory as one RAII type: atomic creation, attach, liveness lock.
//
// Thread safety: a Segment is moved and destroyed by one thread at a time; const functions by any.
// Invariants: 1. the name appears only when the content is complete: who can open it sees a finished segment.
// 2. as long as a Segment (or a mapping inherited from it) lives, a shared flock on the file says so; the kernel
// drops it at any death. 3. the destructor unmaps and closes; it never removes the name.
// Crash: killed anywhere in create() or between prepare() and give_name(), nothing is left (O_TMPFILE), or one private
// temporary file where the file system has no O_TMPFILE. SIGBUS: a process that truncates a segment others have mapped
// kills them; nothing in user space can prevent it, which is why inspect and the CLI read by pread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace slickq {

enum class Access : std::uint8_t {
  read_write,   ///< fail when it may not be written
  read_only,    ///< map read-only
  prefer_write  ///< read-write, or read-only where the permissions allow no more
};

struct CreateOptions {
  std::string shm_dir;           ///< empty: default_shm_dir()
  mode_t mode = 0600;            ///< exactly this; the umask is not applied
  bool mode_by_umask = false;    ///< instead: 0666 narrowed by the umask, as the originals' shm_open does
  std::optional<uid_t> owner{};  ///< chown to
  std::optional<gid_t> group{};
  bool prefault = false;  ///< these three: as MemoryHints
  bool lock_memory = false;
  bool huge_pages = false;
};

/// For how long who attaches waits for a remover, who holds lease and exclusive lock for some milliseconds. 0: not at
/// all, which is for those who may not stand still and come again anyway.
inline constexpr std::chrono::milliseconds kLockPatience{2000};

/// How this process holds the memory: speed, not meaning. A page costs 1.6 to 2 us when it is touched first, in each
/// process that maps it.
struct MemoryHints {
  bool prefault = false;     ///< touch every page now
  bool lock_memory = false;  ///< keep them in memory (mlock)
  bool huge_pages = false;   ///< ask for huge pages, and to make them of what is there (Linux 6.1 on)
};

class Segment {
 public:
  /// Called with the zero-filled mapping before the name appears.
  using Initialise = std::function<void(std::byte* base)>;
  /// Called with the open file and its length before anything is mapped; throws to refuse.
  using Check = std::function<void(int fd, std::uint64_t bytes)>;

  Segment() = default;
  Segment(Segment&& other) noexcept;
  Segment& operator=(Segment&& other) noexcept;
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  ~Segment();

  /// Create `name` with `bytes` bytes. Throws Error: exists when the name is taken (by anything), no_space with need,
  /// free and remedy when the directory is full (never SIGBUS later: the space is allocated here), permission,
  /// invalid_argument for the name.
  static Segment create(std::string_view name, std::uint64_t bytes, const CreateOptions& options,
                        const Initialise& initialise);

  /// create() in two steps: finished and paid for, but nobody sees it before give_name(). One that never gets its name
  /// leaves nothing. Throws as create(), but for `exists`.
  static Segment prepare(std::string_view name, std::uint64_t bytes, const CreateOptions& options,
                         const Initialise& initialise);
  /// Once, of a prepared one. Throws Error: exists when the name is taken by anything, permission; it stays prepared.
  void give_name();

  /// Attach to an existing one. Throws Error: not_found, permission, corrupt when it is not a regular file or
  /// `check` refuses it, busy when a remover holds it for longer than `patience`.
  static Segment attach(std::string_view name, std::string_view shm_dir, Access access, const Check& check,
                        std::chrono::milliseconds patience = kLockPatience);

  /// Best effort; what the kernel did of it.
  MemoryHints advise(const MemoryHints& hints) const noexcept;

  std::byte* data() const noexcept { return base_; }
  std::uint64_t bytes() const noexcept { return bytes_; }
  bool writable() const noexcept { return writable_; }
  const std::string& name() const noexcept { return name_; }
  const std::string& path() const noexcept { return path_; }
  std::uint64_t inode() const noexcept { return inode_; }
  int fd() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return base_ != nullptr; }

  /// Does the name no longer lead to this segment (removed, or made anew)? One stat() call.
  bool is_detached() const noexcept;

 private:
  void map(std::uint64_t bytes, bool writable);
  void release() noexcept;

  std::byte* base_ = nullptr;
  std::uint64_t bytes_ = 0;
  std::uint64_t inode_ = 0;
  std::uint64_t device_ = 0;
  int fd_ = -1;
  bool writable_ = false;
  std::string name_;
  std::string path_;
  std::string temporary_;  // prepared on a file system without O_TMPFILE: the name until it gets its own
};

}  // namespace slickq
