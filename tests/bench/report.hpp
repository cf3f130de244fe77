// What the contest found: a table for people, JSON for scripts.
//
// Thread safety: one thread.
#pragma once

#include "contest.hpp"
#include "json.hpp"
#include "session.hpp"

namespace slickq::peers {

/// One line for each contestant that is skipped.
void print_skipped(cli::Session& session, const Contest& contest);

/// Fastest first.
void print_text(cli::Session& session, const Contest& contest);
cli::Json to_json(const Contest& contest);

}  // namespace slickq::peers
