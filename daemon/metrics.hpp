// A snapshot as Prometheus reads it: text format 0.0.4, made by prometheus-cpp's core serializer.
//
// Thread safety: pure functions of the snapshot, but for process_*, which is read from /proc/self when asked.
// Invariants: 1. counters count, rates are the reader's business. 2. of a queue that is not there nothing is printed
// but slickq_queue_info, slickq_queue_up 0 and slickq_queue_blind_seconds: a number would be an old one. 3. names are
// valid UTF-8, because all of them come from the config; the serializer escapes what label values must not hold.
#pragma once

#include <string>
#include <string_view>

#include "snapshot.hpp"

namespace slickqd {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

/// What /metrics answers: every family.
std::string metrics_text(const Snapshot& snapshot);
/// What metrics.textfile holds: the same without process_*. node_exporter, which reads such files, has families of
/// those names itself, and would refuse the whole scrape for two of a name.
std::string textfile_text(const Snapshot& snapshot);

}  // namespace slickqd
