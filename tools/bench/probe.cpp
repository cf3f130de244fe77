#include "probe.hpp"

#include <algorithm>
#include <string>

#include "ports.hpp"
#include "slickq/error.hpp"
#include "temporary_queue.hpp"

namespace slickq::bench {
namespace {

constexpr std::uint32_t kBatch = 16;

// A whole lap, so that what is counted meets the slots of an earlier one, as it does in use.
constexpr std::uint64_t kRing = 16384;
static_assert(kRing % kBatch == 0 && kProbeMessages % kBatch == 0 && kProbeMessages <= kRing);

struct Kind {
  std::string_view name;
  ProducerMode producer;
  std::uint32_t batch;
};
constexpr std::array kKinds{Kind{"multi", ProducerMode::multi, 1}, Kind{"single", ProducerMode::single, 1},
                            Kind{"batch16", ProducerMode::multi, kBatch}};

// Producer and consumer of one kind, in one thread.
class Pair {
 public:
  Pair(Queue& queue, const Kind& kind)
      : batch_(kind.batch),
        element_bytes_(queue.geometry().element_size()),
        producer_(queue, options_of(kind)),
        consumer_(queue, {}, Polling::throughput),
        message_(batch_ * element_bytes_),
        buffer_(batch_ * element_bytes_),
        items_(batch_) {}

  void push(std::uint64_t messages) {
    for (std::uint64_t k = 0; k < messages; k += batch_) {
      require_pushed(batch_ == 1 ? producer_.push(message_) : producer_.push_batch(message_));
    }
  }
  void pop(std::uint64_t messages) {
    for (std::uint64_t left = messages; left > 0;) {
      std::span<BatchItem> taken;
      std::span<const std::byte> bytes;
      const PopResult result = batch_ == 1 ? consumer_.pop(bytes) : consumer_.pop_batch(buffer_, items_, taken);
      if (result.what != Pop::item) throw CheckFailed("a message that was pushed did not come");
      left -= std::min<std::uint64_t>(left, batch_ == 1 ? 1 : taken.size());
    }
  }

 private:
  static ProducerOptions options_of(const Kind& kind) {
    ProducerOptions options;
    options.mode = kind.producer;
    return options;
  }

  std::uint32_t batch_;
  std::size_t element_bytes_;
  Producer producer_;
  Consumer consumer_;
  std::vector<std::byte> message_;
  std::vector<std::byte> buffer_;
  std::vector<BatchItem> items_;
};

}  // namespace

// Their names are what callgrind is told; inlined they would have none.
extern "C" {
__attribute__((noinline)) void slickq_bench_push(Pair& pair) { pair.push(kProbeMessages); }
__attribute__((noinline)) void slickq_bench_pop(Pair& pair) { pair.pop(kProbeMessages); }
}

std::vector<std::string_view> probe_kinds() {
  std::vector<std::string_view> names;
  for (const Kind& kind : kKinds) {
    names.push_back(kind.name);
  }
  return names;
}

void run_probe(std::string_view name, const Plan& plan) {
  const auto kind = std::ranges::find_if(kKinds, [&](const Kind& k) { return k.name == name; });
  if (kind == kKinds.end()) throw Error(Errc::invalid_argument, "--probe", "unknown kind " + std::string(name));
  Plan sized = plan;
  sized.size = kRing;
  TemporaryQueue temporary(sized);
  temporary.lose_name();
  Pair pair(temporary.queue(), *kind);
  pair.push(kRing);
  pair.pop(kRing);
  slickq_bench_push(pair);
  slickq_bench_pop(pair);
}

}  // namespace slickq::bench
