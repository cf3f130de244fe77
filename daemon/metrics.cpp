#include "metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

#include "process_facts.hpp"
#include "slickq/version.hpp"

namespace slickqd {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// One row: a family, and its value for one `T`.
template <class T>
struct Row {
  const char* name;
  MetricType type;
  const char* help;
  double (*value)(const T&);
};

// A queue that is there.
struct Present {
  const QueueStatus& status;
  const QueueNumbers& numbers;
  Monotonic now;
};

struct Process {
  ProcessFacts facts;
  WallTime started;
};

template <class Integer>
double number(Integer value) {
  return static_cast<double>(value);
}

double seconds_since_1970(WallTime time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }

double oldest_age(const Present& queue) {
  Monotonic oldest = queue.now;
  for (const AgedHole& hole : queue.numbers.holes) oldest = std::min(oldest, hole.since);
  return std::chrono::duration<double>(queue.now - oldest).count();
}

constexpr MetricType kCounter = MetricType::Counter;
constexpr MetricType kGauge = MetricType::Gauge;

// clang-format off
constexpr Row<Present> kQueueRows[] = {
    {"slickq_queue_reserved_items_total", kCounter, "Elements reserved by producers since the queue was made or reset.",
     [](const Present& q) { return number(q.numbers.reserved); }},
    {"slickq_queue_published_items_total", kCounter,
     "Elements published without a gap since the queue was made or reset: what an up-to-date reader has seen.",
     [](const Present& q) { return number(q.numbers.published_most); }},
    {"slickq_queue_unpublished_items", kGauge, "Elements in the ring that are reserved and not published.",
     [](const Present& q) { return number(q.numbers.unpublished); }},
    {"slickq_queue_oldest_unpublished_age_seconds", kGauge,
     "For how long the oldest unpublished reservation has been seen; 0 when there is none.", oldest_age},
    {"slickq_queue_holes", kGauge, "Runs of reserved and unpublished elements; no more than the first 64 are counted.",
     [](const Present& q) { return number(q.numbers.holes.size()); }},
    {"slickq_queue_repaired_items_total", kCounter,
     "Elements of dead producers that this slickqd jumped over, so that readers go on.",
     [](const Present& q) { return number(q.status.repaired); }},
    {"slickq_queue_capacity_items", kGauge, "Elements the ring holds.",
     [](const Present& q) { return number(q.numbers.geometry.capacity()); }},
    {"slickq_queue_size_bytes", kGauge, "Size of the segment.",
     [](const Present& q) { return number(q.numbers.bytes); }},
    {"slickq_queue_resident_bytes", kGauge, "Memory the segment takes: pages that were touched.",
     [](const Present& q) { return number(q.numbers.resident_bytes); }},
    {"slickq_queue_holders", kGauge, "Processes that have the queue open or mapped, without slickqd.",
     [](const Present& q) { return number(q.numbers.holders.count()); }},
};

constexpr Row<CursorStatus> kCursorRows[] = {
    {"slickq_queue_consumer_lag_items", kGauge,
     "Elements from the shared cursor to the end of the ring; more than the capacity means loss.",
     [](const CursorStatus& c) { return number(c.lag); }},
    {"slickq_queue_consumer_lost_items_total", kCounter,
     "Elements overwritten before the shared cursor took them, since this slickqd first saw it.",
     [](const CursorStatus& c) { return number(c.lost); }},
};

constexpr Row<Snapshot> kDaemonRows[] = {
    {"slickqd_orphans", kGauge, "Segments that match orphans.match, unused for the grace time, that are still there.",
     [](const Snapshot& s) { return number(s.orphans_waiting); }},
    {"slickqd_orphans_detected_total", kCounter, "Segments found that match orphans.match, unused for the grace time.",
     [](const Snapshot& s) { return number(s.orphans_detected); }},
    {"slickqd_orphans_removed_total", kCounter, "Orphans removed by slickqd.",
     [](const Snapshot& s) { return number(s.orphans_removed); }},
    {"slickqd_config_last_reload_successful", kGauge,
     "1: the last reload was accepted; 0: refused, the old config is in force.",
     [](const Snapshot& s) { return number(s.last_reload_ok); }},
    {"slickqd_config_last_reload_success_timestamp_seconds", kGauge, "When a config was accepted last, in Unix time.",
     [](const Snapshot& s) { return seconds_since_1970(s.last_reload_at); }},
};

constexpr Row<Snapshot> kShmRows[] = {
    {"slickqd_shm_size_bytes", kGauge, "Size of the file system of the segments.",
     [](const Snapshot& s) { return number(s.shm_size_bytes); }},
    {"slickqd_shm_free_bytes", kGauge, "Free space of the file system of the segments.",
     [](const Snapshot& s) { return number(s.shm_free_bytes); }},
};

constexpr Row<Process> kProcessRows[] = {
    {"process_cpu_seconds_total", kCounter, "Processor time of slickqd, user and system.",
     [](const Process& p) { return p.facts.cpu_seconds; }},
    {"process_open_fds", kGauge, "Open file descriptors of slickqd.",
     [](const Process& p) { return number(p.facts.open_fds); }},
    {"process_max_fds", kGauge, "How many file descriptors slickqd may open.",
     [](const Process& p) { return number(p.facts.max_fds); }},
    {"process_virtual_memory_bytes", kGauge, "Address space of slickqd.",
     [](const Process& p) { return number(p.facts.virtual_bytes); }},
    {"process_resident_memory_bytes", kGauge, "Memory of slickqd.",
     [](const Process& p) { return number(p.facts.resident_bytes); }},
    {"process_threads", kGauge, "Threads of slickqd.",
     [](const Process& p) { return number(p.facts.threads); }},
    // Not from /proc: the unit hides the boot time (ProcSubset=pid) that the kernel counts from.
    {"process_start_time_seconds", kGauge, "When slickqd started, in Unix time.",
     [](const Process& p) { return seconds_since_1970(p.started); }},
};
// clang-format on

template <class T>
void add_value(MetricFamily& family, const Row<T>& row, const T& of, Labels labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (row.type == kCounter ? metric.counter.value : metric.gauge.value) = row.value(of);
  family.metric.push_back(std::move(metric));
}

void add_one(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
}

class Page {
 public:
  explicit Page(const Snapshot& snapshot) : snapshot_(snapshot) {}

