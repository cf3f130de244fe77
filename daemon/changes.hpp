// The answers to requests that change something; who may ask was checked before. And to the one what a change would be.
//
// Thread safety: none; one thread.
#pragma once

#include "routes.hpp"

namespace slickqd {

Answer reload(const Asked& asked, const Backend& backend);
/// As reload() would be answered, and the steps; nothing is changed.
Answer plan(const Asked& asked, const Backend& backend);
/// ?dry_run=1: only the plan. ?force=1: also what is in doubt.
Answer repair(const Asked& asked, const Backend& backend);
/// ?dry_run=1: only what would go.
Answer collect_orphans(const Asked& asked, const Backend& backend);

}  // namespace slickqd
