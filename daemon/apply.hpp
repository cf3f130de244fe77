// Carrying out a plan.
//
// Thread safety: one thread; other processes may create and remove meanwhile: who comes second adopts, or
// fails. Crash: killed at any step, every segment that exists is whole; the next start plans again and adopts
// it.
#pragma once

#include <vector>

#include "config.hpp"
#include "events.hpp"
#include "plan.hpp"

namespace slickqd {

/// Does all steps but orphans, which need time to prove themselves. What may fail comes before what cannot be undone:
/// all new queues are finished, without a name, before the first gets one (by parts where there are more of them than a
/// quarter of the files we may have open), and all before the first old one goes. A cursor that was left by a queue of
/// before is set to 0 before the new queue appears. On a failure everything that was made here is removed again (unless
/// somebody already uses it), nothing else has changed but such a cursor, and the slickq::Error is passed on. A queue
/// that cannot be replaced after all, because somebody came in between, is told as a mismatch. Returns what happened,
/// for the event log. Nothing stays open or mapped: a queue is not "held" because the daemon made it.
std::vector<News> apply_plan(const Config& config, const Plan& plan);

}  // namespace slickqd
