// Readers that are lapped all the time, on a ring so small that every producer is, too: nothing torn is ever accepted,
// and every index is accounted for.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"
#include "support/payload.hpp"
#include "support/processes.hpp"
#include "support/shm_dir.hpp"

using slickq::Geometry;
using slickq::Layout;
using slickq::Pop;
using slickq::Queue;
using test_support::Payload;
using test_support::spawn;

namespace {

constexpr std::uint32_t kProducers = 2;

struct Board {
  std::atomic<bool> stop{false};
  std::atomic<std::uint32_t> producing{kProducers};
  std::atomic<std::uint64_t> pushed{0};
  std::atomic<std::uint64_t> detours{0};
  std::atomic<std::uint64_t> late{0};
  std::atomic<std::uint64_t> torn{0};
  std::atomic<std::uint64_t> disordered{0};
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> lost{0};
  std::atomic<std::uint64_t> skipped{0};
};
using SharedBoard = test_support::Shared<Board>;

void produce(Queue& queue, Board& board, std::uint32_t id) {
  slickq::Producer producer(queue);
  REQUIRE(producer.is_registered());
  std::vector<std::byte> element(queue.geometry().element_size());
  for (std::uint64_t sequence = 0; !board.stop.load(std::memory_order_relaxed); ++sequence) {
    Payload(id, sequence).write(element);
    if (producer.push(element) != slickq::Push::pushed) throw std::runtime_error("push");
  }
  board.pushed += producer.pushed_items();
  board.detours += producer.detours();
  board.late += producer.late_pushes();
  --board.producing;
}

void consume(const Queue& queue, Board& board) {
  slickq::Consumer consumer(queue, {slickq::Start::At::index, 0});
  std::vector<std::byte> element(queue.geometry().element_size());
  std::array<std::uint64_t, kProducers> next{};
  std::uint64_t received = 0;
  for (;;) {
    const bool over = board.producing.load() == 0;
    const auto result = consumer.pop_into(element);
    if (result.what == Pop::item) {
      ++received;
      const auto payload = Payload::read(element, kProducers);
      if (payload.producer() >= kProducers || !payload.matches(element)) {
        ++board.torn;
        continue;
      }
      const std::uint64_t step = payload.distance_from(next[payload.producer()], element.size());
      if (step > 1ull << 40) ++board.disordered;  // backwards
      next[payload.producer()] += step + 1;
    } else if (over) {
      break;
    }
  }
  board.received += received;
  board.lost += consumer.lost_elements();
  board.skipped += consumer.skipped_elements();
  if (received + consumer.lost_elements() + consumer.skipped_elements() != consumer.cursor()) {
    throw std::runtime_error("received + lost + skipped is not how far the cursor went");
  }
}

void check(Queue& queue, const std::function<void(const std::function<void(Queue&)>&)>& start,
           const std::function<void()>& wait, Board& board, std::chrono::milliseconds duration, int consumers) {
  for (std::uint32_t id = 0; id < kProducers; ++id) {
    start([&board, id](Queue& q) { produce(q, board, id); });
  }
  for (int k = 0; k < consumers; ++k) {
    start([&board](Queue& q) { consume(q, board); });
  }
  usleep(static_cast<useconds_t>(duration.count() * 1000));
  board.stop = true;
  wait();
  const std::uint64_t reserved = queue.ring().reserved_index();
  MESSAGE(queue.geometry().describe() << ": pushed " << board.pushed.load() << ", reserved " << reserved
                                      << ", received " << board.received.load() << ", lost " << board.lost.load()
                                      << ", skipped " << board.skipped.load() << ", detours " << board.detours.load()
                                      << ", late " << board.late.load());
  CHECK(board.torn == 0);
  CHECK(board.disordered == 0);
  CHECK(board.pushed > 1000);
  CHECK(board.received > 0);
  // Every index was pushed, or given up by its producer, which the reader sees as skipped or as lost.
  CHECK(reserved == board.pushed + board.detours + board.late);
  CHECK(board.received + board.lost + board.skipped == static_cast<std::uint64_t>(consumers) * reserved);
}

}  // namespace

TEST_CASE("two producer processes at full speed on a ring of 8: no torn item is accepted, nothing is unaccounted for") {
  test_support::ShmDir dir;
  slickq::CreateOptions options;
  options.shm_dir = dir.path();
  const char* seconds = std::getenv("SLICKQ_TEST_SECONDS");
  for (const Layout layout : {Layout::slq1, Layout::wide}) {
    Queue queue = Queue::create("q", Geometry::make(layout, 8, 512), options);
    SharedBoard board;
    std::vector<pid_t> children;
    check(
        queue,
        [&](const std::function<void(Queue&)>& body) {
          children.push_back(spawn([&dir, body] {
            Queue own = Queue::open("q", dir.path());
            body(own);
          }));
        },
        [&] { test_support::join(children); }, *board,
        std::chrono::milliseconds(seconds ? 1000 * std::atoi(seconds) : 5000), 2);
    queue.unlink();
  }
}
