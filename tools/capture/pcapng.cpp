#include "pcapng.hpp"

#include <fmt/format.h>

#include <charconv>

namespace slickq::cli::pcapng {

std::string_view Interface::word(std::string_view key) const {
  const std::string_view text = comment;
  if (!text.starts_with("slickq ")) return {};
  const std::string wanted = fmt::format(" {}=", key);
  const std::size_t at = text.find(wanted);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + wanted.size());
  return rest.substr(0, rest.find(' '));
}

std::optional<std::uint64_t> Interface::number(std::string_view key) const {
  const std::string_view digits = word(key);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace slickq::cli::pcapng
