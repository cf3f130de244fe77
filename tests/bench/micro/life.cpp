// What it costs that a queue comes, is opened, looked at, and goes.
#include "micro.hpp"

#include "slickq/inspect.hpp"
#include "slickq/scan.hpp"
#include "slickq/view.hpp"

namespace slickq::micro {
namespace {

constexpr std::uint64_t kSmall = 1024;
constexpr std::uint64_t kPage = 4096;

Geometry small() { return Geometry::make(Layout::slq1, kSmall, 64); }

void create_and_unlink(benchmark::State& state) {
  const Named named;
  for (auto _ : state) {
    const Queue queue = Queue::create(named.name(), small());
    if (!require(state, queue.unlink(), "not removed")) break;
  }
}

void open_and_close_with(benchmark::State& state, const Geometry& geometry) {
  const Named named;
  const Queue created = Queue::create(named.name(), geometry);
  for (auto _ : state) {
    Queue queue = Queue::open(named.name());
    if (!require(state, queue.geometry() == geometry, "another queue")) break;
  }
}

void open_and_close(benchmark::State& state) { open_and_close_with(state, small()); }

// Its pages are never touched, so that no memory is needed for it.
void open_and_close_1gib(benchmark::State& state) {
  open_and_close_with(state, Geometry::make(Layout::slq1, (std::uint64_t{1} << 30) / kPage, kPage));
}

// A queue that is in use, under its name.
class Used {
 public:
  explicit Used(benchmark::State& state) : queue_(Queue::create(named_.name(), small())), producer_(queue_) {
    require(state, fill(producer_, kSmall / 2, 64), "the ring could not be filled");
  }
  const std::string& name() const noexcept { return named_.name(); }

 private:
  Named named_;
  Queue queue_;
  Producer producer_;
};

void look_at_journal(benchmark::State& state) {
  const Used used(state);
  const View view = View::open_segment(used.name());
  for (auto _ : state) {
    const Annex annex = view.annex();
    benchmark::DoNotOptimize(&annex);
  }
}

void view_scan(benchmark::State& state) {
  const Used used(state);
  const View view = View::open_segment(used.name());
  for (auto _ : state) {
    const Scan found = scan(view);
    if (!require(state, found.holes.empty(), "a hole where nobody died")) break;
  }
}

void view_inspect(benchmark::State& state) {
  const Used used(state);
  InspectOptions options;
  options.holders = false;  // that is a walk over /proc, as long as the system is busy
  for (auto _ : state) {
    const Inspection found = inspect(View::open_segment(used.name()), options);
    if (!require(state, found.geometry == small(), "another queue")) break;
  }
}

BENCHMARK(create_and_unlink)->Unit(benchmark::kMicrosecond);
BENCHMARK(open_and_close)->Unit(benchmark::kMicrosecond);
BENCHMARK(open_and_close_1gib)->Unit(benchmark::kMicrosecond);
BENCHMARK(look_at_journal)->Unit(benchmark::kMicrosecond);
BENCHMARK(view_scan)->Unit(benchmark::kMicrosecond);
BENCHMARK(view_inspect)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace slickq::micro
