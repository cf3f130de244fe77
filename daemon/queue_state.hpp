// What a configured queue is to the daemon, and what each sight of it does: one table.
//
// Thread safety: pure functions on constants.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace slickqd {

enum class QueueState : std::uint8_t {
  missing,     ///< no segment of that name
  ready,       ///< there, with the configured geometry
  stalled,     ///< ready, and a hole is older than stall.after
  mismatched,  ///< the name leads to something else
  count
};

/// What a round saw under the name.
enum class Sight : std::uint8_t {
  flowing,   ///< the segment of the last round, geometry as configured, no old hole
  stuck,     ///< the same, with an old hole
  replaced,  ///< geometry as configured, but another segment than in the last round
  differs,   ///< not a queue of the configured geometry
  absent,    ///< nothing
  count
};

enum class Action : std::uint8_t {
  none,
  announce_stall,      ///< the holes that became old in this round
  announce_recreated,  ///< somebody made the segment anew: counters and ages start again
  announce_mismatch,
  announce_vanished
};

struct Reaction {
  Action action;
  QueueState next;
};

struct Transition {
  QueueState state;
  Sight sight;
  Reaction reaction;
};

inline constexpr std::size_t kStates = static_cast<std::size_t>(QueueState::count);
inline constexpr std::size_t kSights = static_cast<std::size_t>(Sight::count);

// clang-format off
inline constexpr std::array<Transition, kStates * kSights> kTransitions{{
    {QueueState::missing,    Sight::flowing,  {Action::announce_recreated, QueueState::ready}},
    {QueueState::missing,    Sight::stuck,    {Action::announce_recreated, QueueState::ready}},
    {QueueState::missing,    Sight::replaced, {Action::announce_recreated, QueueState::ready}},
    {QueueState::missing,    Sight::differs,  {Action::announce_mismatch,  QueueState::mismatched}},
    {QueueState::missing,    Sight::absent,   {Action::none,               QueueState::missing}},

    {QueueState::ready,      Sight::flowing,  {Action::none,               QueueState::ready}},
    {QueueState::ready,      Sight::stuck,    {Action::announce_stall,     QueueState::stalled}},
    {QueueState::ready,      Sight::replaced, {Action::announce_recreated, QueueState::ready}},
    {QueueState::ready,      Sight::differs,  {Action::announce_mismatch,  QueueState::mismatched}},
    {QueueState::ready,      Sight::absent,   {Action::announce_vanished,  QueueState::missing}},

    {QueueState::stalled,    Sight::flowing,  {Action::none,               QueueState::ready}},
    {QueueState::stalled,    Sight::stuck,    {Action::announce_stall,     QueueState::stalled}},
    {QueueState::stalled,    Sight::replaced, {Action::announce_recreated, QueueState::ready}},
    {QueueState::stalled,    Sight::differs,  {Action::announce_mismatch,  QueueState::mismatched}},
    {QueueState::stalled,    Sight::absent,   {Action::announce_vanished,  QueueState::missing}},

    {QueueState::mismatched, Sight::flowing,  {Action::announce_recreated, QueueState::ready}},
    {QueueState::mismatched, Sight::stuck,    {Action::announce_recreated, QueueState::ready}},
    {QueueState::mismatched, Sight::replaced, {Action::announce_recreated, QueueState::ready}},
    {QueueState::mismatched, Sight::differs,  {Action::none,               QueueState::mismatched}},
    {QueueState::mismatched, Sight::absent,   {Action::announce_vanished,  QueueState::missing}},
}};
// clang-format on

constexpr bool transitions_are_complete() {
  for (std::size_t k = 0; k < kTransitions.size(); ++k) {
    const bool in_place = static_cast<std::size_t>(kTransitions[k].state) == k / kSights &&
                          static_cast<std::size_t>(kTransitions[k].sight) == k % kSights;
    if (!in_place) return false;
  }
  return true;
}
static_assert(transitions_are_complete(), "kTransitions has one row for each (state, sight), in the enums' order");

constexpr Reaction react(QueueState state, Sight sight) {
  return kTransitions[static_cast<std::size_t>(state) * kSights + static_cast<std::size_t>(sight)].reaction;
}

/// As the status shows it.
constexpr std::string_view to_string(QueueState state) noexcept {
  constexpr std::array<std::string_view, kStates> kNames{"missing", "ready", "stalled", "mismatch"};
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace slickqd
