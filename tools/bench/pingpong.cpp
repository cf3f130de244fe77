#include "pingpong.hpp"

#include <chrono>

#include "ports.hpp"

namespace slickq::bench {
namespace {

ProducerOptions options_of(const Plan& plan) {
  ProducerOptions options;
  options.wait = plan.waiting();
  options.mode = plan.producer;
  return options;
}

// One way is half of there and back. One clock per end of a trip, in both kinds of ping-pong alike.
template <class Trip>
std::uint64_t play(Histogram& latency, const Quota& quota, Trip trip) {
  for (std::uint64_t trips = 1; trips <= quota.messages; ++trips) {
    const std::uint64_t served = now_ns();
    trip();
    const std::uint64_t returned = now_ns();
    latency.record((returned - served) / 2);
    if (returned >= quota.until_ns) return trips;
  }
  return quota.messages;
}

// Warm-up and measured part of who serves.
template <class Trip, class OnWarm>
void serve(const Post& post, Trip trip, OnWarm on_warm) {
  Histogram& latency = post.control->latency[0];
  play(latency, warm_up_quota(*post.plan), trip);
  on_warm();
  latency.clear();
  post.be_warm();
  Stopwatch watch(*post.report);
  post.report->sent = play(latency, measured_quota(*post.plan, 0), trip);
  watch.stop();
}

// What comes from the other side; each message is checked.
template <class Reader>
class Side {
 public:
  Side(const Post& post, const Queue& queue, Reader& reader)
      : post_(post),
        queue_(queue),
        reader_(reader),
        checker_(1, post.form()),
        spins_(post.plan->waiting().kind() == Wait::Kind::spin) {}

  /// Waits for a message; false when `is_over` says that none will come.
  template <class IsOver>
  bool receive(IsOver is_over) {
    Waiter waiter(post_.plan->waiting(), queue_.annex(), queue_.writable());
    const std::uint64_t before = checker_.received() + checker_.torn();
    for (;;) {
      reader_.poll(checker_, [&](const Note& note) { checker_.account(note); });
      if (checker_.received() + checker_.torn() != before) return true;
      if (is_over()) return false;
      if (spins_) continue;
      waiter.until(Waiter::deadline_after(std::chrono::milliseconds(10)),
                   [&] { return queue_.ring().look(reader_.cursor()).what != Look::nothing || is_over(); });
    }
  }

  void start_counting() noexcept {
    checker_.start_counting();
    from_ = reader_.cursor();
    lost_before_ = reader_.lost();
    skipped_before_ = reader_.skipped();
  }
  void report(std::uint64_t sent) {
    checker_.close(0, sent);
    post_.report->received = checker_.received();
    post_.report->missing = checker_.missing();
    post_.report->torn = checker_.torn();
    post_.report->lost = reader_.lost() - lost_before_;
    post_.report->skipped = reader_.skipped() - skipped_before_;
    post_.report->distance = reader_.cursor() - from_;
  }

 private:
  const Post& post_;
  const Queue& queue_;
  Reader& reader_;
  Checker checker_;
  std::uint64_t from_ = 0;
  std::uint64_t lost_before_ = 0;
  std::uint64_t skipped_before_ = 0;
  bool spins_;
};

}  // namespace

void run_ping(const Post& post) {
  Queue there = Queue::open(post.queues[0], post.plan->shm_dir);
  const Queue back = Queue::open(post.queues[1], post.plan->shm_dir);
  SingleSender sender(there, options_of(*post.plan));
  Source source(0, post.form());
  with_reader(*post.plan, back, [&](auto& reader) {
    Side side(post, back, reader);
    std::uint64_t sequence = 0;
    post.take_place();
    const auto trip = [&] {
      sender.send(source, sequence++, 1);
      side.receive([] { return false; });
    };
    serve(post, trip, [&] {
      arrive(post.control->done[0]);
      side.start_counting();
    });
    post.control->sent[0].cursor().store(sequence);
    arrive(post.control->done[1]);
    side.report(sequence);  // who answers sends as many
  });
}

void run_pong(const Post& post) {
  const Queue there = Queue::open(post.queues[0], post.plan->shm_dir);
  Queue back = Queue::open(post.queues[1], post.plan->shm_dir);
  SingleSender sender(back, options_of(*post.plan));
  Source source(0, post.form());
  with_reader(*post.plan, there, [&](auto& reader) {
    Side side(post, there, reader);
    std::uint64_t sequence = 0;
    const auto answer_all_of = [&](Part part) {
      const Counter& done = post.control->done[static_cast<std::size_t>(part)];
      while (side.receive([&] { return have_arrived(done, 1); })) sender.send(source, sequence++, 1);
    };
    post.take_place();
    answer_all_of(Part::warm_up);
    side.start_counting();
    post.be_warm();
    Stopwatch watch(*post.report);
    const std::uint64_t before = sequence;
    answer_all_of(Part::measured);
    watch.stop();
    post.report->sent = sequence - before;
    side.report(post.control->sent[0].cursor().load());
  });
}

namespace {
constexpr std::uint64_t kNoMore = ~std::uint64_t{0};
}  // namespace

void run_bare_ping(const Post& post) {
  AtomicCursor there = post.control->bare[0].cursor();
  AtomicCursor back = post.control->bare[1].cursor();
  const bool crowded = post.plan->crowded();
  std::uint64_t sequence = 0;
  post.take_place();
  const auto trip = [&] {
    there.store(++sequence);
    while (back.load() != sequence) {
      if (crowded) hold(true);
    }
  };
  std::uint64_t warm = 0;
  serve(post, trip, [&] { warm = sequence; });
  there.store(kNoMore);
  post.report->received = back.load() - warm;
  post.report->distance = post.report->received;
}

void run_bare_pong(const Post& post) {
  AtomicCursor there = post.control->bare[0].cursor();
  AtomicCursor back = post.control->bare[1].cursor();
  const bool crowded = post.plan->crowded();
  const std::uint64_t warm = warm_up_quota(*post.plan).messages;
  std::uint64_t answered = 0;
  const auto answer_until = [&](std::uint64_t last) {
    while (answered != last) {
      const std::uint64_t come = there.load();
      if (come == kNoMore) return;
      if (come == answered) {
        if (crowded) hold(true);
        continue;
      }
      if (come != answered + 1) throw CheckFailed("a bare line went on by more than one");
      back.store(++answered);
    }
  };
  post.take_place();
  answer_until(warm);
  post.be_warm();
  Stopwatch watch(*post.report);
  answer_until(kNoMore);
  watch.stop();
  post.report->sent = answered - warm;
  post.report->received = answered - warm;
  post.report->distance = answered - warm;
}

}  // namespace slickq::bench
