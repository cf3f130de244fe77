// Who takes part: slickq in its ways, the reference path, every peer, the bare copy.
//
// Thread safety: constant data.
// A contestant is one row of the table in contestants.cpp; a peer is that and one file under peers/.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "link.hpp"

namespace slickq::peers {

/// What a queue is, for whom it was made: the goals ask for it.
enum class Kind : std::uint8_t {
  slickq,
  reference,  ///< what the original does for each message
  processes,  ///< made to be used between processes
  threads,    ///< made for threads; between processes where its memory can be shared
  lossy,      ///< overwrites what was not read in time
  copy,       ///< no queue: the machine's own cross-core copy
  faulty      ///< never runs unless named: what is wrong with it must be noticed
};
enum class Where : std::uint8_t { process, thread };

std::string_view to_string(Kind kind) noexcept;
std::string_view to_string(Where where) noexcept;

struct Contestant {
  std::string_view name;   ///< for --only and in JSON
  std::string_view title;  ///< for people
  std::string_view package;
  Kind kind;
  Where where = Where::process;
  std::uint32_t batch = 1;              ///< messages a call, or a reservation
  MakeLink make = nullptr;              ///< of who is not slickq; nullptr: the package was not there at build time
  void (*shape)(Plan& plan) = nullptr;  ///< of slickq's own: what differs from the plain plan
  std::uint64_t message_bytes = 0;      ///< 0: as --elem says
  constexpr bool is_ours() const noexcept { return shape != nullptr; }
  constexpr bool is_hidden() const noexcept { return kind == Kind::faulty; }
};

std::span<const Contestant> contestants() noexcept;

/// "a,b": those, in the order of the table; empty: all that are not hidden. Throws Error(invalid_argument) with the
/// nearest for an unknown name.
std::vector<const Contestant*> choose(std::string_view flag, const std::string& names);

}  // namespace slickq::peers
