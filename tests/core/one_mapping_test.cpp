// Everything at once in threads on ONE mapping, because the thread sanitizer is blind across two mappings of the same
// memory. Rings so small that everybody laps everybody, every layout, every kind of producer and consumer, sleepers,
// dead producers and their repair. Under the tsan preset without suppressions.
//
// Where nothing may be overwritten the elements are written and read as plain memory: there the sanitizer checks the
// protocol's own ordering. Where readers are lapped, bytes go through HardwareMemory, as the library's own copies do.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"
#include "slickq/recovery.hpp"
#include "support/payload.hpp"
#include "support/scheduler.hpp"
#include "support/seed.hpp"

using slickq::AtomicCursor;
using slickq::Consumer;
using slickq::Geometry;
using slickq::HardwareMemory;
using slickq::Journal;
using slickq::JournalState;
using slickq::Layout;
using slickq::Pop;
using slickq::PopResult;
using slickq::Producer;
using slickq::ProducerMode;
using slickq::ProducerOptions;
using slickq::Push;
using slickq::Queue;
using slickq::SharedConsumer;
using slickq::Wait;
using test_support::Dice;
using test_support::Payload;

namespace {

constexpr std::array kLayouts{Layout::wide, Layout::packed, Layout::slq0, Layout::slq1, Layout::slq2, Layout::slq3};
constexpr std::size_t kElement = 40;
constexpr std::uint32_t kCapacity = 16;
constexpr std::uint32_t kMostElements = 3;
constexpr std::uint32_t kProducers = 3;
constexpr auto kTime = std::chrono::milliseconds(200);  // for each layout and test

constexpr const char* kNothing = "";

struct Scene {
  explicit Scene(Layout layout)
      : queue(Queue::local(Geometry::make(layout, kCapacity, kElement, slickq::has_shared_slots(layout) ? 2 : 1))),
        journal(queue.annex(), queue.geometry()) {}

  void start(std::function<void()> body) { threads.emplace_back(std::move(body)); }
  void start_producer(std::function<void()> body) {
    ++producing;
    start([this, body = std::move(body)] {
      body();
      --producing;
    });
  }
  bool running() const { return !stop.load(std::memory_order_relaxed); }
  void play() {
    std::this_thread::sleep_for(kTime);
    stop = true;
    for (std::thread& thread : threads) thread.join();
    CAPTURE(std::string(first_bad.load()));
    CHECK(bad == 0);
  }
  /// `what`: for the message, should it be the first.
  void fault(const char* what) {
    const char* none = kNothing;
    first_bad.compare_exchange_strong(none, what);
    ++bad;
  }

