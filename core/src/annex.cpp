#include "slickq/annex.hpp"

#include <sys/random.h>

#include <chrono>
#include <cstring>

#include "slickq/error.hpp"

namespace slickq {
namespace {

SegmentId random_id() noexcept {
  SegmentId id{};
  if (getrandom(id.data(), id.size(), GRND_NONBLOCK) == static_cast<ssize_t>(id.size())) return id;
  // Early in a boot: unique is enough, nothing secret hangs on it.
  const std::int64_t ticks = std::chrono::steady_clock::now().time_since_epoch().count();
  std::memcpy(id.data(), &ticks, sizeof ticks);
  return id;
}

}  // namespace

std::optional<Geometry> annex_geometry(const AnnexHeader& header, std::uint64_t file_bytes) {
  if (header.magic != kAnnexMagic || header.version != kAnnexVersion || header.bytes != sizeof(Annex) ||
      header.journal_lines != kJournalLines || header.layout > static_cast<std::uint32_t>(Layout::slq3)) {
    return std::nullopt;
  }
  try {
    const Geometry geometry =
        Geometry::make(static_cast<Layout>(header.layout), header.capacity, header.element_size, header.items_per_slot);
    if (bytes_with_annex(geometry) == file_bytes) return geometry;
  } catch (const Error&) {
    // numbers that are no geometry
  }
  return std::nullopt;
}

AnnexHeader fresh_annex_header(const Geometry& geometry) {
  AnnexHeader header{};
  header.magic = kAnnexMagic;
  header.version = kAnnexVersion;
  header.bytes = sizeof(Annex);
  header.layout = static_cast<std::uint32_t>(geometry.layout());
  header.capacity = geometry.capacity();
  header.element_size = geometry.element_size();
  header.items_per_slot = geometry.items_per_slot();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  header.created_ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count());
  header.id = random_id();
  header.journal_lines = kJournalLines;
  return header;
}

}  // namespace slickq
