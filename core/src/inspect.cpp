#include "slickq/inspect.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "slickq/error.hpp"

namespace slickq {
namespace {

constexpr std::size_t kLargestRecord = 1 << 20;  // a group with very many members

// getpwuid_r and getgrgid_r alike: the buffer grows until the record fits; no record or no answer gives the
// number.
template <class Record, class Id, class Lookup>
std::string name_of(Id id, Lookup lookup, char* Record::*name) {
  for (std::size_t bytes = 1024; bytes <= kLargestRecord; bytes *= 4) {
    std::vector<char> buffer(bytes);
    Record record{};
    Record* found = nullptr;
    const int error = lookup(id, &record, buffer.data(), buffer.size(), &found);
    if (error == ERANGE) continue;
    if (error == 0 && found != nullptr) return found->*name;
    break;
  }
  return std::to_string(id);
}

// By path: nothing, when the name leads nowhere or to another segment by now.
std::optional<Holders> holders_of(const View& view, bool probe_lease) {
  if (view.is_detached()) return std::nullopt;
  try {
    return find_holders(view.path(), probe_lease);
  } catch (const Error& error) {
    if (error.code() != Errc::not_found) throw;
    return std::nullopt;
  }
}

}  // namespace

std::string user_name(uid_t uid) { return name_of<passwd>(uid, getpwuid_r, &passwd::pw_name); }
std::string group_name(gid_t gid) { return name_of<group>(gid, getgrgid_r, &group::gr_name); }

Inspection inspect(const View& view, const InspectOptions& options) {
  const FileFacts file = view.facts();
  const std::uint64_t last_published = last_published_index(view.header(), view.geometry().layout());
  Scan scanned = scan(view);
  // The holders behind the scan: nobody then means that whoever left a hole is gone.
  auto holders = options.holders && view.is_live() ? holders_of(view, options.probe_lease) : std::nullopt;
  auto owners = owners_of(view, scanned.holes);
  if (holders ? nobody_has(*holders) : options.nobody_has_it) nobody_lives(owners);
  return {view.name(),           view.path(),        view.geometry(),   view.init_state(),  file,
          last_published,        std::move(scanned), std::move(owners), std::move(holders), user_name(file.owner),
          group_name(file.group)};
}

}  // namespace slickq
