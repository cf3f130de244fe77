// JSON as text on one line. Names may be any bytes: what is no UTF-8 is replaced.
//
// Thread safety: pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace slickqd {

/// `Json`: nlohmann::json or nlohmann::ordered_json.
template <class Json>
std::string json_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Text of others' making on one line that a terminal and systemd take as it is: control characters are spaces, what is
/// no UTF-8 is replaced.
inline std::string one_line(std::string_view text) {
  auto line = nlohmann::json::parse(json_text(nlohmann::json(text))).get<std::string>();
  for (std::size_t k = 0; k < line.size(); ++k) {
    const auto byte = static_cast<unsigned char>(line[k]);
    const bool c1 = byte == 0xC2 && static_cast<unsigned char>(line[k + 1]) < 0xA0;  // U+0080 to U+009F
    if (c1) line.erase(k, 1);
    if (c1 || byte < 0x20 || byte == 0x7F) line[k] = ' ';
  }
  return line;
}

}  // namespace slickqd
