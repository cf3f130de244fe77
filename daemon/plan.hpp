// What has to be done so that the world is as the config says: pure, nothing is touched here.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config.hpp"
#include "slickq/catalog.hpp"

namespace slickqd {

enum class StepKind : std::uint8_t {
  create,         ///< make the queue
  adopt,          ///< it is there, as configured
  keep,           ///< the name leads to something else, which stays (on_mismatch keep)
  recreate,       ///< another geometry; remove it when nobody holds it and make it anew
  create_cursor,  ///< make the cursor
  adopt_cursor,   ///< it is there
  keep_cursor,    ///< the cursor's name leads to something else, which stays
  unseen,         ///< a queue or cursor nobody can look into for the moment; it stays, and the rounds look again
  orphan          ///< matches orphans.match and is nobody's
};

struct Step {
  StepKind kind;
  std::size_t queue = 0;    ///< position in Config::queues; not for orphans
  std::string segment;      ///< name of the segment it is about
  std::string text;         ///< one line for people
  std::string found;        ///< keep, recreate: what is there instead
  std::uint64_t inode = 0;  ///< of what is there
  std::uint64_t bytes = 0;  ///< create, recreate of an idle one: what the new one takes
};

/// Why the plan cannot be carried out, and which value of the config is to blame.
struct Problem {
  std::string pointer;
  std::string text;
  std::string segment{};  ///< empty: no single one's
};

struct Plan {
  std::vector<Step> steps;
  std::vector<Problem> problems;
};

/// What the plan depends on: the config's queues and cursors; and, for orphans, those of `there` that match
/// orphans.match, and the queues of those that are cursors.
std::vector<std::string> names_to_look_at(const Config& config, std::span<const std::string> there);

/// `entries`: what is in the shm directory (CatalogOptions::everything), as far as names_to_look_at() wants it.
/// `free_bytes`: room in it, when known.
Plan make_plan(const Config& config, std::span<const slickq::Entry> entries, std::optional<std::uint64_t> free_bytes);

/// Is the segment one of the config's queues or cursors?
bool is_configured(const Config& config, std::string_view segment);
/// Does it match one of orphans.match?
bool matches_orphans(const OrphanConfig& orphans, const std::string& segment);

/// "create    ticks  slq1, ...", one line for each step; what --dry-run prints.
std::string describe(const Plan& plan);

}  // namespace slickqd
