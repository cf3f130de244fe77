// Segments that match orphans.match, are nobody's, and have been idle for the grace time.
//
// Thread safety: none.
// An orphan is recognised as ours by its bytes (a queue, or a cursor "queue@name"), is not configured, is held by
// nobody, and its indexes have not changed for the grace time, measured by the daemon's rounds. Who cannot be proven
// absent counts as there. A cursor is held by whoever holds its queue: its consumer may be between two runs, and would
// lose its place. A look costs 50 us, a removal some milliseconds: a round takes kBudget of the time and no
// more, and the next one goes on where it ended. What was not looked at stays as it was. Crash: removal is core's
// remove_segment(): killed anywhere, the segment is whole, in quarantine, or gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clock.hpp"
#include "config.hpp"
#include "events.hpp"
#include "holder_pass.hpp"
#include "slickq/removal.hpp"
#include "snapshot.hpp"

namespace slickqd {

/// Does what a removal left that did not come to its end: its remover died, or it failed half-way. Told with `reason`:
/// some of them singly, of the others the number, as anybody may leave as many as he likes. Throws as
/// slickq::adopt_quarantined().
std::vector<slickq::Adopted> finish_removals(const std::string& shm_dir, const char* reason, EventLog& log);

class OrphanWatch {
 public:
  static constexpr std::chrono::milliseconds kBudget{20};
  /// Of a look that somebody asked for and waits for: well below what a watchdog waits.
  static constexpr std::chrono::milliseconds kAskedBudget{5000};
  /// Anybody may make segments that match: more are not kept in mind, and of more than kToldSingly that become due in
  /// one round the others are told as a number.
  static constexpr std::size_t kMost = 1000;
  static constexpr std::size_t kToldSingly = 10;
  explicit OrphanWatch(const Clock& clock) : clock_(clock) {}

  struct Result {
    std::vector<OrphanStatus> seen;     ///< and still there
    std::vector<OrphanStatus> removed;  ///< in this round
    bool complete = true;               ///< false: not every name was looked at: no time, more than kMost, or leased
  };
  /// One round: what it announces goes to `log`, what it knows is returned, sorted by name. `action`: instead of the
  /// config's.
  Result round(const Config& config, HolderPass& holders, Monotonic now, EventLog& log, OrphanAction action,
               std::chrono::milliseconds budget = kBudget);

  /// How many it announced and are still there; how many it ever announced, and how many it removed.
  std::uint64_t waiting() const noexcept;
  /// So many names the last round could not keep in mind, as there are kMost others.
  std::size_t overlooked() const noexcept { return overlooked_; }
  std::uint64_t detected() const noexcept { return detected_; }
  std::uint64_t removed() const noexcept { return removed_; }

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
    std::uint64_t links = 1;
  };
  struct Candidate {
    Fingerprint print;
    Monotonic idle_since{};
    bool announced = false;
    OrphanStatus status{};  ///< of the last look
    std::string failure{};  ///< why the last removal failed
  };
  struct Round {
    const Config& config;
    HolderPass& holders;
    Monotonic now;
    EventLog& log;
    OrphanAction action;
  };

  // Nothing: that cannot be told for the moment.
  static std::optional<std::vector<std::string>> matching_names(const Config& config);
  /// False: it could not be looked at, or not be kept in mind.
  bool look(const std::string& name, const Round& round, std::vector<OrphanStatus>& removed);
  bool has_another_name(const std::string& name, const Sighting& sighting) const;
  /// For one more; false: none of those that are kept in mind may go.
  bool make_place();
  void try_unfinished(const Config& config, Monotonic now, EventLog& log);
  void announce(const std::string& name, const Candidate& candidate, EventLog& log);
  static std::optional<Sighting> sight(const std::string& name, const std::string& shm_dir, HolderPass& holders);
  bool remove(const std::string& name, const Config& config, Candidate& candidate, Monotonic now, EventLog& log);

  const Clock& clock_;
  std::map<std::string, Candidate> candidates_;
  std::size_t overlooked_ = 0;
  std::size_t announced_ = 0;                  // in this round
  std::string ended_at_;                       // the last name that was looked at
  std::optional<Monotonic> unfinished_since_;  // a removal failed, and perhaps half-way
  std::uint64_t detected_ = 0;
  std::uint64_t removed_ = 0;
};

}  // namespace slickqd
