// The kinds of slickqd's events, for who filters by them: a mistyped one must not wait for ever.
//
// Thread safety: constant data. A test compares them with slickqd's own table.
#pragma once

#include <array>
#include <string_view>

namespace slickq::cli {

inline constexpr std::array<std::string_view, 17> kEventKinds{
    "created",  "adopted",      "mismatch",       "vanished",  "recreated",    "stall",
    "repaired", "orphan_found", "orphan_removed", "lag_warn",  "lag_critical", "overrun_soon",
    "loss",     "split_brain",  "shm_low",        "reload_ok", "reload_failed"};

}  // namespace slickq::cli
