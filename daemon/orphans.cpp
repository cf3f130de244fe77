#include "orphans.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "plan.hpp"
#include "probe.hpp"
#include "slickq/error.hpp"
#include "slickq/names.hpp"
#include "slickq/view.hpp"

namespace slickqd {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

// What is not there is not.
template <class Ask>
bool is_held(Ask ask) {
  try {
    return ask().held;
  } catch (const slickq::Error& error) {
    return error.code() != slickq::Errc::not_found;
  }
}

std::string path_of_queue(const slickq::CursorName& cursor, const std::string& shm_dir) {
  return slickq::segment_path(shm_dir, cursor.queue);
}

}  // namespace

std::vector<slickq::Adopted> finish_removals(const std::string& shm_dir, const char* reason, EventLog& log) {
  std::vector<slickq::Adopted> found = slickq::adopt_quarantined(shm_dir);
  const std::size_t told = std::min(found.size(), OrphanWatch::kToldSingly);
  for (std::size_t k = 0; k < told; ++k) {
    const EventKind kind = found[k].restored ? EventKind::adopted : EventKind::orphan_removed;
    log.record({kind, found[k].name, {{"reason", reason}}});
  }
  if (told < found.size()) log.record({EventKind::orphan_removed, "", {{"more", found.size() - told}}});
  return found;
}

