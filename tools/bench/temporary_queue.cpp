#include "temporary_queue.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "slickq/error.hpp"

namespace slickq::bench {
namespace {

Queue create(const Plan& plan) {
  CreateOptions options;
  options.shm_dir = plan.shm_dir;
  options.prefault = true;
  static unsigned number = 0;
  for (;;) {
    try {
      return Queue::create(fmt::format("slickq-bench-{}-{}", getpid(), ++number), plan.geometry(), options);
    } catch (const Error& error) {
      if (error.code() != Errc::exists) throw;  // it is of a killed process that had our number
    }
  }
}

}  // namespace

TemporaryQueue::TemporaryQueue(const Plan& plan) : queue_(create(plan)) {}

TemporaryQueue::TemporaryQueue(TemporaryQueue&& other) noexcept
    : queue_(std::move(other.queue_)), named_(std::exchange(other.named_, false)) {}

void TemporaryQueue::lose_name() noexcept {
  if (std::exchange(named_, false)) queue_.unlink();
}

}  // namespace slickq::bench
