// The Prometheus text: every family of the interface, from snapshots made by hand and by rounds.
#include "metrics.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "daemon_process.hpp"
#include "fixture.hpp"
#include "process_facts.hpp"
#include "queues.hpp"
#include "slickq/version.hpp"

using namespace slickqd;
using daemon_test::World;
using std::chrono::milliseconds;

namespace {

constexpr WallTime kStart{std::chrono::seconds(1'800'000'000)};

// Every number another one, so that none can stand for its neighbour.
Snapshot example() {
  Snapshot s;
  s.started = kStart;
  s.rounds = 17;
  s.rounds_duration = std::chrono::microseconds(2500);
  s.round_finished = Monotonic(std::chrono::seconds(100));
  s.last_reload_at = kStart + std::chrono::seconds(5);
  s.shm_size_bytes = 1000;
  s.shm_free_bytes = 400;
  s.orphans_waiting = 4;
  s.orphans_detected = 6;
  s.orphans_removed = 2;
  QueueStatus queue{
      .name = "q", .state = QueueState::stalled, .configured = slickq::Geometry::make(slickq::Layout::slq1, 64, 24)};
  QueueNumbers numbers{.geometry = queue.configured};
  numbers.bytes = 4096;
  numbers.resident_bytes = 2048;
  numbers.reserved = 50;
  numbers.published = 40;
  numbers.published_most = 41;
  numbers.unpublished = 9;
  numbers.holders.held = true;
  numbers.holders.processes.resize(3);
  numbers.holes.push_back({.index = 44, .next = 45, .since = s.round_finished - milliseconds(500)});
  numbers.holes.push_back({.index = 40, .next = 41, .since = s.round_finished - milliseconds(2500)});
  queue.numbers = numbers;
  queue.repaired = 7;
  queue.blind = milliseconds(1500);
  queue.cursors.push_back({.name = "c", .value = 30, .lag = 20, .lost = 8});
  queue.cursors.push_back({.name = "not there"});
  s.queues.push_back(queue);
  return s;
}

Snapshot with_queue_named(const std::string& name) {
  Snapshot s = example();
  s.queues[0].name = name;
  return s;
}

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

std::set<std::string> families_of(const std::string& text) {
  std::set<std::string> families;
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with("# TYPE ")) families.insert(line.substr(7, line.find(' ', 7) - 7));
  }
  return families;
}

bool has_line(const std::string& text, const std::string& line) { return lines_of(text).contains(line); }

}  // namespace

TEST_CASE("every family has its value, its labels and its type") {
  const std::string text = metrics_text(example());
  CAPTURE(text);
  for (const std::string line : {
           "slickqd_build_info{version=\"" SLICKQ_VERSION "\"} 1",
           R"(slickq_queue_info{queue="q",state="stalled",split_brain="false",layout="slq1",element_bytes="24",)"
           R"(items_per_slot="1"} 1)",
           R"(slickq_queue_up{queue="q"} 1)",
           R"(slickq_queue_blind_seconds{queue="q"} 1.5)",
           "# TYPE slickq_queue_reserved_items_total counter",
           R"(slickq_queue_reserved_items_total{queue="q"} 50)",
           "# TYPE slickq_queue_published_items_total counter",
           R"(slickq_queue_published_items_total{queue="q"} 41)",
           "# TYPE slickq_queue_unpublished_items gauge",
           R"(slickq_queue_unpublished_items{queue="q"} 9)",
           R"(slickq_queue_oldest_unpublished_age_seconds{queue="q"} 2.5)",
           R"(slickq_queue_holes{queue="q"} 2)",
           "# TYPE slickq_queue_repaired_items_total counter",
           R"(slickq_queue_repaired_items_total{queue="q"} 7)",
           R"(slickq_queue_capacity_items{queue="q"} 64)",
           R"(slickq_queue_size_bytes{queue="q"} 4096)",
           R"(slickq_queue_resident_bytes{queue="q"} 2048)",
           R"(slickq_queue_holders{queue="q"} 3)",
           R"(slickq_queue_consumer_lag_items{queue="q",cursor="c"} 20)",
           "# TYPE slickq_queue_consumer_lost_items_total counter",
           R"(slickq_queue_consumer_lost_items_total{queue="q",cursor="c"} 8)",
           "# TYPE slickqd_orphans gauge",
           "slickqd_orphans 4",
           "# TYPE slickqd_orphans_detected_total counter",
           "slickqd_orphans_detected_total 6",
           "slickqd_orphans_removed_total 2",
           "# TYPE slickqd_scan_duration_seconds summary",
           "slickqd_scan_duration_seconds_count 17",
           "slickqd_scan_duration_seconds_sum 0.0025",
           "slickqd_shm_size_bytes 1000",
           "slickqd_shm_free_bytes 400",
           "slickqd_config_last_reload_successful 1",
           "slickqd_config_last_reload_success_timestamp_seconds 1800000005",
           "process_start_time_seconds 1800000000",
       }) {
    CAPTURE(line);
    CHECK(has_line(text, line));
  }
  CHECK(text.find("not there") == std::string::npos);
}

