#include <algorithm>
#include <chrono>

#include "ports.hpp"
#include "stream.hpp"

namespace slickq::bench {
namespace {

// How far this consumer is, told to the producers now and then: often enough that they need not stop, so seldom that
// the line stays with them.
class Credit {
 public:
  Credit(Line& line, std::uint64_t size) noexcept : line_(&line), step_(std::clamp<std::uint64_t>(size / 8, 1, 1024)) {}
  void passed(std::uint64_t cursor) noexcept {
    if (cursor - told_ >= step_) tell(cursor);
  }
  void tell(std::uint64_t cursor) noexcept {
    if (cursor == told_) return;
    line_->cursor().store(cursor);
    told_ = cursor;
  }

 private:
  Line* line_;
  std::uint64_t step_;
  std::uint64_t told_ = 0;
};

template <class Reader>
class Receiving {
 public:
  Receiving(const Post& post, const Queue& queue, Reader& reader)
      : post_(post),
        queue_(queue),
        reader_(reader),
        checker_(static_cast<std::uint32_t>(post.plan->producers), post.form()),
        credit_(post.control->credit[post.number], post.plan->size),
        latency_(post.control->latency[post.number]),
        spins_(post.plan->waiting().kind() == Wait::Kind::spin) {}

  void run() {
    post_.take_place();
    receive(Part::warm_up);
    checker_.start_counting();
    latency_.clear();
    const std::uint64_t from = reader_.cursor();
    const std::uint64_t lost = reader_.lost();
    const std::uint64_t skipped = reader_.skipped();
    post_.be_warm();
    Stopwatch watch(*post_.report);
    const std::uint64_t ended = receive(Part::measured);
    watch.stop(ended);
    Report& report = *post_.report;
    report.received = checker_.received();
    report.missing = checker_.missing();
    report.torn = checker_.torn();
    report.lost = reader_.lost() - lost;
    report.skipped = reader_.skipped() - skipped;
    report.distance = reader_.cursor() - from;
  }

 private:
  // Everything that is sent in this part. Returns when the last of it was received.
  std::uint64_t receive(Part part) {
    Waiter waiter(post_.plan->waiting(), queue_.annex(), queue_.writable());
    const bool stamped = post_.plan->mode == Mode::rate;
    std::uint64_t idle_since = 0;
    for (;;) {
      const bool moved = reader_.poll(checker_, [&](const Note& note) {
        if (stamped) record(note.stamp);
        checker_.account(note);
      });
      if (moved) {
        credit_.passed(reader_.cursor());
        continue;
      }
      // Before the question whether all is sent: who sleeps notices that late.
      if (!spins_) idle_since = now_ns();
      credit_.tell(reader_.cursor());
      if (is_over(part)) break;
      if (!spins_) {
        waiter.until(Waiter::deadline_after(std::chrono::milliseconds(10)),
                     [&] { return queue_.ring().look(reader_.cursor()).what != Look::nothing || is_over(part); });
        if (is_over(part)) break;
      }
    }
    for (std::uint32_t k = 0; k < post_.plan->producers; ++k) {
      checker_.close(k, post_.control->sent[k].cursor().load());
    }
    return spins_ ? now_ns() : idle_since;
  }

  // All producers have sent their last, and this consumer is where they stopped.
  bool is_over(Part part) const noexcept {
    return have_arrived(post_.control->done[static_cast<std::size_t>(part)],
                        static_cast<std::uint32_t>(post_.plan->producers)) &&
           reader_.cursor() == queue_.ring().reserved_index();
  }

  void record(std::uint64_t stamp) noexcept {
    const std::uint64_t now = now_ns();
    latency_.record(now > stamp ? now - stamp : 0);
  }

  const Post& post_;
  const Queue& queue_;
  Reader& reader_;
  Checker checker_;
  Credit credit_;
  Histogram& latency_;
  bool spins_;
};

}  // namespace

void run_consumer(const Post& post) {
  const Queue queue = Queue::open(post.queues.front(), post.plan->shm_dir);
  with_reader(*post.plan, queue, [&](auto& reader) { Receiving(post, queue, reader).run(); });
}

}  // namespace slickq::bench
