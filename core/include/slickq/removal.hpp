// Taking a segment's name away, never under somebody who uses it.
//
// Thread safety: any thread, any number of processes on the same name.
// Invariants: 1. without force a name is only taken from a file that two looks, about 2 ms apart, found used
// by nobody: no slickq peer (flock), nobody else at all (lease; /proc where a lease may not be had and /proc
// shows every process). 2. what is unlinked is the file that was looked at, not whatever the name leads to by
// then.
//
// Crash: killed at any step, the segment is under its own name, in quarantine under a private name, or gone.
// adopt_quarantined() finishes what a killed remover left.
//
// A creation that was killed where the file system has no nameless files leaves ".slickq-tmp-<pid>-<number>", which
// adopt_quarantined() clears away as well.
//
// Quarantine name: ".slickq-gone-<inode>-<name>". A name too long for that (over about 225 bytes) stays where
// it is between the two looks; slickq peers are kept out by the lock all the same, and there is nothing to
// adopt.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "slickq/holders.hpp"

namespace slickq {

struct RemoveOptions {
  std::string shm_dir;      ///< empty: default_shm_dir()
  bool force = false;       ///< unlink even when held; the holders keep a nameless segment
  bool dry_run = false;     ///< only tell
  std::uint64_t inode = 0;  ///< not_found when the name leads to another inode by now; 0: any
};

struct Removal {
  bool removed = false;   ///< true also for a dry run that would remove
  bool was_held = false;  ///< removed by force under holders
  /// Who holds it, when refused or forced; else the proof that nobody does. Refused with proof none: we may
  /// not see enough to know. Refused without `held` but with by_caller: the calling process uses it itself.
  Holders holders;
};

/// Remove `name`: exclusive flock, lease, same inode, rename to quarantine, look again, unlink.
/// Held and not forced: removed = false, holders named. Force skips every look and the test that it is a
/// segment, but never takes away anything that is not a regular file. Throws Error: not_found, permission,
/// invalid_argument; corrupt (not a regular file, or neither queue nor cursor); busy (somebody got hold of it
/// in the middle and its name was taken anew: it stays in quarantine).
Removal remove_segment(std::string_view name, const RemoveOptions& options);

struct Adopted {
  std::string name;  ///< original name, or the quarantine name when it cannot be told
  bool restored;     ///< held: renamed back; else unlinked
};
/// Finish removals that died half-way in `shm_dir` (empty: default): free ones are unlinked, held ones
/// renamed back. Left as they are, and not in the result: those a living remover is at, those whose name was
/// taken anew while they are held, those that are leased, which is not waited for, and those we may not ask about or
/// touch. Half-made segments of a creator that died are unlinked, too (and reported under their private name). Any
/// number of processes at once; a second call finds nothing. Throws Error: not_found or permission for the directory.
std::vector<Adopted> adopt_quarantined(std::string_view shm_dir);

}  // namespace slickq
