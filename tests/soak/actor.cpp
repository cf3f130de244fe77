// One producer or reader of the soak, for as long as it is let live.
//
//   soak_actor produce QUEUE RECORD NUMBER PAUSE_US    NUMBER: 0 to 3, of this queue's producers
//   soak_actor read QUEUE RECORD PAUSE_US
//
// The shared-memory directory is SLICKQ_SHM_DIR's. A pause follows each 64 items, or each look that found nothing.
// SIGTERM: a producer stops; a reader reads up to the end of the queue, and stops. Killed by SIGKILL, the next life
// goes on from the record. Exit code: 0, or 1 when it could not do its work.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "record.hpp"
#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"
#include "torture/item.hpp"

namespace {

using namespace soak;

volatile std::sig_atomic_t told_to_stop = 0;
void on_term(int) { told_to_stop = 1; }

constexpr std::size_t kMostAtOnce = 16;
constexpr std::uint64_t kItemsAPause = 64;

class Producing {
 public:
  Producing(slickq::Queue& queue, ProducerRecord& record, std::uint32_t number)
      : producer_(queue),
        record_(record),
        number_(number),
        element_(queue.geometry().element_size()),
        buffer_(kMostAtOnce * element_) {
    record_.doubtful.fetch_add(record_.begun.load() - record_.done.load());
    record_.done.store(record_.begun.load());
    record_.lives.fetch_add(1);
  }

  void run(useconds_t pause) {
    for (std::uint64_t round = 0; !told_to_stop; ++round) {
      put(round % 3 == 0 ? 1 : 1 + round % kMostAtOnce);
      if (round % (kItemsAPause / 8) == 0) usleep(pause);
    }
  }

 private:
  void put(std::uint64_t count) {
    const std::uint64_t first = record_.begun.load(std::memory_order_relaxed);
    for (std::uint64_t k = 0; k < count; ++k) {
      torture::write_item(std::span(buffer_).subspan(k * element_, element_),
                          {.producer = number_, .sequence = first + k});
    }
    record_.begun.store(first + count, std::memory_order_release);
    const std::uint64_t before = producer_.pushed_items();
    const auto elements = std::span<const std::byte>(buffer_).first(count * element_);
    const slickq::Push what = count == 1 ? producer_.push(elements) : producer_.push_batch(elements);
    // Obstructed: somebody stands still for longer than we wait. What did not get in is tried again.
    if (what != slickq::Push::pushed && what != slickq::Push::obstructed) {
      throw std::runtime_error("push answered " + std::to_string(static_cast<int>(what)));
    }
    const std::uint64_t pushed = producer_.pushed_items() - before;
    record_.published.fetch_add(pushed, std::memory_order_relaxed);
    record_.done.store(first + pushed, std::memory_order_release);
    record_.begun.store(first + pushed, std::memory_order_release);
  }

  slickq::Producer producer_;
  ProducerRecord& record_;
  std::uint32_t number_;
  std::size_t element_;
  std::vector<std::byte> buffer_;
};

class Reading {
 public:
  Reading(const slickq::Queue& queue, ReaderRecord& record)
      : queue_(queue),
        record_(record),
        tally_(record.get()),
        consumer_(queue, {slickq::Start::At::index, tally_.cursor}),
        buffer_(kMostAtOnce * queue.geometry().element_size()) {
    ++tally_.lives;
  }

  void run(useconds_t pause) {
    for (std::uint64_t round = 0;; ++round) {
      const bool last_ones = told_to_stop != 0;  // asked before the look: what was pushed by then is seen by it
      const slickq::PopResult result = round % 2 == 0 ? batch() : wait();
      tally_.lost += result.lost;
      tally_.skipped += result.skipped;
      tally_.resets += result.what == slickq::Pop::reset ? 1 : 0;
      tally_.cursor = consumer_.cursor();
      record_.put(tally_);
      if (result.what == slickq::Pop::empty && result.lost == 0) {
        if (last_ones && tally_.cursor == queue_.ring().reserved_index()) return;
        usleep(pause);
      }
    }
  }

 private:
  slickq::PopResult batch() {
    std::array<slickq::BatchItem, kMostAtOnce> items;
    std::span<slickq::BatchItem> taken;
    const slickq::PopResult result = consumer_.pop_batch(buffer_, items, taken);
    for (const slickq::BatchItem& item : taken) take(item.bytes);
    return result;
  }

  slickq::PopResult wait() {
    const slickq::PopResult result = consumer_.pop_wait(buffer_, std::chrono::milliseconds(20));
    if (result.what == slickq::Pop::item) {
      take(std::span<const std::byte>(buffer_).first(queue_.geometry().element_size()));
    }
    return result;
  }

  void take(std::span<const std::byte> bytes) {
    ++tally_.items;
    const torture::Reading reading = torture::read_item(bytes, 1);
    if (!reading.whole) {
      ++tally_.torn;
      return;
    }
    std::uint64_t& next = tally_.next[reading.stamp.producer];
    if (reading.stamp.sequence < next) {
      ++tally_.disordered;
      return;
    }
    tally_.missing[reading.stamp.producer] += reading.stamp.sequence - next;
    next = reading.stamp.sequence + 1;
  }

  const slickq::Queue& queue_;
  ReaderRecord& record_;
  Tally tally_;
  slickq::Consumer consumer_;
  std::vector<std::byte> buffer_;
};

int usage() {
  std::fputs("usage: soak_actor produce QUEUE RECORD NUMBER PAUSE_US | read QUEUE RECORD PAUSE_US\n", stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 4) return usage();
  std::signal(SIGTERM, on_term);
  try {
    slickq::Queue queue = slickq::Queue::open(words[1]);
    const auto pause = static_cast<useconds_t>(std::stoul(words.back()));
    if (words[0] == "produce" && words.size() == 5) {
      Producing(queue, record_in<ProducerRecord>(words[2]), static_cast<std::uint32_t>(std::stoul(words[3])))
          .run(pause);
    } else if (words[0] == "read" && words.size() == 4) {
      Reading(queue, record_in<ReaderRecord>(words[2])).run(pause);
    } else {
      return usage();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "soak_actor: %s %s: %s\n", words[0].c_str(), words[1].c_str(), error.what());
    return 1;
  }
  return 0;
}
