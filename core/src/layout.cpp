#include "slickq/layout.hpp"

#include <array>

namespace slickq {
namespace {

constexpr std::array<std::string_view, 6> kNames{"wide", "packed", "slq0", "slq1", "slq2", "slq3"};
static_assert(kNames.size() == static_cast<std::size_t>(Layout::slq3) + 1);

}  // namespace

std::string_view to_string(Layout layout) noexcept { return kNames[static_cast<std::size_t>(layout)]; }

std::optional<Layout> parse_layout(std::string_view text) noexcept {
  for (std::size_t k = 0; k < kNames.size(); ++k) {
    if (kNames[k] == text) return static_cast<Layout>(k);
  }
  return std::nullopt;
}

}  // namespace slickq
