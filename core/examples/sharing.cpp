// The two ways to share a queue: broadcast (every consumer sees every item) and work sharing (each item goes
// to one).
//
// The difference is only where the read position lives. A Consumer has its own; SharedConsumers advance one
// that all of them see, here a named cursor, so that they may as well be separate processes.
#include <unistd.h>
#include <atomic>
#include <cstdio>
#include <slickq/slickq.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::uint64_t kJobs = 1000;
constexpr int kWorkers = 3;

// Takes until the queue is empty; everything was pushed before. Works with either kind of consumer.
template <class AnyConsumer>
std::uint64_t take_all(AnyConsumer& consumer) {
  std::uint64_t taken = 0;
  std::uint64_t job = 0;
  while (consumer.pop_into(std::as_writable_bytes(std::span(&job, 1))).what == slickq::Pop::item) ++taken;
  return taken;
}

std::uint64_t broadcast(const slickq::Queue& queue) {
  std::uint64_t total = 0;
  for (int k = 0; k < kWorkers; ++k) {
    slickq::Consumer consumer(queue);
    total += take_all(consumer);
  }
  return total;
}

std::uint64_t share_work(const slickq::Queue& queue, slickq::AtomicCursor cursor) {
  std::atomic<std::uint64_t> total{0};
  std::vector<std::thread> workers;
  for (int k = 0; k < kWorkers; ++k) {
    workers.emplace_back([&] {
      slickq::SharedConsumer consumer(queue, cursor);
      // relaxed: only the sum counts, and join() below orders it before the caller's load.
      total.fetch_add(take_all(consumer), std::memory_order_relaxed);
    });
  }
  for (auto& worker : workers) worker.join();
  return total.load(std::memory_order_relaxed);
}

// Everything that holds the queue lives in here: a held segment is not removed.
bool run(const std::string& name, const std::string& cursor_name) {
  const auto geometry = slickq::Geometry::make(slickq::Layout::slq1, 1024, sizeof(std::uint64_t));
  auto queue = slickq::Queue::create(name, geometry);
  auto cursor = slickq::NamedCursor::create(cursor_name, 0);

  slickq::Producer producer(queue);
  for (std::uint64_t job = 0; job < kJobs; ++job) producer.push(std::as_bytes(std::span(&job, 1)));

  const std::uint64_t seen = broadcast(queue);
  const std::uint64_t done = share_work(queue, cursor.cursor());
  std::printf("%d consumers with own cursors took %llu items, %d on one cursor took %llu\n", kWorkers,
              static_cast<unsigned long long>(seen), kWorkers, static_cast<unsigned long long>(done));
  return seen == kWorkers * kJobs && done == kJobs;
}

}  // namespace

int main() try {
  const std::string name = "example-jobs-" + std::to_string(getpid());
  const std::string cursor_name = slickq::cursor_segment_name(name, "workers");  // NAME@workers, 8 bytes
  const bool complete = run(name, cursor_name);
  // Never removed by a destructor: a queue outlives its programs until somebody says otherwise.
  const bool removed = slickq::remove_segment(name, {}).removed && slickq::remove_segment(cursor_name, {}).removed;
  return complete && removed ? 0 : 1;
} catch (const slickq::Error& error) {
  std::fprintf(stderr, "sharing: %s\n", error.what());
  return 1;
}
