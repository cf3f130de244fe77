// Everything about one queue, as `slickq inspect`, the daemon and other programs show it; and fsck.
//
// Thread safety: pure reading by pread; see view.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slickq/holders.hpp"
#include "slickq/repair.hpp"
#include "slickq/scan.hpp"
#include "slickq/view.hpp"

namespace slickq {

struct Inspection {
  std::string name;
  std::string path;
  Geometry geometry;
  InitState init_state;
  FileFacts file;
  std::uint64_t last_published;  ///< kNoIndex: none, or not maintained by the layout
  Scan scan;
  std::vector<HoleOwner> hole_owners;  ///< one for each of scan.holes
  std::optional<Holders> holders;      ///< not for a file of bytes, a removed segment, nor when not asked for
  std::string owner;                   ///< user name, or the number
  std::string group;
};

struct InspectOptions {
  bool holders = true;
  bool probe_lease = true;
  /// Without `holders`: the caller has just proven that nobody has the segment (repair.hpp).
  bool nobody_has_it = false;
};

Inspection inspect(const View& view, const InspectOptions& options = {});

/// User and group names; the number where there is none.
std::string user_name(uid_t uid);
std::string group_name(gid_t gid);

/// One thing that is wrong with a segment.
struct Finding {
  enum class Kind : std::uint8_t { header, slot, marker, hole } kind;
  std::uint64_t where = 0;  ///< slot number, or first index of a hole; 0 for the header
  std::string text;
};

/// fsck: header words, every slot's index fits its position, sizes, markers point forward and not beyond C,
/// holes with something published behind them (what is reserved behind the last published item is in flight).
/// On a live queue what looks wrong is looked at again after `settle_ms`, and only what stays is reported.
/// Empty: sound. After 1000 findings it stops and says so in the last.
std::vector<Finding> verify(const View& view, unsigned settle_ms = 100);

}  // namespace slickq
