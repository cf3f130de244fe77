// The library's structs as JSON: the keys of `slickq inspect --json`, which the other verbs reuse.
//
// Thread safety: pure functions.
// Contract: keys keep their order; a number that does not exist is null; text that is not UTF-8 is repaired.
#pragma once

#include <nlohmann/json.hpp>

#include "session.hpp"
#include "slickq/inspect.hpp"

namespace slickq::cli {

using Json = nlohmann::ordered_json;

/// {"schema": "slickq.VERB/1"} to add to; a verb of two words is written with '-'.
Json json_object(const Session& session);
Json index_json(std::uint64_t index);  ///< null for kNoIndex
Json holes_json(const Scan& scan, const std::vector<HoleOwner>& owners);
Json holders_json(const Holders& holders);
std::string mode_text(mode_t mode);  ///< "0660"
std::string_view to_string(InitState state) noexcept;

/// Adds every key of inspect.
void add_inspection(Json& object, const Inspection& inspection);

/// One object, indented for reading.
void print_json(Session& session, const Json& object);
/// One object a line.
void print_json_line(Session& session, const Json& object);

}  // namespace slickq::cli