  Queue queue;
  Journal journal;
  std::atomic<bool> stop{false};
  std::atomic<std::uint32_t> producing{0};
  std::atomic<std::uint64_t> bad{0};
  std::atomic<const char*> first_bad{kNothing};
  std::atomic<std::uint64_t> published{0};
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> repaired{0};
  std::array<std::atomic<bool>, slickq::kJournalLines> dead{};  ///< its owner plays dead
  std::vector<std::thread> threads;
};

// Threads that only yield starve the others on some kernels.
void rest() { std::this_thread::sleep_for(std::chrono::microseconds(20)); }

std::uint64_t seed_of(std::uint64_t thread) { return test_support::seed() * 100 + thread; }

void write(std::span<std::byte> elements, std::uint32_t id, std::uint64_t sequence) {
  for (std::size_t at = 0; at < elements.size(); at += kElement)
    Payload(id, sequence).write(elements.subspan(at, kElement));
}

// Every way of pushing; `plain`: reservations are written as plain memory.
void produce(Scene& scene, std::uint32_t id, ProducerOptions options, bool plain) {
  Producer producer(scene.queue, std::move(options));
  Dice dice(seed_of(id));
  std::vector<std::byte> elements(kMostElements * kElement);
  std::uint64_t sequence = 0;
  const auto some = [&] { return std::span(elements).first((1 + dice.below(kMostElements)) * kElement); };
  while (scene.running()) {
    const std::uint64_t before = producer.pushed_items();
    Push what = Push::pushed;
    std::span<std::byte> bytes = some();
    write(bytes, id, sequence);
    switch (dice.below(6)) {
      case 0: what = producer.push(bytes.first(kElement)); break;
      case 1: what = producer.push_block(bytes); break;
      case 2:
        for (std::size_t k = 0; k * kElement < bytes.size(); ++k) {
          Payload(id, sequence + k).write(bytes.subspan(k * kElement, kElement));
        }
        what = producer.push_batch(bytes);
        break;
      case 3: {
        slickq::Burst burst = producer.burst(kMostElements);
        for (std::size_t k = 0; k * kElement < bytes.size() && what == Push::pushed; ++k) {
          Payload(id, sequence + k).write(bytes.subspan(k * kElement, kElement));
          what = burst.push(bytes.subspan(k * kElement, kElement));
        }
        break;
      }
      case 4:
      case 5: {
        auto reservation = producer.reserve(static_cast<std::uint32_t>(bytes.size() / kElement));
        what = reservation.what();
        if (!reservation) break;
        if (plain) {
          std::memcpy(reservation.data().data(), bytes.data(), bytes.size());
        } else {
          HardwareMemory::copy_in(reservation.data().data(), bytes.data(), bytes.size());
        }
        if (dice.one_in(4)) break;  // given up by its destructor
        what = reservation.publish(1 + static_cast<std::uint32_t>(dice.below(bytes.size() / kElement)));
        break;
      }
    }
    if (what == Push::obstructed) scene.fault("a push that was obstructed");
    if (what == Push::too_large || what == Push::exhausted) scene.fault("a push that is too large or at the end");
    sequence += producer.pushed_items() - before;
    if (dice.one_in(8)) std::this_thread::yield();
  }
  scene.published += producer.pushed_items();
}

// Dies again and again: with a reservation half written, or with no more than its announcement; once more when nobody
// is left to lap the hole.
void die(Scene& scene, std::uint32_t id) {
  slickq::Seat seat = slickq::Seat::claim(scene.queue);
  slickq::Writer writer(scene.queue.ring(), scene.journal, seat.line());
  Dice dice(seed_of(id));
  for (bool last = false; !last;) {
    last = !scene.running();
    while (last && scene.producing.load() > 1) rest();
    if (last || dice.one_in(2)) {
      const std::uint64_t index = writer.reserve(1 + static_cast<std::uint32_t>(dice.below(kMostElements)));
      if (index == slickq::kNoIndex) {  // obstructed: nothing is reserved, so nothing may be written
        last = false;
        rest();
        continue;
      }
      HardwareMemory::fill_in(scene.queue.ring().element(index), kElement);
    } else {
      scene.journal.reserving(seat.line(), scene.queue.ring().reserved_index());
      if (dice.one_in(2)) (void)scene.queue.ring().reserve(1);
    }
    scene.dead[seat.line()].store(true, std::memory_order_release);  // release: nothing of the dead comes after it
    while (scene.dead[seat.line()].load(std::memory_order_acquire)) rest();
    scene.journal.dig_up(seat.line());
    scene.journal.idle(seat.line(), 0);
    std::this_thread::sleep_for(std::chrono::microseconds(dice.below(500)));
  }
}

// The declared only one: pushes some, dies with a reservation half written, and is followed by another.
void live_alone(Scene& scene, std::uint32_t id) {
  slickq::Seat seat = slickq::Seat::claim(scene.queue);
  slickq::SoleWriter sole(scene.queue.ring(), scene.journal, seat.line());
  Dice dice(seed_of(id));
  std::vector<std::byte> elements(kMostElements * kElement);
  std::uint64_t sequence = 0;
  while (scene.running()) {
    sole.begin();
    for (std::uint64_t k = dice.below(60); k != 0; --k) {
      const bool in_a_hurry = dice.one_in(2);
      const auto count = in_a_hurry ? 1 : static_cast<std::uint32_t>(1 + dice.below(kMostElements));
      const std::span<std::byte> bytes = std::span(elements).first(count * kElement);
      write(bytes, id, sequence++);
      std::uint64_t index = in_a_hurry ? sole.reserve_one() : slickq::kNoIndex;
      if (index == slickq::kNoIndex) index = sole.reserve(count);
      HardwareMemory::copy_in(scene.queue.ring().element(index), bytes.data(), bytes.size());
      sole.publish(index, index + scene.queue.geometry().footprint(count), count);
      slickq::wake_sleepers(scene.queue.annex());
      ++scene.published;
    }
    const std::uint64_t index = sole.reserve(1 + static_cast<std::uint32_t>(dice.below(kMostElements)));
    HardwareMemory::fill_in(scene.queue.ring().element(index), kElement);
    scene.dead[seat.line()].store(true, std::memory_order_release);  // release: nothing of the dead comes after it
    while (scene.dead[seat.line()].load(std::memory_order_acquire)) rest();
    scene.journal.dig_up(seat.line());
  }
}

// Until nobody produces any more and nobody is dead. One such thread: what Repairer does under the lines' locks.
void repair(Scene& scene) {
  const auto is_dead = [&](std::uint32_t line) { return scene.dead[line].load(std::memory_order_acquire); };
  for (;;) {
    const bool over = scene.producing.load() == 0;
    const slickq::RepairPlan plan = plan_repair(scene.queue.ring(), scene.journal, is_dead);
    const bool complete = apply_repair(scene.queue.ring(), scene.journal, plan);
    slickq::wake_sleepers(scene.queue.annex());
    if (!plan.repairs.empty()) ++scene.repaired;
    if (complete) {
      const slickq::RepairPlan now = plan_repair(scene.queue.ring(), scene.journal, is_dead);
      for (const std::uint32_t line : plan.dead) {
        if (!slickq::is_settled(line, slickq::hiding_claim(scene.journal.claim_and_passed(line), scene.queue.ring()),
                                now)) {
          scene.journal.bury(line);
          continue;
        }
        scene.journal.free(line);
        scene.dead[line].store(false, std::memory_order_release);
      }
    }
    if (over) return;
    rest();
  }
}

// Whole, and behind the last one of its producer.
class Checker {
 public:
  explicit Checker(Scene& scene) : scene_(scene) {}
  void check(const std::byte* at, std::uint32_t count) {
    const std::span elements(at, count * kElement);
    const auto payload = Payload::read(elements.first(kElement), kProducers);
    bool good = payload.producer() < kProducers;
    for (std::uint32_t k = 0; k < count && good; ++k) good = payload.matches(elements.subspan(k * kElement, kElement));
    if (!good) scene_.fault("an item that is torn");
    if (good) {
      const std::uint64_t step = payload.distance_from(next_[payload.producer()], kElement);
      if (step >= 1ull << 40) scene_.fault("an item behind a later one of its producer");
      next_[payload.producer()] += step + 1;
    }
    ++scene_.received;
    passed_ += scene_.queue.geometry().footprint(count);
  }
  std::uint64_t passed() const { return passed_; }

