// Instructions per push and per pop, counted by callgrind: a number that does not depend on who else uses the machine.
//
// How: the program runs itself under valgrind with --probe KIND (probe.hpp), which pushes and pops a
// number of messages in two functions of known names; callgrind counts only inside of the one it is told.
//
// Thread safety: one thread.
#pragma once

#include "plan.hpp"
#include "result.hpp"

namespace slickq::bench {

/// On the plan's layout and element size. Where there is no valgrind the result says so. Throws Interrupted.
Instructions count_instructions(const Plan& plan);

}  // namespace slickq::bench
