// The state of a bridge as Prometheus reads it: the numbers of the status file, as slickq_bridge_*.
//
// Thread safety: a pure function.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace slickq::bridge {

/// `told`: Status::json().
std::string metrics_text(const nlohmann::ordered_json& told);

}  // namespace slickq::bridge
