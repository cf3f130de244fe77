#include "exit_code.hpp"

#include <array>
#include <cstddef>

namespace slickqd {
namespace {

struct Row {
  slickq::Errc error;
  ExitCode exit;
};

constexpr std::array kExitCodes{
    Row{slickq::Errc::invalid_argument, ExitCode::config}, Row{slickq::Errc::not_found, ExitCode::unavailable},
    Row{slickq::Errc::exists, ExitCode::cannot_create},    Row{slickq::Errc::mismatch, ExitCode::config},
    Row{slickq::Errc::busy, ExitCode::unavailable},        Row{slickq::Errc::permission, ExitCode::no_permission},
    Row{slickq::Errc::corrupt, ExitCode::unavailable},     Row{slickq::Errc::no_space, ExitCode::cannot_create},
    Row{slickq::Errc::exhausted, ExitCode::software},      Row{slickq::Errc::system, ExitCode::os_error},
};

constexpr bool rows_follow_the_enum() {
  for (std::size_t k = 0; k < kExitCodes.size(); ++k) {
    if (static_cast<std::size_t>(kExitCodes[k].error) != k) return false;
  }
  return kExitCodes.size() == static_cast<std::size_t>(slickq::Errc::system) + 1;
}
static_assert(rows_follow_the_enum(), "one row for each Errc, in its order");

}  // namespace

ExitCode exit_code_for(slickq::Errc code) noexcept { return kExitCodes[static_cast<std::size_t>(code)].exit; }

}  // namespace slickqd