OrphanWatch::Result OrphanWatch::round(const Config& config, HolderPass& holders, Monotonic now, EventLog& log,
                                       OrphanAction action, std::chrono::milliseconds budget) {
  Result result;
  overlooked_ = announced_ = 0;
  if (action == OrphanAction::remove) try_unfinished(config, now, log);
  if (config.orphans.match.empty()) {
    candidates_.clear();
    return result;
  }
  auto present = matching_names(config);
  std::vector<std::string> names = present ? std::move(*present) : std::vector<std::string>();
  result.complete = present.has_value();
  std::erase_if(candidates_, [&](const auto& candidate) {
    return present && !std::binary_search(names.begin(), names.end(), candidate.first);
  });
  // On from where the last round ended.
  std::rotate(names.begin(), std::upper_bound(names.begin(), names.end(), ended_at_), names.end());
  const Round round{config, holders, now, log, action};
  const Monotonic end = clock_.monotonic() + budget;
  for (const std::string& name : names) {
    if (clock_.monotonic() > end) {
      result.complete = false;
      break;
    }
    if (!look(name, round, result.removed)) result.complete = false;
    ended_at_ = name;
  }
  if (announced_ > kToldSingly) log.record({EventKind::orphan_found, "", {{"more", announced_ - kToldSingly}}});
  for (const auto& [name, candidate] : candidates_) result.seen.push_back(candidate.status);
  std::sort(result.removed.begin(), result.removed.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return result;
}

std::optional<std::vector<std::string>> OrphanWatch::matching_names(const Config& config) {
  std::vector<std::string> names;
  try {
    names = names_in(config.shm_dir, [&](const auto& name) { return matches_orphans(config.orphans, name); });
  } catch (const slickq::Error& error) {
    if (is_for_now(error)) return std::nullopt;
    return names;  // the round says what is wrong with the directory
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool OrphanWatch::has_another_name(const std::string& name, const Sighting& sighting) const {
  return sighting.links > 1 && std::any_of(candidates_.begin(), candidates_.end(), [&](const auto& candidate) {
           return candidate.first != name && candidate.second.print.inode == sighting.print.inode;
         });
}

// What is in use is no orphan, and its next look begins anew whether it is remembered or not.
bool OrphanWatch::make_place() {
  const auto held = std::find_if(candidates_.begin(), candidates_.end(),
                                 [](const auto& candidate) { return candidate.second.status.held; });
  if (held == candidates_.end()) return false;
  candidates_.erase(held);
  return true;
}

void OrphanWatch::announce(const std::string& name, const Candidate& candidate, EventLog& log) {
  ++detected_;
  if (++announced_ > kToldSingly) return;
  log.record(
      {EventKind::orphan_found, name, {{"bytes", candidate.status.bytes}, {"idle_ms", candidate.status.idle.count()}}});
}

bool OrphanWatch::look(const std::string& name, const Round& round, std::vector<OrphanStatus>& removed) {
  std::optional<Sighting> sighting;
  try {
    if (!is_configured(round.config, name)) sighting = sight(name, round.config.shm_dir, round.holders);
  } catch (const slickq::Error&) {
    return false;  // busy for the moment: what the last look saw stands
  }
  if (!sighting || has_another_name(name, *sighting)) {
    candidates_.erase(name);
    return true;
  }
  const bool needs_place = candidates_.size() >= kMost && !candidates_.contains(name);
  if (needs_place && (sighting->held || !make_place())) {
    ++overlooked_;
    return false;
  }
  const auto [known, fresh] = candidates_.try_emplace(name);
  Candidate& candidate = known->second;
  if (sighting->held || fresh || candidate.print != sighting->print) {
    candidate = Candidate{.print = sighting->print, .idle_since = round.now};
  }
  const auto idle = duration_cast<milliseconds>(round.now - candidate.idle_since);
  const bool due = !sighting->held && idle >= round.config.orphans.grace;
  candidate.status = {name, sighting->bytes, sighting->held, due, idle};
  if (due && !candidate.announced) {
    candidate.announced = true;
    announce(name, candidate, round.log);
  }
  if (due && round.action == OrphanAction::remove && remove(name, round.config, candidate, round.now, round.log)) {
    removed.push_back(candidate.status);
    candidates_.erase(known);
  }
  return true;
}

std::optional<OrphanWatch::Sighting> OrphanWatch::sight(const std::string& name, const std::string& shm_dir,
                                                        HolderPass& holders) {
  const std::string path = slickq::segment_path(shm_dir, name);
  try {
    if (const auto parts = slickq::split_cursor_name(name)) {
      if (const auto cursor = look_at_cursor(path)) {
        const auto of_queue = [&]() -> const slickq::Holders& { return holders.of(path_of_queue(*parts, shm_dir)); };
        const bool held = holders.of(path).held || is_held(of_queue);
        return Sighting{{cursor->inode, cursor->value, 0}, sizeof(cursor->value), held, cursor->links};
      }
    }
    const auto view = slickq::View::open_segment(name, shm_dir);
    const auto header = view.header();
    const auto layout = view.geometry().layout();
    const slickq::FileFacts facts = view.facts();
    return Sighting{{facts.inode, slickq::reserved_index(header, layout), slickq::last_published_index(header, layout)},
                    facts.bytes,
                    holders.of(path).held,
                    facts.links};
  } catch (const slickq::Error& error) {
    if (is_for_now(error) || error.code() == slickq::Errc::system) throw;
    return std::nullopt;  // not a queue, gone, or not ours to read: never an orphan
  }
}

std::uint64_t OrphanWatch::waiting() const noexcept {
  return static_cast<std::uint64_t>(std::count_if(candidates_.begin(), candidates_.end(),
                                                  [](const auto& candidate) { return candidate.second.announced; }));
}

// What could be put aside, but not be unlinked, is no longer under the name that is looked at.
void OrphanWatch::try_unfinished(const Config& config, Monotonic now, EventLog& log) {
  if (!unfinished_since_ || now - *unfinished_since_ < config.orphans.grace) return;
  unfinished_since_ = now;
  try {
    const auto found = finish_removals(config.shm_dir, "its removal had failed half-way", log);
    if (!found.empty()) unfinished_since_.reset();
    removed_ += static_cast<std::uint64_t>(
        std::count_if(found.begin(), found.end(), [](const auto& one) { return !one.restored; }));
  } catch (const slickq::Error&) {  // the round says what is wrong with the directory
  }
}

// The last word has core: exclusive lock, lease, quarantine. It refuses when anybody at all is there.
bool OrphanWatch::remove(const std::string& name, const Config& config, Candidate& candidate, Monotonic now,
                         EventLog& log) {
  // What the pass told of a cursor's queue may be minutes old, and core asks for the cursor only.
  const auto cursor = slickq::split_cursor_name(name);
  if (cursor && is_held([&] { return slickq::find_holders(path_of_queue(*cursor, config.shm_dir)); })) {
    candidate.idle_since = now;
    candidate.status.due = false;
    return false;
  }
  slickq::RemoveOptions options;
  options.shm_dir = config.shm_dir;
  options.inode = candidate.print.inode;
  try {
    if (slickq::remove_segment(name, options).removed) {
      log.record({EventKind::orphan_removed, name, {{"inode", candidate.print.inode}}});
      ++removed_;
      return true;
    }
  } catch (const slickq::Error& error) {
    if (error.code() == slickq::Errc::not_found) return false;  // somebody else was first: the next look sees that
    // Tried again after another grace time, but told once: an error that stays must not fill the log.
    if (candidate.failure != error.what()) {
      log.record({EventKind::orphan_found, name, {{"removal_failed", error.what()}}});
    }
    candidate.failure = error.what();
    unfinished_since_ = now;
  }
  candidate.idle_since = now;
  return false;
}

}  // namespace slickqd
