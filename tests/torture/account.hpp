// Every published item accounted for, from what the processes wrote on the board.
//
// Thread safety: one thread; the life in question is over.
#pragma once

#include <string>
#include <vector>

#include "cast.hpp"
#include "episode.hpp"
#include "stage.hpp"

namespace torture {

/// One life of a reader with an own cursor is over: whatever was surely published between its start and its cursor was
/// delivered to it, or it was told that it is lost. Adds its tally, and clears its bits for the next life.
void check_life(Stage& stage, const ActorPlan& actor, Totals& totals, std::vector<std::string>& faults);

/// Everybody is gone: the lives that ended by themselves, the shared cursor, a fresh reader of every kind, the faults.
Totals account_for(Stage& stage, const std::vector<Cast::Actor>& actors, std::vector<std::string>& faults);

}  // namespace torture