 private:
  Scene& scene_;
  std::array<std::uint64_t, kProducers> next_{};
  std::uint64_t passed_ = 0;
};

// All but peek, which only an own cursor has.
template <class AnyConsumer>
PopResult take(AnyConsumer& consumer, Checker& checker, Dice& dice, std::span<std::byte> buffer) {
  if (dice.one_in(2)) {
    std::array<slickq::BatchItem, 4> items;
    std::span<slickq::BatchItem> taken;
    const PopResult result = consumer.pop_batch(buffer, items, taken);
    for (const auto& item : taken) checker.check(item.bytes.data(), item.count);
    return result;
  }
  constexpr auto kPatience = std::chrono::milliseconds(3);
  const PopResult result =
      dice.one_in(2) ? consumer.pop_wait(buffer, kPatience, Wait::block(kPatience, 0)) : consumer.pop_into(buffer);
  if (result.what == Pop::item) checker.check(buffer.data(), result.count);
  return result;
}

bool is_over(Scene& scene, bool producing, const PopResult& result) {
  if (result.what == Pop::reset) scene.fault("a reset that nobody made");
  return !producing && result.what == Pop::empty && result.lost == 0;
}

void consume(Scene& scene, std::uint64_t thread) {
  Consumer consumer(scene.queue, {slickq::Start::At::index, 0});
  Checker checker(scene);
  Dice dice(seed_of(thread));
  std::vector<std::byte> buffer(kCapacity * kElement);
  for (;;) {
    const bool producing = scene.producing.load() != 0;
    PopResult result;
    if (dice.one_in(3)) {
      std::span<const std::byte> elements;
      result = consumer.peek(elements);
      if (result.what == Pop::item) {
        HardwareMemory::copy_out(buffer.data(), elements.data(), elements.size());
        if (!consumer.still_valid(result)) continue;
        checker.check(buffer.data(), result.count);
        consumer.commit(result);
      }
    } else {
      result = take(consumer, checker, dice, buffer);
    }
    if (is_over(scene, producing, result)) break;
  }
  if (checker.passed() + consumer.lost_elements() + consumer.skipped_elements() != consumer.cursor()) {
    scene.fault("received, lost and skipped are not how far the cursor went");
  }
}

void share(Scene& scene, std::uint64_t thread, std::uint64_t& cursor) {
  SharedConsumer consumer(scene.queue, AtomicCursor(&cursor));
  Checker checker(scene);
  Dice dice(seed_of(thread));
  std::vector<std::byte> buffer(kCapacity * kElement);
  for (;;) {
    const bool producing = scene.producing.load() != 0;
    if (is_over(scene, producing, take(consumer, checker, dice, buffer))) break;
  }
}

// Reads in place, as plain memory: producers respect the cursor it stores behind each item.
void peek(Scene& scene, std::uint64_t& cursor) {
  Consumer consumer(scene.queue, {slickq::Start::At::index, 0});
  Checker checker(scene);
  for (;;) {
    const bool producing = scene.producing.load() != 0;
    std::span<const std::byte> elements;
    const PopResult result = consumer.peek(elements);
    if (result.what == Pop::item) {
      checker.check(elements.data(), result.count);
      if (!consumer.still_valid(result)) scene.fault("a respected item that was overwritten");
      consumer.commit(result);
    }
    AtomicCursor(&cursor).store(consumer.cursor());
    if (is_over(scene, producing, result)) break;
    if (result.what == Pop::empty) rest();
  }
  if (consumer.lost_elements() != 0) scene.fault("a respected item that was lost");
}

}  // namespace

