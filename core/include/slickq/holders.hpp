// Who has a segment open or mapped, and how we know.
//
// Thread safety: any thread. Nothing is written to the segment; no signal reaches the program.
// Three proofs, strongest first: a shared flock (every slickq peer, across pid namespaces), a write lease
// refused (anybody at all, originals too; needs to own the file or CAP_LEASE), /proc (names them; needs the
// right to look into other users' processes, blind across pid namespaces; the locks of slickq peers it shows
// of everybody).
//
// The calling process never counts as a holder, its other threads and objects included; see
// Holders::by_caller. A child that was forked with the file open or mapped is a process of its own and
// counts.
//
// Crash: what was asked for is dropped by the kernel.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slickq {

class ProcPass;  // internal

enum class Proof : std::uint8_t {
  none,   ///< no proof was possible (no permission): unknown, `held` is then a guess of true
  flock,  ///< held: a slickq peer's lock is there. Not held: no peer; of others we know only what we may see
  lease,  ///< the kernel granted or refused a lease: certain both ways
  proc    ///< held: seen in /proc. Not held: no peer's lock, and /proc, which we may see wholly, shows nobody
};
std::string_view to_string(Proof proof) noexcept;

struct Holder {
  pid_t pid = 0;
  std::string command;   ///< from /proc/PID/comm
  std::string access;    ///< "read-write", "read-only", or "unknown" (we see only its lock)
  bool open = false;     ///< has a file descriptor
  bool mapped = false;   ///< has a mapping
  bool deleted = false;  ///< its file has no name any more: split brain when the name exists anew
};

struct Holders {
  bool held = false;  ///< by a process other than the calling one
  Proof proof = Proof::none;
  std::vector<Holder> processes;  ///< those we could name, the calling process excluded
  /// The calling process has it open or mapped. Looked for only when lock or lease said "held" and nobody
  /// else could be named: then, and only then, they may have meant us.
  bool by_caller = false;
  std::uint32_t count() const noexcept;  ///< processes named; at least 1 when held
  /// For messages: "pid 12 (feed), pid 13 (python3)", the first five; what is known when nobody can be named.
  std::string describe() const;
};

/// One file, as the kernel knows it.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  auto operator<=>(const FileId&) const = default;
};

/// One pass over /proc for any number of files: who has which open or mapped.
struct HolderMap {
  std::map<FileId, std::vector<Holder>> files;
  /// Of those whose name is gone: which it was, as far as /proc tells. Of one directory's pass only.
  std::map<FileId, std::string> removed;
  bool complete = false;  ///< every process could be looked into
  /// Empty when nobody.
  const std::vector<Holder>& of(FileId file) const noexcept;
};
/// Looks at every process but the calling one. `dir`: only files below that directory are of interest (empty:
/// all). `only`: when not empty, just these files, wherever they are and even when their names are gone.
HolderMap scan_holders(std::string_view dir, const std::vector<FileId>& only = {});

/// scan_holders() of a directory, a part at a time, for who must not be away for long. What it finds is of as many
/// moments as it had steps.
class HolderScan {
 public:
  explicit HolderScan(std::string_view dir);
  HolderScan(HolderScan&&) noexcept;
  HolderScan& operator=(HolderScan&&) noexcept;
  ~HolderScan();

  /// Looks at more processes. Asks whether the time is up every 10 ms or so, within a process, too. True: that were
  /// all.
  bool step(const std::function<bool()>& is_time_up);
  /// Once, behind the last step.
  HolderMap take();

 private:
  std::unique_ptr<ProcPass> pass_;
};

/// All three proofs on one file. `probe_lease`: a lease makes other processes' open() wait for up to some
/// milliseconds; monitoring passes false and is content with flock and /proc.
/// The calling process's own use: when it has the file open through ONE descriptor (a Segment, a View), the
/// lease is asked for on a duplicate of it, and the answer is as certain as without. With several, or without
/// the right to a lease, /proc alone tells the others from us: proof is proc then, or flock when we may not
/// see all of /proc and no other process's lock is shown there. Throws Error: not_found, permission (the
/// directory), corrupt (not a regular file).
Holders find_holders(const std::string& path, bool probe_lease = true);
/// The same with the /proc pass already done; another is made when somebody is there whom it did not see.
Holders find_holders(const std::string& path, const HolderMap& scanned, bool probe_lease = false);
/// The same without a lease and without another pass, in some 50 us: who came after the pass is held to be there by its
/// lock, and has no name.
Holders holders_by_lock(const std::string& path, const HolderMap& scanned);

}  // namespace slickq
