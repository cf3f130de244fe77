#include "run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "control.hpp"
#include "crew.hpp"
#include "pingpong.hpp"
#include "slickq/error.hpp"
#include "stream.hpp"
#include "temporary_queue.hpp"

namespace slickq::bench {
namespace {

using Worker = void (*)(const Post&);
struct Cast {
  Worker producer;
  Worker consumer;
  unsigned queues;
};

Cast cast_of(Mode mode) noexcept {
  switch (mode) {
    case Mode::pingpong: return {run_ping, run_pong, 2};
    case Mode::bare: return {run_bare_ping, run_bare_pong, 0};
    default: return {run_producer, run_consumer, 1};
  }
}

[[noreturn]] void unsound(std::uint32_t consumer, std::string what) {
  throw Error(Errc::system, fmt::format("consumer {}", consumer), std::move(what),
              "the run counts for nothing: slickq, or this machine's memory, is broken");
}

// Time from the first worker's start to the last consumer's last message.
double seconds_of(const Plan& plan, const Control& control) {
  std::uint64_t started = ~std::uint64_t{0};
  std::uint64_t ended = 0;
  for (std::uint64_t k = 0; k < plan.workers(); ++k) {
    started = std::min(started, control.reports[k].started);
    if (k >= plan.producers) ended = std::max(ended, control.reports[k].ended);
  }
  return 1e-9 * static_cast<double>(std::max(ended, started + 1) - started);
}

Sample collect(const Plan& plan, const Control& control) {
  const bool both_ways = plan.mode == Mode::pingpong || plan.mode == Mode::bare;
  Sample sample;
  for (std::uint64_t k = 0; k < plan.producers; ++k) sample.sent += control.reports[k].sent;
  for (std::uint32_t k = 0; k < plan.consumers; ++k) {
    const Report& report = control.reports[plan.producers + k];
    require_sound(plan, k, report, sample.sent);
    if (report.distance != control.reports[plan.producers].distance) {
      unsound(k, fmt::format("went {} elements, consumer 0 went {}", report.distance,
                             control.reports[plan.producers].distance));
    }
    sample.add(report);
    sample.latency.merge(control.latency[k]);
  }
  if (both_ways) {
    const Report& server = control.reports[0];
    require_sound(plan, 0, server, control.reports[1].sent);
    sample.add(server);
    sample.sent += control.reports[1].sent;
  }
  for (std::uint64_t k = 0; k < plan.workers(); ++k) sample.cpu_s += control.reports[k].cpu_s;
  sample.seconds = seconds_of(plan, control);
  sample.delivered_per_s = static_cast<double>(sample.received) / static_cast<double>(plan.consumers) / sample.seconds;
  return sample;
}

}  // namespace

void require_sound(const Plan& plan, std::uint32_t consumer, const Report& report, std::uint64_t sent) {
  if (report.torn != 0) {
    unsound(consumer, fmt::format("{} of {} messages were torn", report.torn, report.torn + report.received));
  }
  if (report.received + report.missing != sent) {
    unsound(consumer,
            fmt::format("received {} + missing {} messages != sent {}", report.received, report.missing, sent));
  }
  if (report.received + report.lost + report.skipped != report.distance) {
    unsound(consumer, fmt::format("received {} + lost {} + skipped {} elements != {}, how far the cursor went",
                                  report.received, report.lost, report.skipped, report.distance));
  }
  if (report.missing > report.lost) {
    unsound(consumer, fmt::format("{} messages are missing, but only {} elements were told as lost", report.missing,
                                  report.lost));
  }
  if (plan.is_lossless() && report.lost != 0) {
    unsound(consumer, fmt::format("{} elements were lost though the producers waited", report.lost));
  }
}

Sample run_once(const Plan& plan) {
  const Cast cast = cast_of(plan.mode);
  std::vector<TemporaryQueue> queues;
  queues.reserve(cast.queues);
  std::vector<std::string> names;
  for (unsigned k = 0; k < cast.queues; ++k) names.push_back(queues.emplace_back(plan).name());
  const SharedControl control;
  Crew crew;
  for (std::uint64_t k = 0; k < plan.workers(); ++k) {
    const bool produces = k < plan.producers;
    const auto number = static_cast<std::uint32_t>(produces ? k : k - plan.producers);
    Report& report = control->reports[k];
    const Post post{&plan, &*control, names, number, &report};
    crew.start(fmt::format("{} {}", produces ? "producer" : "consumer", number), plan.cpus[k % plan.cpus.size()],
               report, [&] { (produces ? cast.producer : cast.consumer)(post); });
  }
  crew.wait_until_all_in(control->opened);
  for (TemporaryQueue& queue : queues) queue.lose_name();
  arrive(control->go);
  crew.wait();
  return collect(plan, *control);
}

}  // namespace slickq::bench
