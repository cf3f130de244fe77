// The ways into a queue and out of it that can be measured. Workers are templates over these, so that a port costs what
// its calls cost.
//
//   sender: send(source, sequence, count), last_index(); unit: messages a call may have
//   reader: poll(checker, on_note) -> did it get on?, cursor(), lost(), skipped(). on_note is called for each message,
//           after it was proven valid.
//
// Thread safety: one thread an object.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "payload.hpp"
#include "plan.hpp"
#include "reference.hpp"
#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"

namespace slickq::bench {

/// Throws CheckFailed when it was not pushed.
void require_pushed(Push result);
/// Throws CheckFailed: no buffer here is too small, and nobody resets the queue.
[[noreturn]] void fail_on(Pop what);

inline bool got_on(const PopResult& result) noexcept { return result.lost != 0 || result.skipped != 0; }

class SingleSender {
 public:
  SingleSender(Queue& queue, ProducerOptions options) : producer_(queue, std::move(options)) {}
  void send(Source& source, std::uint64_t sequence, std::uint32_t) {
    require_pushed(producer_.push(source.prepare(sequence)));
  }
  void send_stamped(Source& source, std::uint64_t sequence, std::uint64_t stamp) {
    require_pushed(producer_.push(source.prepare_stamped(sequence, stamp)));
  }
  std::uint64_t last_index() const noexcept { return producer_.last_index(); }

 private:
  Producer producer_;
};

class BatchSender {
 public:
  BatchSender(Queue& queue, ProducerOptions options) : producer_(queue, std::move(options)) {}
  void send(Source& source, std::uint64_t sequence, std::uint32_t count) {
    require_pushed(producer_.push_batch(source.prepare(sequence, count)));
  }
  std::uint64_t last_index() const noexcept { return producer_.last_index(); }

 private:
  Producer producer_;
};

/// Reserves for a whole burst and publishes each message as it comes. What a short burst leaves over is abandoned.
class BurstSender {
 public:
  BurstSender(Queue& queue, ProducerOptions options, std::uint64_t burst)
      : producer_(queue, std::move(options)), burst_(static_cast<std::uint32_t>(burst)) {}
  void send(Source& source, std::uint64_t sequence, std::uint32_t count) {
    Burst burst = producer_.burst(burst_);
    for (std::uint32_t k = 0; k < count; ++k) require_pushed(burst.push(source.prepare(sequence + k)));
  }
  std::uint64_t last_index() const noexcept { return producer_.last_index(); }

 private:
  Producer producer_;
  std::uint32_t burst_;
};

class ReferenceSender {
 public:
  explicit ReferenceSender(Queue& queue) : writer_(RawRing(queue.segment().data(), queue.geometry())) {}
  void send(Source& source, std::uint64_t sequence, std::uint32_t) noexcept { writer_.push(source.prepare(sequence)); }
  std::uint64_t last_index() const noexcept { return writer_.last_index(); }

 private:
  ReferenceWriter writer_;
};

/// Messages one by one, by copy.
class CopyReader {
 public:
  CopyReader(const Queue& queue, Polling polling) : consumer_(queue, {}, polling) {}

  template <class OnNote>
  bool poll(const Checker& checker, OnNote on_note) {
    std::span<const std::byte> bytes;
    const PopResult result = consumer_.pop(bytes);
    if (result.what == Pop::empty) return got_on(result);
    if (result.what != Pop::item) fail_on(result.what);
    on_note(checker.look(bytes));
    return true;
  }
  std::uint64_t cursor() const noexcept { return consumer_.cursor(); }
  std::uint64_t lost() const noexcept { return consumer_.lost_elements(); }
  std::uint64_t skipped() const noexcept { return consumer_.skipped_elements(); }

 private:
  Consumer consumer_;
};

class BatchReader {
 public:
  BatchReader(const Queue& queue, Polling polling, std::size_t batch)
      : consumer_(queue, {}, polling), buffer_(batch * queue.geometry().element_size()), items_(batch) {}

