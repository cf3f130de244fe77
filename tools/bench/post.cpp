#include "post.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace slickq::bench {

// At most a ring of them, or a lap later the same elements would have the same pattern.
Form Post::form() const noexcept {
  const std::uint64_t at_once = std::max<std::uint64_t>(std::min<std::uint64_t>(64, plan->size) / plan->unit(), 1);
  return {static_cast<std::uint32_t>(plan->elem), static_cast<std::uint32_t>(at_once * plan->unit()),
          plan->mode == Mode::rate};
}

void Post::take_place() const noexcept {
  arrive(control->opened);
  wait_for(control->go, 1, plan->crowded());
}

void Post::be_warm() const noexcept {
  arrive(control->warm);
  wait_for(control->warm, static_cast<std::uint32_t>(plan->workers()), plan->crowded());
}

Quota warm_up_quota(const Plan& plan) noexcept {
  const std::uint64_t share = (kWarmUpLaps * plan.size + plan.producers - 1) / plan.producers;
  const std::uint64_t unit = plan.unit();
  return {(share + unit - 1) / unit * unit};  // whole batches: the measured part begins with one, too
}

Quota measured_quota(const Plan& plan, std::uint32_t producer) noexcept {
  if (plan.msgs && (plan.mode == Mode::pingpong || plan.mode == Mode::bare)) return {(*plan.msgs + 1) / 2};
  if (!plan.msgs) return {Quota::kUnlimited, now_ns() + static_cast<std::uint64_t>(plan.duration.count())};
  return {*plan.msgs / plan.producers + (producer < *plan.msgs % plan.producers ? 1 : 0)};
}

double cpu_seconds() noexcept {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

Stopwatch::Stopwatch(Report& report) noexcept : report_(&report), cpu_at_start_(cpu_seconds()) {
  report.started = now_ns();
}

void Stopwatch::stop(std::uint64_t ended) noexcept {
  report_->ended = ended;
  report_->cpu_s = cpu_seconds() - cpu_at_start_;
}

}  // namespace slickq::bench
