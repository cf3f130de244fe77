// A queue of one run alone.
//
// Thread safety: one thread.
// Crash: it has a name only until lose_name(); who has it open keeps it. Killed before that, it stays as an orphan for
// slickqd, or `slickq unlink`, to remove.
#pragma once

#include <string>

#include "plan.hpp"
#include "slickq/queue.hpp"

namespace slickq::bench {

class TemporaryQueue {
 public:
  /// Every page is there. Throws as Queue::create.
  explicit TemporaryQueue(const Plan& plan);
  ~TemporaryQueue() { lose_name(); }
  TemporaryQueue(TemporaryQueue&& other) noexcept;
  TemporaryQueue& operator=(TemporaryQueue&&) = delete;

  Queue& queue() noexcept { return queue_; }
  const std::string& name() const noexcept { return queue_.name(); }
  void lose_name() noexcept;

 private:
  Queue queue_;
  bool named_ = true;
};

}  // namespace slickq::bench