TEST_CASE("the families are those of the interface, each with a help, and in a textfile without process_*") {
  const std::set<std::string> ours{"slickqd_build_info",
                                   "slickq_queue_info",
                                   "slickq_queue_up",
                                   "slickq_queue_blind_seconds",
                                   "slickq_queue_reserved_items_total",
                                   "slickq_queue_published_items_total",
                                   "slickq_queue_unpublished_items",
                                   "slickq_queue_oldest_unpublished_age_seconds",
                                   "slickq_queue_holes",
                                   "slickq_queue_repaired_items_total",
                                   "slickq_queue_capacity_items",
                                   "slickq_queue_size_bytes",
                                   "slickq_queue_resident_bytes",
                                   "slickq_queue_holders",
                                   "slickq_queue_consumer_lag_items",
                                   "slickq_queue_consumer_lost_items_total",
                                   "slickqd_orphans",
                                   "slickqd_orphans_detected_total",
                                   "slickqd_orphans_removed_total",
                                   "slickqd_scan_duration_seconds",
                                   "slickqd_shm_size_bytes",
                                   "slickqd_shm_free_bytes",
                                   "slickqd_config_last_reload_successful",
                                   "slickqd_config_last_reload_success_timestamp_seconds"};
  const std::string text = metrics_text(example());
  CHECK(families_of(textfile_text(example())) == ours);
  std::set<std::string> all = ours;
  for (const char* own : {"cpu_seconds_total", "open_fds", "max_fds", "virtual_memory_bytes", "resident_memory_bytes",
                          "threads", "start_time_seconds"}) {
    all.insert(std::string("process_") + own);
  }
  CHECK(families_of(text) == all);
  for (const std::string& family : all) {
    CAPTURE(family);
    CHECK(text.find("# HELP " + family + " ") != std::string::npos);
  }
}

TEST_CASE("of a queue that is missing nothing is printed but that it is") {
  Snapshot s = example();
  s.queues[0].state = QueueState::missing;
  s.queues[0].numbers.reset();
  s.queues[0].cursors[0].value.reset();
  s.queues[0].blind.reset();
  const std::string text = textfile_text(s);
  std::set<std::string> about;
  for (const std::string& line : lines_of(text)) {
    if (line.find("queue=\"q\"") != std::string::npos) about.insert(line);
  }
  CHECK(about == std::set<std::string>{R"(slickq_queue_info{queue="q",state="missing",split_brain="false",)"
                                       R"(layout="slq1",element_bytes="24",items_per_slot="1"} 1)",
                                       R"(slickq_queue_up{queue="q"} 0)",
                                       R"(slickq_queue_blind_seconds{queue="q"} 0)"});
}

TEST_CASE("another queue than the configured one is not up, and its numbers are shown") {
  Snapshot s = example();
  s.queues[0].state = QueueState::mismatched;
  s.queues[0].split_brain.push_back({.pid = 1, .command = "x"});
  const std::string text = metrics_text(s);
  CHECK(has_line(text, R"(slickq_queue_up{queue="q"} 0)"));
  CHECK(has_line(text, R"(slickq_queue_reserved_items_total{queue="q"} 50)"));
  CHECK(text.find(R"(state="mismatch",split_brain="true")") != std::string::npos);
}

