// Readers that are lapped all the time, on a ring so small that every producer is, too: nothing torn is ever accepted,
// and for each of them every published item was received or lost, which it was told.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"
#include "support/bits.hpp"
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
constexpr std::uint32_t kConsumers = 2;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kSeconds = 2;
#else
constexpr int kSeconds = 10;
#endif

/// One consumer's account, at its end. Items and indexes differ by what producers gave up.
struct Account {
  std::uint64_t received = 0;    ///< items, one index each
  std::uint64_t lost = 0;        ///< indexes
  std::uint64_t lost_items = 0;  ///< of those, the ones that were published
  std::uint64_t skipped = 0;     ///< indexes
};

struct Board {
  std::atomic<bool> stop{false};
  std::atomic<std::uint32_t> producing{kProducers};
  std::atomic<std::uint64_t> pushed{0};
  std::atomic<std::uint64_t> detours{0};
  std::atomic<std::uint64_t> late{0};
  std::atomic<std::uint64_t> torn{0};
  std::atomic<std::uint64_t> disordered{0};
  std::array<Account, kConsumers> accounts{};  ///< each written by its consumer, read when that has ended
  test_support::Bits published;                ///< by index
};
using SharedBoard = test_support::Shared<Board>;

void produce(Queue& queue, Board& board, std::uint32_t id) {
  slickq::Producer producer(queue);
  REQUIRE(producer.is_registered());
  std::vector<std::byte> element(queue.geometry().element_size());
  for (std::uint64_t sequence = 0; !board.stop.load(std::memory_order_relaxed); ++sequence) {
    Payload(id, sequence).write(element);
    if (producer.push(element) != slickq::Push::pushed) throw std::runtime_error("push");
    board.published.set(producer.last_index());
  }
  board.pushed += producer.pushed_items();
  board.detours += producer.detours();
  board.late += producer.late_pushes();
  --board.producing;
}

void consume(const Queue& queue, Board& board, std::uint32_t number) {
  slickq::Consumer consumer(queue, {slickq::Start::At::index, 0});
  std::vector<std::byte> element(queue.geometry().element_size());
  std::array<std::uint64_t, kProducers> next{};
  std::vector<std::array<std::uint64_t, 2>> losses;
  Account account;
  for (;;) {
    const bool over = board.producing.load() == 0;
    const auto result = consumer.pop_into(element);
    if (result.lost != 0) losses.push_back({result.first_lost, result.last_lost});
    if (result.what == Pop::item) {
      ++account.received;
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
  // The producers are gone, and what they published is final.
  for (const auto& [first, last] : losses) account.lost_items += board.published.count(first, last);
  account.lost = consumer.lost_elements();
  account.skipped = consumer.skipped_elements();
  board.accounts[number] = account;
  if (account.received + account.lost + account.skipped != consumer.cursor()) {
    throw std::runtime_error("received + lost + skipped is not how far the cursor went");
  }
}

void check(Queue& queue, const std::function<void(const std::function<void(Queue&)>&)>& start,
           const std::function<void()>& wait, Board& board, std::chrono::milliseconds duration) {
  for (std::uint32_t id = 0; id < kProducers; ++id) {
    start([&board, id](Queue& q) { produce(q, board, id); });
  }
  for (std::uint32_t k = 0; k < kConsumers; ++k) {
    start([&board, k](Queue& q) { consume(q, board, k); });
  }
  usleep(static_cast<useconds_t>(duration.count() * 1000));
  board.stop = true;
  wait();
  const std::uint64_t reserved = queue.ring().reserved_index();
  MESSAGE(queue.geometry().describe() << ": published " << board.pushed.load() << ", reserved " << reserved
                                      << ", detours " << board.detours.load() << ", late " << board.late.load()
                                      << ", torn " << board.torn.load());
  CHECK(board.torn == 0);
  CHECK(board.disordered == 0);
  CHECK(board.pushed > 1000);
  // Every index was published, or given up by its producer, which the reader sees as skipped or as lost.
  CHECK(reserved == board.pushed + board.detours + board.late);
  for (const Account& account : board.accounts) {
    MESSAGE("received " << account.received << ", lost " << account.lost_items << " items of " << account.lost
                        << " indexes, skipped " << account.skipped);
    CHECK(account.received > 0);
    CHECK(account.received + account.lost_items == board.pushed);
    CHECK(account.received + account.lost + account.skipped == reserved);
  }
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
        [&] { test_support::join(children); }, *board, std::chrono::seconds(seconds ? std::atoi(seconds) : kSeconds));
    queue.unlink();
  }
}
