#include "exit_code.hpp"

#include <array>
#include <cstddef>

namespace slickqd {
namespace {

struct ExitRow {
  slickq::Errc error;
  ExitCode exit;
};

constexpr std::array kExitCodes{
    ExitRow{slickq::Errc::invalid_argument, ExitCode::config},
    ExitRow{slickq::Errc::not_found, ExitCode::unavailable},
    ExitRow{slickq::Errc::exists, ExitCode::cannot_create},
    ExitRow{slickq::Errc::mismatch, ExitCode::config},
    ExitRow{slickq::Errc::busy, ExitCode::unavailable},
    ExitRow{slickq::Errc::permission, ExitCode::no_permission},
    ExitRow{slickq::Errc::corrupt, ExitCode::unavailable},
    ExitRow{slickq::Errc::no_space, ExitCode::cannot_create},
    ExitRow{slickq::Errc::exhausted, ExitCode::software},
    ExitRow{slickq::Errc::system, ExitCode::os_error},
};

constexpr bool exit_rows_follow_the_enum() {
  for (std::size_t k = 0; k < kExitCodes.size(); ++k) {
    if (static_cast<std::size_t>(kExitCodes[k].error) != k) return false;
  }
  return kExitCodes.size() == static_cast<std::size_t>(slickq::Errc::system) + 1;
}
static_assert(exit_rows_follow_the_enum(), "one row for each Errc, in its order");

}  // namespace

ExitCode exit_code_for(slickq::Errc code) noexcept { return kExitCodes[static_cast<std::size_t>(code)].exit; }

}  // namespace slickqd