  void add_build() {
    MetricFamily family{"slickqd_build_info", "The slickqd that runs.", kGauge, {}};
    add_one(family, {{"version", SLICKQ_VERSION}}, 1);
    add(std::move(family));
  }

  // What is no number stands in the labels; they change with the state.
  void add_queue_info() {
    MetricFamily info{
        "slickq_queue_info", "What a queue is, and its state: ready, stalled, missing or mismatch.", kGauge, {}};
    MetricFamily up{"slickq_queue_up", "1: the queue is there with the configured geometry.", kGauge, {}};
    MetricFamily blind{"slickq_queue_blind_seconds",
                       "For how long nobody could look into the queue: its other numbers are that old. Mostly 0.",
                       kGauge,
                       {}};
    for (const QueueStatus& queue : snapshot_.queues) {
      const slickq::Geometry& geometry = queue.numbers ? queue.numbers->geometry : queue.configured;
      add_one(info,
              {{"queue", queue.name},
               {"state", std::string(to_string(queue.state))},
               {"split_brain", queue.split_brain.empty() ? "false" : "true"},
               {"layout", std::string(slickq::to_string(geometry.layout()))},
               {"element_bytes", std::to_string(geometry.element_size())},
               {"items_per_slot", std::to_string(geometry.items_per_slot())}},
              1);
      add_one(up, {{"queue", queue.name}}, queue.numbers && queue.state != QueueState::mismatched ? 1 : 0);
      const std::chrono::duration<double> age = queue.blind.value_or(std::chrono::milliseconds(0));
      add_one(blind, {{"queue", queue.name}}, age.count());
    }
    add(std::move(info));
    add(std::move(up));
    add(std::move(blind));
  }

  void add_queues() {
    for (const Row<Present>& row : kQueueRows) {
      MetricFamily family{row.name, row.help, row.type, {}};
      for (const QueueStatus& queue : snapshot_.queues) {
        if (!queue.numbers) continue;
        add_value(family, row, Present{queue, *queue.numbers, snapshot_.round_finished}, {{"queue", queue.name}});
      }
      add(std::move(family));
    }
  }

  void add_cursors() {
    for (const Row<CursorStatus>& row : kCursorRows) {
      MetricFamily family{row.name, row.help, row.type, {}};
      for (const QueueStatus& queue : snapshot_.queues) {
        for (const CursorStatus& cursor : queue.cursors) {
          if (cursor.value) add_value(family, row, cursor, {{"queue", queue.name}, {"cursor", cursor.name}});
        }
      }
      add(std::move(family));
    }
  }

  template <class T>
  void add_rows(std::span<const Row<T>> rows, const T& of) {
    for (const Row<T>& row : rows) {
      MetricFamily family{row.name, row.help, row.type, {}};
      add_value(family, row, of, {});
      add(std::move(family));
    }
  }

  // Count and sum: their rates give the mean, and a count that stands still tells that no round is made any more.
  void add_scan_duration() {
    MetricFamily family{
        "slickqd_scan_duration_seconds", "Rounds that were made, and the time they took.", MetricType::Summary, {}};
    family.metric.resize(1);
    family.metric[0].summary.sample_count = snapshot_.rounds;
    family.metric[0].summary.sample_sum = std::chrono::duration<double>(snapshot_.rounds_duration).count();
    add(std::move(family));
  }

  void add_everything() {
    add_build();
    add_queue_info();
    add_queues();
    add_cursors();
    add_scan_duration();
    add_rows<Snapshot>(kDaemonRows, snapshot_);
    if (snapshot_.shm_size_bytes > 0) add_rows<Snapshot>(kShmRows, snapshot_);  // a tmpfs without limit tells none
  }

  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  void add(MetricFamily family) {
    if (!family.metric.empty()) families_.push_back(std::move(family));
  }

  const Snapshot& snapshot_;
  std::vector<MetricFamily> families_;
};

}  // namespace

std::string metrics_text(const Snapshot& snapshot) {
  Page page(snapshot);
  page.add_everything();
  if (const auto facts = process_facts()) page.add_rows<Process>(kProcessRows, Process{*facts, snapshot.started});
  return page.text();
}

std::string textfile_text(const Snapshot& snapshot) {
  Page page(snapshot);
  page.add_everything();
  return page.text();
}

}  // namespace slickqd
