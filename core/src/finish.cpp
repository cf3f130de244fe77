#include "slickq/finish.hpp"

#include <cerrno>
#include <string>

#include "slickq/error.hpp"
#include "slickq/holders.hpp"
#include "slickq/names.hpp"
#include "slickq/recognise.hpp"
#include "slickq/repair.hpp"
#include "slickq/ring.hpp"
#include "slickq/segment.hpp"

namespace slickq {
namespace {

Geometry geometry_to_finish(const std::string& name, int fd, std::uint64_t bytes) {
  HeaderBytes header{};
  const auto found = recognise_file(fd, bytes, &header);
  if (!found) throw system_failure(name, "cannot read the header", errno);
  if (found->verdict == Verdict::queue) throw Error(Errc::exists, name, "is a finished queue");
  if (found->verdict != Verdict::initialising) throw Error(Errc::corrupt, name, found->problem);
  const std::string remedy = "if nobody is creating it: slickq unlink " + name;
  if (!found->geometry) {
    throw Error(Errc::corrupt, name, found->problem + "; the header does not tell enough to finish it", remedy);
  }
  const std::uint64_t reserved = reserved_index(header, found->geometry->layout());
  if (reserved != 0) {
    throw Error(Errc::corrupt, name,
                found->problem + "; but " + std::to_string(reserved) + " indexes are reserved: it was in use before",
                remedy);
  }
  return *found->geometry;
}

}  // namespace

Geometry finish_half_made(std::string_view name, std::string_view shm_dir, bool dry_run) {
  const std::string bare = segment_name(name);
  std::optional<Geometry> geometry;
  const Segment segment =
      Segment::attach(name, shm_dir, dry_run ? Access::read_only : Access::read_write,
                      [&](int fd, std::uint64_t bytes) { geometry = geometry_to_finish(bare, fd, bytes); });
  const Holders holders = find_holders(segment.path());
  if (!nobody_has(holders)) {
    throw Error(Errc::busy, bare,
                "half-made, and " + (holders.held ? "held by " + holders.describe()
                                                  : std::string("it cannot be proven that nobody is at work on it")),
                holders.held ? "its creator may be at work: wait, or stop it" : "try again as its owner, or as root");
  }
  if (dry_run) return *geometry;
  Ring(segment.data(), *geometry).reset();
  auto* header = reinterpret_cast<Header*>(segment.data());
  // release: pairs with the acquire load of whoever waits for the segment; who sees "ready" sees empty slots.
  HardwareMemory::store(&header->init_state, static_cast<std::uint32_t>(InitState::ready), std::memory_order_release);
  return *geometry;
}

}  // namespace slickq