TEST_CASE("threads on one mapping, everybody laps everybody, producers die and are repaired") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    Scene scene(layout);
    alignas(8) std::uint64_t cursor = 0;
    for (std::uint32_t id = 0; id < kProducers; ++id) {
      scene.start_producer([&scene, id] { produce(scene, id, {}, false); });
    }
    scene.start_producer([&] { die(scene, 10); });
    scene.start([&] { repair(scene); });
    for (std::uint64_t k = 0; k < 2; ++k) {
      scene.start([&, k] { consume(scene, 20 + k); });
      scene.start([&, k] { share(scene, 30 + k, cursor); });
    }
    scene.play();
    CHECK(scene.published > 0);
    CHECK(scene.received > 0);
    CHECK(scene.repaired > 0);
    CHECK(cursor == scene.queue.ring().reserved_index());
    MESSAGE(scene.queue.geometry().describe() << ": published " << scene.published.load() << ", received "
                                              << scene.received.load() << ", repaired " << scene.repaired.load());
  }
}

TEST_CASE("threads on one mapping, producers that respect cursors: plain memory on both sides, and nothing is lost") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    Scene scene(layout);
    alignas(8) std::uint64_t shared = 0;
    alignas(8) std::uint64_t own = 0;
    for (std::uint32_t id = 0; id < kProducers; ++id) {
      scene.start_producer([&, id] {
        ProducerOptions options;
        options.respect = {AtomicCursor(&shared), AtomicCursor(&own)};
        options.patience = std::chrono::milliseconds(20);
        produce(scene, id, options, true);
      });
    }
    scene.start([&] { peek(scene, own); });
    for (std::uint64_t k = 0; k < 2; ++k) scene.start([&, k] { share(scene, 30 + k, shared); });
    scene.play();
    CHECK(scene.published > 0);
    CHECK(scene.received == 2 * scene.published);
    CHECK(shared == scene.queue.ring().reserved_index());
  }
}

