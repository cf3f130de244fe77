#include <algorithm>
#include <chrono>

#include "ports.hpp"
#include "stream.hpp"

namespace slickq::bench {
namespace {

// Lossless without a word in the queue itself: a producer goes on as long as the slowest consumer it knows of allows,
// and looks at the consumers again only when it does not.
//
// With several producers a producer's own last index is all it knows of the others. It may be too low before the next
// push, never after it, so each producer passes the limit by one push at most: the margin has room for that.
class Gate {
 public:
  explicit Gate(const Post& post) : post_(&post) {
    const Plan& plan = *post.plan;
    // Reading in place, the consumers' cursors are respected by the producers of the library itself.
    const bool closed = plan.is_lossless() && plan.read == ReadKind::copy;
    window_ = plan.size - (plan.producers + 1) * plan.unit();
    limit_ = closed ? window_ : ~std::uint64_t{0};
  }

  /// Until `end`, the index behind what is to be sent, is within the window.
  void pass(std::uint64_t end) noexcept {
    while (end > limit_) {
      limit_ = slowest() + window_;
      if (end > limit_) hold(post_->plan->crowded());
    }
  }

 private:
  std::uint64_t slowest() const noexcept {
    std::uint64_t least = ~std::uint64_t{0};
    for (std::uint32_t k = 0; k < post_->plan->consumers; ++k) {
      least = std::min(least, post_->control->credit[k].cursor().load());
    }
    return least;
  }

  const Post* post_;
  std::uint64_t window_;
  std::uint64_t limit_;
};

ProducerOptions options_of(const Post& post) {
  const Plan& plan = *post.plan;
  ProducerOptions options;
  options.wait = plan.waiting();
  options.mode = plan.producer;
  if (plan.is_lossless() && plan.read == ReadKind::zero_copy) {
    for (std::uint32_t k = 0; k < plan.consumers; ++k) options.respect.push_back(post.control->credit[k].cursor());
  }
  return options;
}

template <class Sender>
class Sending {
 public:
  Sending(const Post& post, Sender& sender)
      : post_(post), sender_(sender), source_(post.number, post.form()), gate_(post) {}

  void run() {
    post_.take_place();
    send_on(warm_up_quota(*post_.plan));
    finish(Part::warm_up);
    post_.be_warm();
    Stopwatch watch(*post_.report);
    const std::uint64_t before = sequence_;
    const Quota quota = measured_quota(*post_.plan, post_.number);
    if (post_.plan->mode == Mode::rate) {
      send_on_time(quota);
    } else {
      send_on(quota);
    }
    finish(Part::measured);
    watch.stop();
    post_.report->sent = sequence_ - before;
  }

 private:
  void send_on(const Quota& quota) {
    const std::uint64_t unit = post_.plan->unit();
    const std::uint64_t end = sequence_ + quota.messages;
    for (std::uint64_t calls = 1; sequence_ != end; ++calls) {
      const std::uint64_t count = std::min(unit, end - sequence_);
      gate_.pass(sender_.last_index() + 1 + count);
      sender_.send(source_, sequence_, static_cast<std::uint32_t>(count));
      sequence_ += count;
      // The clock costs as much as a message or two: it is asked seldom.
      if (calls % 256 == 0 && now_ns() >= quota.until_ns) return;
    }
  }

  // Open loop: the schedule is fixed at the start and shared by the producers in turn. Who is late sends at once and
  // says when the message should have been sent, so that the delay of all behind a hiccup is seen.
  void send_on_time(const Quota& quota) {
    if constexpr (requires { sender_.send_stamped(source_, sequence_, sequence_); }) {
      const double interval = 1e9 * static_cast<double>(post_.plan->producers) / post_.plan->rate;
      const double first = interval * post_.number / static_cast<double>(post_.plan->producers);
      const std::uint64_t start = now_ns();
      for (std::uint64_t k = 0; k < quota.messages; ++k) {
        const std::uint64_t due = start + static_cast<std::uint64_t>(first + interval * static_cast<double>(k));
        if (due >= quota.until_ns) return;
        while (now_ns() < due) hold(post_.plan->crowded());
        sender_.send_stamped(source_, sequence_, due);
        ++sequence_;
      }
    } else {
      throw CheckFailed("messages with a time are sent one by one");
    }
  }

  void finish(Part part) noexcept {
    post_.control->sent[post_.number].cursor().store(sequence_);
    arrive(post_.control->done[static_cast<std::size_t>(part)]);
  }

  const Post& post_;
  Sender& sender_;
  Source source_;
  Gate gate_;
  std::uint64_t sequence_ = 0;
};

}  // namespace

void run_producer(const Post& post) {
  Queue queue = Queue::open(post.queues.front(), post.plan->shm_dir);
  with_sender(*post.plan, queue, options_of(post), [&](auto& sender) { Sending(post, sender).run(); });
}

}  // namespace slickq::bench
