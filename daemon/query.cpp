#include "query.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace slickqd {

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t k = 0; k < text.size(); ++k) {
    unsigned char byte = 0;
    if (text[k] == '%' && k + 2 < text.size() &&
        std::from_chars(text.data() + k + 1, text.data() + k + 3, byte, 16).ptr == text.data() + k + 3) {
      out += static_cast<char>(byte);
      k += 2;
    } else {
      out += text[k];
    }
  }
  return out;
}

Query::Query(std::string_view text) {
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const std::size_t equals = pair.find('=');
    const std::string value = equals == pair.npos ? "1" : percent_decoded(pair.substr(equals + 1));
    if (!pair.empty()) values_[percent_decoded(pair.substr(0, equals))] = value;
  }
}

bool Query::flag(const std::string& key) const {
  const auto found = values_.find(key);
  if (found == values_.end() || found->second == "0") return false;
  if (found->second == "1") return true;
  throw BadQuery(key + "=" + found->second + ": 1 or 0 is wanted");
}

std::uint64_t Query::number(const std::string& key, std::uint64_t otherwise) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return otherwise;
  const std::string& text = found->second;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) throw BadQuery(key + "=" + text + ": no number");
  return number;
}

void Query::allow_only(std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, value] : values_) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) throw BadQuery("unknown parameter " + key);
  }
}

}  // namespace slickqd
