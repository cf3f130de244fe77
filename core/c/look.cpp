#include "boundary.hpp"
#include "settings.hpp"
#include "slickq/catalog.hpp"
#include "slickq/inspect.hpp"
#include "slickq/view.hpp"

using slickq::c::guarded;
using slickq::c::is_null;

namespace {

std::uint32_t proof_number(slickq::Proof proof) noexcept {
  switch (proof) {
    case slickq::Proof::none: return SLICKQ_PROOF_NONE;
    case slickq::Proof::flock: return SLICKQ_PROOF_FLOCK;
    case slickq::Proof::lease: return SLICKQ_PROOF_LEASE;
    case slickq::Proof::proc: return SLICKQ_PROOF_PROC;
  }
  return SLICKQ_PROOF_NONE;
}

slickq_inspection facts_of(const slickq::Inspection& seen) noexcept {
  slickq_inspection facts{};
  facts.capacity = seen.geometry.capacity();
  facts.element_size = seen.geometry.element_size();
  facts.items_per_slot = seen.geometry.items_per_slot();
  facts.segment_bytes = seen.file.bytes;
  facts.resident_bytes = seen.file.resident_bytes;
  facts.inode = seen.file.inode;
  facts.reserved = seen.scan.reserved;
  facts.published = seen.scan.published;
  facts.oldest = seen.scan.oldest;
  facts.last_published = seen.last_published;
  facts.unpublished = seen.scan.unpublished;
  facts.holes = seen.scan.holes.size();
  facts.first_hole = seen.scan.holes.empty() ? SLICKQ_NO_INDEX : seen.scan.holes.front().index;
  facts.layout = slickq::c::layout_number(seen.geometry.layout());
  facts.mode = seen.file.mode;
  facts.owner = seen.file.owner;
  facts.group = seen.file.group;
  facts.is_consistent = seen.scan.consistent;
  if (seen.holders) {  // not of a segment that was removed meanwhile
    facts.is_held = seen.holders->held;
    facts.holders = seen.holders->count();
    facts.proof = proof_number(seen.holders->proof);
  }
  return facts;
}

}  // namespace

slickq_status slickq_inspect(const char* name, const char* shm_dir, slickq_inspection* inspection) noexcept {
  constexpr const char* kCall = "slickq_inspect";
  if (name == nullptr) return is_null(kCall, "name");
  if (inspection == nullptr) return is_null(kCall, "inspection");
  return guarded([&] {
    slickq::c::check_struct_size(kCall, inspection->struct_size, slickq::c::kFirstSize<slickq_inspection>);
    const auto view = slickq::View::open_segment(name, slickq::c::text(shm_dir));
    slickq::c::give(kCall, facts_of(slickq::inspect(view)), inspection);
  });
}

slickq_status slickq_list(const char* shm_dir, slickq_visit visit, void* context) noexcept {
  if (visit == nullptr) return is_null("slickq_list", "visit");
  return guarded([&] {
    slickq::CatalogOptions options;
    options.shm_dir = slickq::c::text(shm_dir);
    options.holders = false;
    options.scan = false;
    for (const slickq::Entry& entry : slickq::list_segments(options)) {
      const int kind = entry.kind == slickq::EntryKind::queue ? SLICKQ_KIND_QUEUE : SLICKQ_KIND_CURSOR;
      if (visit(entry.name.c_str(), kind, context) != 0) return;
    }
  });
}
