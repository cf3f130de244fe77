#include "json.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "slickq/repair.hpp"

namespace slickq::cli {
namespace {

std::string dumped(const Json& object, int indent) {
  return object.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Json json_object(const Session& session) {
  std::string name = session.verb;
  std::ranges::replace(name, ' ', '-');
  Json object;
  object["schema"] = fmt::format("slickq.{}/1", name);
  return object;
}

Json index_json(std::uint64_t index) { return index == kNoIndex ? Json(nullptr) : Json(index); }

Json holes_json(const Scan& scan, const std::vector<HoleOwner>& owners) {
  Json holes = Json::array();
  for (std::size_t k = 0; k < scan.holes.size(); ++k) {
    const Hole& hole = scan.holes[k];
    const HoleOwner& owner = owners[k];
    // The bytes tell no time: only who watches, as slickqd does, knows an age.
    holes.push_back(
        Json{{"index", hole.index},
             {"next", hole.next},
             {"owner_pid", owner.pid == 0 ? Json(nullptr) : Json(owner.pid)},
             {"owner_alive", owner.owner == Owner::unknown ? Json(nullptr) : Json(owner.owner == Owner::live)},
             {"age_ms", nullptr}});
  }
  return holes;
}

Json holders_json(const Holders& holders) {
  Json processes = Json::array();
  for (const Holder& holder : holders.processes) {
    processes.push_back(Json{{"pid", holder.pid},
                             {"command", holder.command},
                             {"access", holder.access},
                             {"open", holder.open},
                             {"mapped", holder.mapped},
                             {"deleted", holder.deleted}});
  }
  Json object;
  object["count"] = holders.count();
  // A free lock says nothing of programs that take none.
  object["held"] = !holders.held && !nobody_has(holders) ? Json(nullptr) : Json(holders.held);
  object["proof"] = slickq::to_string(holders.proof);
  object["processes"] = std::move(processes);
  return object;
}

std::string mode_text(mode_t mode) { return fmt::format("{:04o}", mode & 07777); }

std::string_view to_string(InitState state) noexcept {
  switch (state) {
    case InitState::none: return "none";
    case InitState::legacy: return "legacy";
    case InitState::initialising: return "initialising";
    case InitState::ready: return "ready";
  }
  return "unknown";
}

void add_inspection(Json& object, const Inspection& inspection) {
  const Geometry& geometry = inspection.geometry;
  object["name"] = inspection.name;
  object["path"] = inspection.path;
  object["layout"] = slickq::to_string(geometry.layout());
  object["capacity"] = geometry.capacity();
  object["element_size"] = geometry.element_size();
  object["items_per_slot"] = geometry.items_per_slot();
  object["segment_bytes"] = inspection.file.bytes;
  object["data_offset"] = geometry.data_offset();
  object["init_state"] = to_string(inspection.init_state);
  object["reserved_index"] = inspection.scan.reserved;
  object["published_index"] = inspection.scan.published;
  object["last_published_index"] = index_json(inspection.last_published);
  object["unpublished"] = inspection.scan.unpublished;
  object["oldest_index"] = inspection.scan.oldest;
  object["holes"] = holes_json(inspection.scan, inspection.hole_owners);
  object["consistent"] = inspection.scan.consistent;
  object["holders"] = inspection.holders ? holders_json(*inspection.holders) : Json(nullptr);
  object["mode"] = mode_text(inspection.file.mode);
  object["owner"] = inspection.owner;
  object["group"] = inspection.group;
  object["inode"] = inspection.file.inode;
  object["compatible_with"] = compatible_with(geometry.layout());
}

void print_json(Session& session, const Json& object) { session.out.line(dumped(object, 2)); }

void print_json_line(Session& session, const Json& object) { session.out.line(dumped(object, -1)); }

}  // namespace slickq::cli
