// Producer and consumer of a Link: the same messages, warm-up, pace and checks as those of `slickq bench`.
//
// Lossless means: who finds the queue full, or empty, pauses and asks again. Nobody sleeps; when both have the same
// CPU, who waits yields.
//
// Thread safety: one object a worker.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <span>

#include "link.hpp"

namespace slickq::peers {

/// Where messages may still be on their way: nothing came for so long after the last was sent, then nothing will.
inline constexpr std::uint64_t kPatienceNs = 5'000'000'000;

template <class Ends>
class Sending {
 public:
  Sending(const Post& post, Ends& ends) : post_(post), ends_(ends), source_(post.number, post.form()) {}

  void run() {
    if constexpr (requires { ends_.start_sending(); }) ends_.start_sending();
    post_.take_place();
    send(bench::warm_up_quota(*post_.plan));
    finish(bench::Part::warm_up);
    post_.be_warm();
    bench::Stopwatch watch(*post_.report);
    const std::uint64_t sent = sequence_;
    const std::uint64_t lost = evicted();
    send(bench::measured_quota(*post_.plan, post_.number));
    finish(bench::Part::measured);
    watch.stop();
    post_.report->sent = sequence_ - sent;
    post_.report->lost = evicted() - lost;
    if constexpr (requires { ends_.finish_sending(); }) ends_.finish_sending();
  }

 private:
  void send(const bench::Quota& quota) {
    const bool crowded = post_.plan->crowded();
    const std::size_t bytes = post_.plan->elem;
    const std::uint64_t end = sequence_ + quota.messages;
    for (std::uint64_t calls = 1; sequence_ != end; ++calls) {
      const auto count = static_cast<std::uint32_t>(std::min(post_.plan->batch, end - sequence_));
      std::span<const std::byte> left = source_.prepare(sequence_, count);
      for (std::uint32_t taken = 0; taken != count;) {
        const std::uint32_t now = ends_.try_send(left, count - taken);
        if (now == 0) bench::hold(crowded);
        taken += now;
        left = left.subspan(now * bytes);
      }
      sequence_ += count;
      // The clock costs as much as a message or two: it is asked seldom.
      if (calls % 256 == 0 && bench::now_ns() >= quota.until_ns) return;
    }
  }

  void finish(bench::Part part) {
    if constexpr (requires { ends_.end_sending(); }) ends_.end_sending();
    post_.control->sent[0].cursor().store(sequence_);
    bench::arrive(post_.control->done[static_cast<std::size_t>(part)]);
  }

  std::uint64_t evicted() const noexcept {
    if constexpr (requires { ends_.evicted(); }) return ends_.evicted();
    return 0;
  }

  const Post& post_;
  Ends& ends_;
  bench::Source source_;
  std::uint64_t sequence_ = 0;
};

template <class Ends>
class Receiving {
 public:
  Receiving(const Post& post, Ends& ends, unsigned rest)
      : post_(post), ends_(ends), rest_(rest), checker_(1, post.form()) {}

  void run() {
    if constexpr (requires { ends_.start_receiving(); }) ends_.start_receiving();
    post_.take_place();
    receive(bench::Part::warm_up);
    require_sound_warm_up();
    checker_.start_counting();
    post_.be_warm();
    bench::Stopwatch watch(*post_.report);
    watch.stop(receive(bench::Part::measured));
    post_.report->received = checker_.received();
    post_.report->missing = checker_.missing();
    post_.report->torn = checker_.torn();
    if constexpr (requires { ends_.finish_receiving(); }) ends_.finish_receiving();
  }

 private:
  static constexpr bool kHasOthersCarry = requires { Ends::kHasOthersCarry; };
  static constexpr bool kOverwrites = requires(const Ends& ends) { ends.evicted(); };

  // Everything that is sent in this part. Returns when the last of it came.
  std::uint64_t receive(bench::Part part) {
    if constexpr (requires { ends_.begin_receiving(); }) ends_.begin_receiving();
    const bool crowded = post_.plan->crowded();
    std::uint64_t silent_since = 0;
    for (;;) {
      if (ends_.poll([&](std::span<const std::byte> message) { checker_.account(checker_.look(message)); })) {
        silent_since = 0;
        continue;
      }
      if (is_over(part, silent_since)) break;
      for (unsigned k = 0; k < rest_; ++k) bench::hold(crowded);
    }
    const std::uint64_t ended = bench::now_ns();
    const std::uint64_t sent = post_.control->sent[0].cursor().load();
    checker_.close(0, sent);
    sent_before_ = sent;
    return ended;
  }

  // After a look that found nothing. The producer's last message is behind us, or will not come.
  bool is_over(bench::Part part, std::uint64_t& silent_since) noexcept {
    if (!bench::have_arrived(post_.control->done[static_cast<std::size_t>(part)], 1)) return false;
    const std::uint64_t sent = post_.control->sent[0].cursor().load() - sent_before_;
    if (checker_.received() + checker_.missing() + checker_.torn() >= sent) return true;
    // One more look after we know that all was sent.
    const std::uint64_t now = bench::now_ns();
    if (silent_since == 0) {
      silent_since = now;
      return false;
    }
    return !kHasOthersCarry || now - silent_since > kPatienceNs;
  }

  void require_sound_warm_up() const {
    if (checker_.torn() == 0 && (kOverwrites || checker_.missing() == 0)) return;
    throw bench::CheckFailed(
        fmt::format("during warm-up {} messages were torn, {} did not come", checker_.torn(), checker_.missing()));
  }

  const Post& post_;
  Ends& ends_;
  unsigned rest_;
  bench::Checker checker_;
  std::uint64_t sent_before_ = 0;
};

template <class Ends>
class LinkOf final : public Link {
 public:
  explicit LinkOf(const Plan& plan) : ends_(plan) {}
  void produce(const Post& post) override { Sending<Ends>(post, ends_).run(); }
  void consume(const Post& post) override { Receiving<Ends>(post, ends_, rest).run(); }
  std::uint64_t capacity() const override { return ends_.capacity(); }
  std::string remark() const override {
    if constexpr (requires { ends_.remark(); }) return ends_.remark();
    return {};
  }

 private:
  Ends ends_;
};

template <class Ends>
std::unique_ptr<Link> link_of(const Plan& plan) {
  return std::make_unique<LinkOf<Ends>>(plan);
}

}  // namespace slickq::peers