  template <class OnNote>
  bool poll(const Checker& checker, OnNote on_note) {
    std::span<BatchItem> taken;
    const PopResult result = consumer_.pop_batch(buffer_, items_, taken);
    if (result.what == Pop::empty) return got_on(result);
    if (result.what != Pop::item) fail_on(result.what);
    for (const BatchItem& item : taken) on_note(checker.look(item.bytes));
    return true;
  }
  std::uint64_t cursor() const noexcept { return consumer_.cursor(); }
  std::uint64_t lost() const noexcept { return consumer_.lost_elements(); }
  std::uint64_t skipped() const noexcept { return consumer_.skipped_elements(); }

 private:
  Consumer consumer_;
  std::vector<std::byte> buffer_;
  std::vector<BatchItem> items_;
};

/// Looks at up to 64 items where they lie, then asks once whether the oldest is still there: if so, all are.
class InPlaceReader {
 public:
  InPlaceReader(const Queue& queue, Polling polling) : consumer_(queue, {}, polling) {}

  template <class OnNote>
  bool poll(const Checker& checker, OnNote on_note) {
    std::size_t count = 0;
    bool moved = false;
    while (count < kGroup) {
      std::span<const std::byte> bytes;
      const PopResult result = consumer_.peek(bytes);
      moved = moved || got_on(result);
      if (result.what == Pop::empty) break;
      if (result.what != Pop::item) fail_on(result.what);
      notes_[count] = checker.look(bytes);
      items_[count++] = result;
      consumer_.commit(result);
    }
    std::size_t valid = 0;
    for (; valid < count && !consumer_.still_valid(items_[valid]); ++valid) overwritten_ += items_[valid].count;
    for (std::size_t k = valid; k < count; ++k) on_note(notes_[k]);
    return moved || count != 0;
  }
  std::uint64_t cursor() const noexcept { return consumer_.cursor(); }
  std::uint64_t lost() const noexcept { return consumer_.lost_elements() + overwritten_; }
  std::uint64_t skipped() const noexcept { return consumer_.skipped_elements(); }

 private:
  static constexpr std::size_t kGroup = 64;

  Consumer consumer_;
  std::uint64_t overwritten_ = 0;  // committed, and found to be gone afterwards
  std::array<PopResult, kGroup> items_;
  std::array<Note, kGroup> notes_;
};

class ReferenceTaker {
 public:
  explicit ReferenceTaker(const Queue& queue)
      : reader_(RawRing(queue.segment().data(), queue.geometry())), buffer_(queue.geometry().element_size()) {}

  template <class OnNote>
  bool poll(const Checker& checker, OnNote on_note) {
    if (!reader_.pop(buffer_.data())) return false;
    on_note(checker.look(buffer_));
    return true;
  }
  std::uint64_t cursor() const noexcept { return reader_.cursor(); }
  std::uint64_t lost() const noexcept { return 0; }
  std::uint64_t skipped() const noexcept { return 0; }

 private:
  ReferenceReader reader_;
  std::vector<std::byte> buffer_;
};

/// Calls `use` with the sender that the plan asks for.
template <class Use>
void with_sender(const Plan& plan, Queue& queue, ProducerOptions options, Use use) {
  if (plan.mode == Mode::reference) {
    ReferenceSender sender(queue);
    use(sender);
  } else if (plan.batch > 1) {
    BatchSender sender(queue, std::move(options));
    use(sender);
  } else if (plan.burst > 1) {
    BurstSender sender(queue, std::move(options), plan.burst);
    use(sender);
  } else {
    SingleSender sender(queue, std::move(options));
    use(sender);
  }
}

/// Calls `use` with the reader that the plan asks for.
template <class Use>
void with_reader(const Plan& plan, const Queue& queue, Use use) {
  const bool is_in_a_hurry = plan.mode == Mode::pingpong || plan.mode == Mode::rate;
  const Polling polling = is_in_a_hurry ? Polling::latency : Polling::throughput;
  if (plan.mode == Mode::reference) {
    ReferenceTaker reader(queue);
    use(reader);
  } else if (plan.read == ReadKind::zero_copy) {
    InPlaceReader reader(queue, polling);
    use(reader);
  } else if (plan.batch > 1) {
    BatchReader reader(queue, polling, std::max<std::size_t>(plan.batch, 64));
    use(reader);
  } else {
    CopyReader reader(queue, polling);
    use(reader);
  }
}

}  // namespace slickq::bench