TEST_CASE("label values are escaped") {
  CHECK(has_line(metrics_text(with_queue_named("a\"b\\c\nd")), R"(slickq_queue_up{queue="a\"b\\c\nd"} 1)"));
  CHECK(has_line(metrics_text(with_queue_named("größe {}=, é")), R"(slickq_queue_up{queue="größe {}=, é"} 1)"));
}

TEST_CASE("no hole has no age, a shm directory without a limit has no size, a refused reload is 0") {
  Snapshot s = example();
  s.queues[0].numbers->holes.clear();
  s.shm_size_bytes = 0;
  s.last_reload_ok = false;
  const std::string text = metrics_text(s);
  CHECK(has_line(text, R"(slickq_queue_oldest_unpublished_age_seconds{queue="q"} 0)"));
  CHECK(has_line(text, R"(slickq_queue_holes{queue="q"} 0)"));
  CHECK(text.find("slickqd_shm_") == std::string::npos);
  CHECK(has_line(text, "slickqd_config_last_reload_successful 0"));
}

TEST_CASE("without queues there are the daemon's own families") {
  Snapshot s = example();
  s.queues.clear();
  const std::string text = metrics_text(s);
  CHECK(text.find("slickq_queue") == std::string::npos);
  CHECK(has_line(text, "slickqd_orphans_detected_total 6"));
}

TEST_CASE("rounds are counted with their time") {
  World world("[]");
  world.start();
  world.round();
  world.round();
  const Snapshot& snapshot = *world.supervisor->snapshot();
  CHECK(has_line(metrics_text(snapshot), "slickqd_scan_duration_seconds_count 2"));
  CHECK(snapshot.rounds_duration == milliseconds(0));  // this clock stands still in a round
}

TEST_CASE("published is a counter: it does not fall when an older hole is found, and does when the queue is reset") {
  World world(R"([{"name":"q","size":8,"elem":8}])");
  world.start();
  world.round();
  auto queue = slickq::Queue::open("q", world.shm.path());
  slickq::Producer producer(queue);
  const std::array<std::byte, 8> element{};
  const auto published = [&] { return world.supervisor->snapshot()->queues[0].numbers->published; };
  const auto counted = [&] { return world.supervisor->snapshot()->queues[0].numbers->published_most; };
  const auto push = [&](int items) {
    for (int k = 0; k < items; ++k) REQUIRE(producer.push(element) == slickq::Push::pushed);
  };

  push(12);
  // A hole in the part of the ring that a round does not read when the ring lapped since the last one.
  const std::uint64_t hole = queue.ring().reserve(1);
  push(5);
  world.round();
  CHECK(hole == 12);
  const std::uint64_t lapped = counted();
  CHECK(lapped == published());
  world.round();
  CHECK(published() == hole);
  CHECK(lapped > hole);
  CHECK(counted() == lapped);

  queue.reset();
  world.round();
  CHECK(counted() == 0);
}

TEST_CASE("what the process uses is read from its directory, whatever the command is called") {
  const auto own = process_facts();
  REQUIRE(own);
  CHECK(own->threads >= 1);
  CHECK(own->open_fds >= 3);
  CHECK(own->max_fds >= own->open_fds);
  CHECK(own->resident_bytes > 100'000);
  CHECK(own->virtual_bytes >= own->resident_bytes);

  const test_support::ShmDir dir;
  std::ofstream(dir.file("stat")) << "7 (a) b (c) R 1 2 3 4 5 6 7 8 9 10 150 50 13 14 15 16 3 18 19 8192 2 22\n";
  const auto read = process_facts(dir.path());
  REQUIRE(read);
  CHECK(read->cpu_seconds == doctest::Approx(200.0 / static_cast<double>(sysconf(_SC_CLK_TCK))));
  CHECK(read->threads == 3);
  CHECK(read->virtual_bytes == 8192);
  CHECK(read->resident_bytes == 2 * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
  CHECK(read->open_fds == 0);

  std::ofstream(dir.file("stat")) << "7 (cut";
  CHECK_FALSE(process_facts(dir.path()));
  std::ofstream(dir.file("stat")) << "7 (cut) R 1 2";
  CHECK_FALSE(process_facts(dir.path()));
  CHECK_FALSE(process_facts("/nonexistent"));
}
