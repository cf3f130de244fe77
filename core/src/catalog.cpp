#include "slickq/catalog.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "linux/fd.hpp"
#include "linux/lease.hpp"
#include "regular_file.hpp"
#include "slickq/error.hpp"
#include "slickq/lease_patience.hpp"

namespace slickq {
namespace {

constexpr std::array<std::string_view, 8> kKindNames{"queue",      "cursor",  "initialising", "damaged",
                                                     "quarantine", "foreign", "special",      "unreadable"};
static_assert(kKindNames.size() == static_cast<std::size_t>(EntryKind::unreadable) + 1);

constexpr std::array<EntryKind, 5> kKindOfVerdict{EntryKind::queue, EntryKind::cursor, EntryKind::initialising,
                                                  EntryKind::damaged, EntryKind::foreign};
static_assert(kKindOfVerdict.size() == static_cast<std::size_t>(Verdict::foreign) + 1);
static_assert(kKindOfVerdict[static_cast<std::size_t>(Verdict::truncated)] == EntryKind::damaged);

struct CloseDirectory {
  void operator()(DIR* dir) const noexcept { closedir(dir); }
};

// `only`: these, there or not, and the directory is not read; but it has to be one that could be.
std::vector<std::string> names_in(const std::string& dir, const std::optional<std::vector<std::string>>& only) {
  const std::unique_ptr<DIR, CloseDirectory> open(opendir(dir.c_str()));
  if (!open) {
    throw system_failure(dir, "cannot list the shm directory", errno,
                         errno == ENOENT ? "choose another by --shm-dir or SLICKQ_SHM_DIR" : "");
  }
  std::vector<std::string> names;
  if (only) names = *only;
  for (errno = 0; const dirent* entry = only ? nullptr : readdir(open.get()); errno = 0) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) throw system_failure(dir, "cannot list the shm directory", errno);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// The same few users own a thousand segments.
class Names {
 public:
  const std::string& user(uid_t id) { return remembered(users_, id, user_name); }
  const std::string& group(gid_t id) { return remembered(groups_, id, group_name); }

 private:
  template <class Id>
  static const std::string& remembered(std::map<Id, std::string>& known, Id id, std::string (*look_up)(Id)) {
    auto at = known.find(id);
    if (at == known.end()) at = known.emplace(id, look_up(id)).first;
    return at->second;
  }

  std::map<uid_t, std::string> users_;
  std::map<gid_t, std::string> groups_;
};

void mark_unreadable(Entry& entry, std::string_view action, int error) {
  entry.kind = EntryKind::unreadable;
  entry.error = error;
  entry.explanation = std::string(action) + ": " + std::generic_category().message(error);
}

bool is_gone(const Error& error) noexcept { return error.code() == Errc::not_found; }

void look_into_queue(Entry& entry, const CatalogOptions& options) {
  const View view = View::open_segment(entry.name, options.shm_dir);
  entry.geometry = view.geometry();
  entry.last_published = last_published_index(view.header(), view.geometry().layout());
  if (!options.scan) return;
  entry.scan = scan(view);
  entry.hole_owners = owners_of(view, entry.scan->holes);
}

// What a regular file is, by its bytes. False: it vanished.
bool classify(Entry& entry, const CatalogOptions& options) {
  if (entry.name.starts_with(kPrivatePrefix)) {
    entry.kind = EntryKind::quarantine;
    entry.explanation = "left half-way by a removal or creation that was killed";
    return true;
  }
  const Fd fd = open_probe(entry.path);
  if (!fd) {
    if (errno == ENOENT) return false;
    mark_unreadable(entry, "cannot look into it", errno);
    return true;
  }
  HeaderBytes header{};
  const auto recognised = recognise_file(fd.get(), entry.file.bytes, &header);
  if (!recognised) {
    mark_unreadable(entry, "cannot read it", errno);
    return true;
  }
  const Recognition& found = *recognised;
  entry.kind = kKindOfVerdict[static_cast<std::size_t>(found.verdict)];
  entry.init_state = found.init_state;
  if (entry.kind == EntryKind::queue) {
    look_into_queue(entry, options);
  } else if (entry.kind == EntryKind::cursor) {
    std::uint64_t value;
    std::memcpy(&value, header.data(), sizeof value);
    entry.cursor = value;
  } else {
    entry.explanation = explain(found, entry.file);
  }
  return true;
}

std::optional<Entry> look_at(const std::string& dir, const std::string& name, const CatalogOptions& options) {
  Entry entry;
  entry.name = name;
  entry.path = dir + "/" + name;
  struct stat stat {};
  if (lstat(entry.path.c_str(), &stat) != 0) {
    if (errno == ENOENT) return std::nullopt;
    mark_unreadable(entry, "cannot look at it", errno);
    return entry;
  }
  entry.file = facts_of(stat);
  if (const std::string_view kind = special_kind(stat.st_mode); !kind.empty()) {
    entry.kind = EntryKind::special;
    entry.explanation = kind;
    return entry;
  }
  try {
    if (!classify(entry, options)) return std::nullopt;
  } catch (const Error& error) {
    // Removed, replaced or truncated between two looks, or of a name that no segment can have.
    if (is_gone(error)) return std::nullopt;
    entry.geometry.reset();
    if (error.system_error() != 0) {  // leased between the two looks
      mark_unreadable(entry, "cannot look into it", error.system_error());
      return entry;
    }
    entry.kind = error.code() == Errc::corrupt ? EntryKind::damaged : EntryKind::foreign;
    entry.explanation = error.cause();
  }
  return entry;
}

bool has_holders(EntryKind kind) noexcept {
  return kind == EntryKind::queue || kind == EntryKind::cursor || kind == EntryKind::initialising ||
         kind == EntryKind::damaged;
}

void add_holders(std::vector<Entry>& entries, const std::string& dir) {
  std::vector<FileId> wanted;
  for (const Entry& entry : entries) {
    if (has_holders(entry.kind)) wanted.push_back({entry.file.device, entry.file.inode});
  }
  if (wanted.empty()) return;
  const HolderMap scanned = scan_holders(dir, wanted);
  std::erase_if(entries, [&](Entry& entry) {
    if (!has_holders(entry.kind)) return false;
    try {
      entry.holders = find_holders(entry.path, scanned);
      if (nobody_has(*entry.holders)) nobody_lives(entry.hole_owners);
      return false;
    } catch (const Error& error) {
      return is_gone(error);  // otherwise listed without holders
    }
  });
}

}  // namespace

std::string_view to_string(EntryKind kind) noexcept { return kKindNames[static_cast<std::size_t>(kind)]; }

std::vector<Entry> list_segments(const CatalogOptions& options) {
  const std::string dir = options.shm_dir.empty() ? default_shm_dir() : options.shm_dir;
  const LeasePatience for_all;
  Names names;
  std::vector<Entry> entries;
  for (const std::string& name : names_in(dir, options.names)) {
    std::optional<Entry> entry = look_at(dir, name, options);
    if (!entry) continue;
    if (!options.everything && entry->kind != EntryKind::queue && entry->kind != EntryKind::cursor) continue;
    if (entry->file.inode != 0) {  // 0: even lstat() was refused
      entry->owner = names.user(entry->file.owner);
      entry->group = names.group(entry->file.group);
    }
    entries.push_back(std::move(*entry));
  }
  if (options.holders) add_holders(entries, dir);
  return entries;
}

}  // namespace slickq
