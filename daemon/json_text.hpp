// JSON as text on one line. Names may be any bytes: what is no UTF-8 is replaced.
//
// Thread safety: a pure function.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace slickqd {

/// `Json`: nlohmann::json or nlohmann::ordered_json.
template <class Json>
std::string json_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace slickqd
