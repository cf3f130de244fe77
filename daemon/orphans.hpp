// Segments that match orphans.match, are nobody's, and have been idle for the grace time.
//
// Thread safety: none.
// An orphan is recognised as ours by its bytes (a queue, or a cursor "queue@name"), is not configured, is
// held by nobody, and its indexes have not changed for the grace time, measured by the daemon's rounds. Who
// cannot be proven absent counts as there. Crash: removal is core's remove_segment(): killed anywhere, the
// segment is whole, in quarantine, or gone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clock.hpp"
#include "config.hpp"
#include "events.hpp"
#include "holder_pass.hpp"
#include "snapshot.hpp"

namespace slickqd {

class OrphanWatch {
 public:
  /// One round: what it announces goes to `log`, what it knows is returned, sorted by name.
  std::vector<OrphanStatus> round(const Config& config, HolderPass& holders, Monotonic now, EventLog& log);

 private:
  // Two equal fingerprints: the same segment, and nobody reserved, published or moved the cursor in between.
  struct Fingerprint {
    std::uint64_t inode = 0;
    std::uint64_t index = 0;
    std::uint64_t published = 0;
    friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
  };
  struct Sighting {
    Fingerprint print;
    std::uint64_t bytes = 0;
    bool held = false;
  };
  struct Candidate {
    Fingerprint print;
    Monotonic idle_since{};
    bool announced = false;
  };

  static std::optional<Sighting> sight(const std::string& name, const std::string& shm_dir, HolderPass& holders);
  bool remove(const std::string& name, const Config& config, Candidate& candidate, Monotonic now, EventLog& log);

  std::map<std::string, Candidate> candidates_;
};

}  // namespace slickqd
