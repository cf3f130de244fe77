#include "holder_text.hpp"

#include <fmt/format.h>

#include "table.hpp"
#include "values.hpp"

namespace slickq::cli {

std::string holders_text(const Holders& holders) {
  const std::string_view proof = to_string(holders.proof);
  if (holders.proof == Proof::none) return "unknown (not allowed to find out)";
  if (!holders.held && holders.proof == Proof::flock) {
    return fmt::format("unknown: no lock of slickq is held, of programs without one nothing is known (proof: {})",
                       proof);
  }
  if (!holders.held) return fmt::format("nobody (proof: {})", proof);
  if (holders.processes.empty()) return fmt::format("somebody who cannot be named (proof: {})", proof);
  std::string text = count_of(holders.processes.size(), "process");
  for (std::size_t k = 0; k < holders.processes.size(); ++k) {
    const Holder& holder = holders.processes[k];
    text += fmt::format("{} {} {} ({})", k == 0 ? ":" : ",", holder.pid, printable(holder.command), holder.access);
  }
  return text + fmt::format(" (proof: {})", proof);
}

std::string_view proof_text(const Holders& holders) noexcept {
  switch (holders.proof) {
    case Proof::none: return "none: not allowed to find out, so it counts as held";
    case Proof::flock:
      return holders.held ? "flock: a slickq peer holds its lock"
                          : "flock: no slickq peer holds its lock; other programs are not for us to see";
    case Proof::lease: return "lease: the kernel says whether anybody at all has it open or mapped";
    case Proof::proc: return "proc: seen in, or absent from, the processes we may look into";
  }
  return "unknown";
}

}  // namespace slickq::cli
