#include "orphans.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "plan.hpp"
#include "probe.hpp"
#include "slickq/error.hpp"
#include "slickq/names.hpp"
#include "slickq/removal.hpp"
#include "slickq/view.hpp"

namespace slickqd {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

}  // namespace

std::vector<OrphanStatus> OrphanWatch::round(const Config& config, HolderPass& holders, Monotonic now, EventLog& log) {
  std::map<std::string, Candidate> still;
  std::vector<OrphanStatus> seen;
  if (config.orphans.match.empty()) {
    candidates_.clear();
    return seen;
  }
  for (const std::string& name : names_in(config.shm_dir)) {
    if (!matches_orphans(config.orphans, name) || is_configured(config, name)) continue;
    const auto sighting = sight(name, config.shm_dir, holders);
    if (!sighting) continue;

    const auto known = candidates_.find(name);
    Candidate candidate = known != candidates_.end() ? known->second : Candidate{};
    if (sighting->held || known == candidates_.end() || candidate.print != sighting->print) {
      candidate = Candidate{sighting->print, now, false};
    }
    const auto idle = duration_cast<milliseconds>(now - candidate.idle_since);
    const bool due = !sighting->held && idle >= config.orphans.grace;
    if (due && !candidate.announced) {
      candidate.announced = true;
      log.record({EventKind::orphan_found, name, {{"bytes", sighting->bytes}, {"idle_ms", idle.count()}}});
    }
    const bool removed =
        due && config.orphans.action == OrphanAction::remove && remove(name, config, candidate, now, log);
    if (removed) continue;
    still.emplace(name, candidate);
    seen.push_back({name, sighting->bytes, sighting->held, due, idle});
  }
  candidates_ = std::move(still);
  std::sort(seen.begin(), seen.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return seen;
}

std::optional<OrphanWatch::Sighting> OrphanWatch::sight(const std::string& name, const std::string& shm_dir,
                                                        HolderPass& holders) {
  const std::string path = slickq::segment_path(shm_dir, name);
  try {
    if (slickq::split_cursor_name(name)) {
      if (const auto cursor = look_at_cursor(path)) {
        return Sighting{{cursor->inode, cursor->value, 0}, sizeof(cursor->value), holders.of(path).held};
      }
    }
    const auto view = slickq::View::open_segment(name, shm_dir);
    const auto header = view.header();
    const auto layout = view.geometry().layout();
    const slickq::FileFacts facts = view.facts();
    return Sighting{{facts.inode, slickq::reserved_index(header, layout), slickq::last_published_index(header, layout)},
                    facts.bytes,
                    holders.of(path).held};
  } catch (const slickq::Error&) {
    return std::nullopt;  // not a queue, gone, or not ours to read: never an orphan
  }
}

// The last word has core: exclusive lock, lease, quarantine. It refuses when anybody at all is there.
bool OrphanWatch::remove(const std::string& name, const Config& config, Candidate& candidate, Monotonic now,
                         EventLog& log) {
  slickq::RemoveOptions options;
  options.shm_dir = config.shm_dir;
  options.inode = candidate.print.inode;
  try {
    if (slickq::remove_segment(name, options).removed) {
      log.record({EventKind::orphan_removed, name, {{"inode", candidate.print.inode}}});
      return true;
    }
  } catch (const slickq::Error& error) {
    // Retried after another grace time: an error that stays must not fill the log.
    log.record({EventKind::orphan_found, name, {{"removal_failed", error.what()}}});
  }
  candidate.idle_since = now;
  return false;
}

}  // namespace slickqd
