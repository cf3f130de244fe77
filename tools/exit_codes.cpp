#include "exit_codes.hpp"

#include <array>
#include <cstddef>

namespace slickq::cli {
namespace {

struct Row {
  Errc code;
  Exit exit;
};

constexpr std::array kExits{
    Row{Errc::invalid_argument, Exit::usage},
    Row{Errc::not_found, Exit::not_found},
    Row{Errc::exists, Exit::busy},
    Row{Errc::mismatch, Exit::busy},
    Row{Errc::busy, Exit::busy},
    Row{Errc::permission, Exit::permission},
    Row{Errc::corrupt, Exit::corrupt},
    Row{Errc::no_space, Exit::failed},
    Row{Errc::exhausted, Exit::failed},
    Row{Errc::system, Exit::failed},
};

constexpr bool rows_are_in_order() {
  for (std::size_t k = 0; k < kExits.size(); ++k) {
    if (static_cast<std::size_t>(kExits[k].code) != k) return false;
  }
  return true;
}
static_assert(rows_are_in_order(), "the table is indexed by Errc");
static_assert(kExits.size() == static_cast<std::size_t>(Errc::system) + 1, "every Errc needs an exit code");

}  // namespace

Exit exit_for(Errc code) noexcept { return kExits[static_cast<std::size_t>(code)].exit; }

}  // namespace slickq::cli