TEST_CASE("threads on one mapping, nobody reads: no element is written by two producers at once, as plain memory") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    Scene scene(layout);
    for (std::uint32_t id = 0; id < kProducers; ++id) {
      scene.start_producer([&scene, id] {
        Producer producer(scene.queue);
        Dice dice(seed_of(40 + id));
        while (scene.running()) {
          auto reservation = producer.reserve(1 + static_cast<std::uint32_t>(dice.below(kMostElements)));
          // Two writers at once would be a data race; also without the sanitizer one sees what the other wrote.
          write(reservation.data(), id, producer.pushed_items());
          if (dice.one_in(8)) std::this_thread::yield();
          for (std::size_t at = 0; at < reservation.data().size(); at += kElement) {
            const bool mine = Payload(id, producer.pushed_items()).matches(reservation.data().subspan(at, kElement));
            if (!mine) scene.fault("an element that another producer wrote");
          }
          if (reservation.publish() == Push::pushed) continue;
        }
        scene.published += producer.pushed_items();
      });
    }
    scene.play();
    CHECK(scene.published > 0);
  }
}

TEST_CASE("threads on one mapping, the declared only producer and readers that it laps") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    Scene scene(layout);
    alignas(8) std::uint64_t cursor = 0;
    scene.start_producer([&scene] {
      ProducerOptions options;
      options.mode = ProducerMode::single;
      produce(scene, 0, options, false);
    });
    for (std::uint64_t k = 0; k < 2; ++k) {
      scene.start([&, k] { consume(scene, 20 + k); });
      scene.start([&, k] { share(scene, 30 + k, cursor); });
    }
    scene.play();
    CHECK(scene.published > 0);
    CHECK(scene.received > 0);
    CHECK(cursor == scene.queue.ring().reserved_index());
  }
}

TEST_CASE("threads on one mapping, the declared only producer respects cursors: plain memory, and nothing is lost") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    Scene scene(layout);
    alignas(8) std::uint64_t shared = 0;
    alignas(8) std::uint64_t own = 0;
    scene.start_producer([&] {
      ProducerOptions options;
      options.mode = ProducerMode::single;
      options.respect = {AtomicCursor(&shared), AtomicCursor(&own)};
      options.patience = std::chrono::milliseconds(20);
      produce(scene, 0, options, true);
    });
    scene.start([&] { peek(scene, own); });
    for (std::uint64_t k = 0; k < 2; ++k) scene.start([&, k] { share(scene, 30 + k, shared); });
    scene.play();
    CHECK(scene.published > 0);
    CHECK(scene.received == 2 * scene.published);
    CHECK(shared == scene.queue.ring().reserved_index());
  }
}

TEST_CASE("threads on one mapping, the declared only producer dies, is repaired and followed by another") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    Scene scene(layout);
    alignas(8) std::uint64_t cursor = 0;
    scene.start_producer([&scene] { live_alone(scene, 0); });
    scene.start([&] { repair(scene); });
    for (std::uint64_t k = 0; k < 2; ++k) {
      scene.start([&, k] { consume(scene, 20 + k); });
      scene.start([&, k] { share(scene, 30 + k, cursor); });
    }
    scene.play();
    CHECK(scene.published > 0);
    CHECK(scene.received > 0);
    CHECK(scene.repaired > 0);
    CHECK(cursor == scene.queue.ring().reserved_index());
  }
}
