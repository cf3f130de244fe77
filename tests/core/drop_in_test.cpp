// <slick/queue.h> behaves as the original's public interface is documented: constructors, exceptions, reads, traits.
#include <doctest/doctest.h>
#include <slick/queue.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "support/shm_env.hpp"

using test_support::ShmEnv;

namespace {

struct Counting : slick::queue_traits {
  static constexpr bool enable_loss_detection = true;
};
struct Rewinding : Counting {
  static constexpr bool enable_reset_check = true;
};
struct NoLast : slick::queue_traits {
  static constexpr bool enable_read_last = false;
};

template <class Queue>
void push(Queue& q, int value) {
  const auto at = q.reserve();
  *q[at] = value;
  q.publish(at);
}

std::string message_of(auto&& attempt) {
  try {
    attempt();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  FAIL("did not throw std::runtime_error");
  return {};
}

}  // namespace

TEST_CASE("both spellings are one type, default traits follow the build") {
  static_assert(std::is_same_v<slick::queue<int>, slick::SlickQueue<int>>);
  static_assert(!std::is_copy_constructible_v<slick::queue<int>>);
  static_assert(sizeof(slick::queue<int, Counting>) == sizeof(slick::queue<int, slick::queue_traits>) + 64);
  static_assert(sizeof(slick::queue<int, slick::queue_traits>) == sizeof(slick::queue<int, NoLast>) + 64);
#ifdef NDEBUG
  CHECK_FALSE(slick::default_queue_traits::enable_loss_detection);
#else
  CHECK(slick::default_queue_traits::enable_loss_detection);
#endif
}

TEST_CASE("mistakes throw the original's exception types") {
  ShmEnv env;
  CHECK_THROWS_AS(slick::queue<int>(3), std::invalid_argument);
  CHECK_THROWS_AS(slick::queue<int>(0u), std::invalid_argument);
  CHECK_THROWS_AS(slick::queue<int>(8, 3u), std::invalid_argument);
  CHECK_THROWS_AS(slick::queue<int>(8, 16u), std::invalid_argument);
  slick::queue<int> q(4);
  CHECK_THROWS_AS(q.reserve(0), std::invalid_argument);
  CHECK_THROWS_AS(q.reserve(5), std::runtime_error);
  CHECK_THROWS_AS(slick::queue<int>("absent"), std::runtime_error);
  CHECK_THROWS_AS(slick::queue<int>(4, "a/b"), std::runtime_error);
}

TEST_CASE("a local queue: reserve, write, publish, read") {
  slick::queue<int> q(4);
  CHECK(q.own_buffer());
  CHECK_FALSE(q.use_shm());
  CHECK(q.size() == 4);
  CHECK_FALSE(q.remove_shm());
  std::uint64_t cursor = 0;
  CHECK(q.read(cursor).first == nullptr);
  const auto a = q.reserve();
  const auto b = q.reserve();
  *q[a] = 1;
  *q[b] = 2;
  q.publish(b);
  CHECK(q.read(cursor).first == nullptr);
  CHECK(cursor == 0);
  q.publish(a);
  CHECK(*q.read(cursor).first == 1);
  CHECK(*q.read(cursor).first == 2);
  CHECK(cursor == 2);
  CHECK(q.initial_reading_index() == 2);
}

TEST_CASE("a literal 0 as second argument means no name, as it always did") {
  slick::queue<int> a(4, 0);
  slick::queue<int> b(4, nullptr);
  CHECK_FALSE(a.use_shm());
  CHECK_FALSE(b.use_shm());
  CHECK(a.items_per_slot() == 1);
}

TEST_CASE("an item that does not fit at the end is found through the marker, also before it is published") {
  slick::queue<char> q(8);
  std::uint64_t cursor = 0;
  for (const char* text : {"abc", "def"}) {
    const auto at = q.reserve(3);
    std::memcpy(q[at], text, 3);
    q.publish(at, 3);
    const auto [data, n] = q.read(cursor);
    CHECK(std::string(data, n) == text);
  }
  const auto at = q.reserve(3);
  CHECK(at == 8);
  CHECK(q.read(cursor).first == nullptr);
  CHECK(cursor == 8);
  std::memcpy(q[at], "ghi", 3);
  q.publish(at, 3);
  CHECK(std::string(q.read(cursor).first, 3) == "ghi");
  CHECK(cursor == 11);
}

TEST_CASE("a lapped reader jumps to the newer item in its slot, and the loss is counted when asked for") {
  slick::queue<int, Counting> counting(4);
  slick::queue<int, slick::queue_traits> plain(4);
  for (int k = 0; k < 8; ++k) {
    push(counting, k);
    push(plain, k);
  }
  std::uint64_t cursor = 0;
  CHECK(*counting.read(cursor).first == 4);
  CHECK(cursor == 5);
  CHECK(counting.loss_count() == 4);
  cursor = 0;
  CHECK(*plain.read(cursor).first == 4);
  CHECK(plain.loss_count() == 0);
}

TEST_CASE("read_last gives the newest published item, never a reservation, also after many laps") {
  slick::queue<int> q(4);
  CHECK(q.read_last().first == nullptr);
  for (int k = 0; k < 10; ++k) push(q, k);
  (void)q.reserve();
  const auto [last, n] = q.read_last();
  REQUIRE(last != nullptr);
  CHECK(*last == 9);
  CHECK(n == 1);
  const auto pair = q.reserve(2);
  q[pair][0] = 20;
  q[pair][1] = 21;
  q.publish(pair, 2);
  CHECK(*q.read_last().first == 20);
  CHECK(q.read_last().second == 2);
}

TEST_CASE("reset: everything is gone, numbering restarts, a reader that checks rewinds and one that does not stays") {
  slick::queue<int, Rewinding> q(4);
  slick::queue<int, slick::queue_traits> plain(4);
  std::uint64_t stale = 0;
  std::uint64_t stays = 0;
  std::atomic<std::uint64_t> shared{0};
  for (int k = 0; k < 10; ++k) {
    push(q, k);
    push(plain, k);
  }
  while (q.read(stale).first != nullptr) {
  }
  while (q.read(shared).first != nullptr) {
  }
  while (plain.read(stays).first != nullptr) {
  }
  CHECK(q.loss_count() > 0);
  q.reset();
  plain.reset();
  CHECK(q.loss_count() == 0);
  CHECK(q.read_last().first == nullptr);
  CHECK(q.read(stale).first == nullptr);
  CHECK(stale == 0);
  push(q, 100);
  push(plain, 100);
  CHECK(*q.read(stale).first == 100);
  CHECK(*q.read(shared).first == 100);
  CHECK(plain.read(stays).first == nullptr);
  CHECK(stays == 10);
}

TEST_CASE("threads that share an atomic cursor take each item exactly once") {
  slick::queue<int> q(1024);
  constexpr int kItems = 1000;
  std::atomic<std::uint64_t> cursor{0};
  std::vector<std::atomic<int>> taken(kItems);
  std::atomic<int> total{0};
  std::thread producer([&] {
    for (int k = 0; k < kItems; ++k) push(q, k);
  });
  std::vector<std::thread> consumers;
  for (int t = 0; t < 3; ++t) {
    consumers.emplace_back([&] {
      while (total.load() < kItems) {
        if (const auto [item, n] = q.read(cursor); item != nullptr) {
          taken[static_cast<std::size_t>(*item)].fetch_add(1);
          total.fetch_add(1);
        }
      }
    });
  }
  producer.join();
  for (auto& c : consumers) c.join();
  for (const auto& count : taken) CHECK(count.load() == 1);
  CHECK(cursor.load() == kItems);
}

TEST_CASE("shared memory: the second opens what the first made, and the name stays until remove_shm") {
  ShmEnv env;
  {
    slick::queue<int> server(8, "drop_in");
    CHECK(server.own_buffer());
    CHECK(server.use_shm());
    CHECK(std::string(server.shm_name()) == "drop_in");
    slick::queue<int> same(8, "/drop_in");
    CHECK_FALSE(same.own_buffer());
    slick::queue<int> client("drop_in");
    CHECK(client.size() == 8);
    push(server, 5);
    std::uint64_t cursor = 0;
    CHECK(*client.read(cursor).first == 5);
    CHECK(*client.read_last().first == 5);
  }
  CHECK(env.exists("drop_in"));
  slick::queue<int> later("drop_in");
  CHECK(later.remove_shm());
  CHECK_FALSE(env.exists("drop_in"));
  CHECK_FALSE(later.remove_shm());
}

TEST_CASE("a segment of another size, element, granularity or feature is refused with both values") {
  ShmEnv env;
  slick::queue<int> four(4, "four");
  CHECK(message_of([] { slick::queue<int> q(8, "four"); }) == "Shared memory size mismatch. Expected 8 but got 4");
  CHECK(message_of([] { slick::queue<double> q("four"); }) ==
        "Shared memory element size mismatch. Expected 8 but got 4");
  CHECK(message_of([] { slick::queue<int> q(4, 2u, "four"); }).find("items_per_slot mismatch. Expected 2 but got 1") !=
        std::string::npos);
  CHECK(message_of([] {
          slick::queue<int, NoLast> q("four");
        }).find("enable_read_last=true but this queue has enable_read_last=false") != std::string::npos);
  slick::queue<int, NoLast> lean(4, "lean");
  CHECK(message_of([] {
          slick::queue<int> q(4, "lean");
        }).find("enable_read_last=false but this queue has enable_read_last=true") != std::string::npos);
  slick::queue<int, NoLast> peer("lean");
  slick::queue<int, Counting> mixed("four");
  CHECK(mixed.size() == 4);
}

TEST_CASE("several elements per slot: reservations take whole slots, an opener adopts the number") {
  ShmEnv env;
  slick::queue<char> writer(64, 8u, "slots");
  slick::queue<char> reader("slots");
  CHECK(reader.items_per_slot() == 8);
  CHECK(reader.slot_count() == 8);
  std::uint64_t cursor = 0;
  for (const std::uint32_t n : {5u, 8u, 13u}) {
    const auto at = writer.reserve(n);
    std::memset(writer[at], static_cast<int>('a' + n), n);
    writer.publish(at, n);
    const auto [data, got] = reader.read(cursor);
    CHECK(got == n);
    CHECK(data[n - 1] == static_cast<char>('a' + n));
  }
  CHECK(cursor == 32);
}

TEST_CASE("elements with constructors are constructed once, by the creator, and destroyed only when local") {
  static int alive;
  alive = 0;
  struct Tracked {
    Tracked() { ++alive; }
    ~Tracked() { --alive; }
    int value = 7;
  };
  {
    slick::queue<Tracked> q(4);
    CHECK(alive == 4);
    CHECK(q[0]->value == 7);
  }
  CHECK(alive == 0);
  ShmEnv env;
  {
    slick::queue<Tracked> q(4, "tracked");
    CHECK(alive == 4);
  }
  {
    slick::queue<Tracked> q(4, "tracked");
    CHECK(q[3]->value == 7);
  }
  CHECK(alive == 4);
}

TEST_CASE("over-aligned elements: local always, shared where the format's offset allows it") {
  ShmEnv env;
  struct alignas(64) Line {
    int value;
  };
  slick::queue<Line> local(1);
  CHECK(reinterpret_cast<std::uintptr_t>(local[0]) % 64 == 0);
  CHECK_THROWS_AS(slick::queue<Line>(1, "line"), std::runtime_error);
  CHECK_FALSE(env.exists("line"));
  slick::queue<Line> shared(4, "line");
  CHECK(reinterpret_cast<std::uintptr_t>(shared[0]) % 64 == 0);
}

TEST_CASE("a byte queue opens larger elements by their size, as the Python document's C++ producer does") {
  ShmEnv env;
  { auto made = slickq::Queue::create("shared_queue", slickq::Geometry::make(slickq::Layout::slq1, 64, 32)); }
  slick::SlickQueue<std::uint8_t> q(32, "shared_queue");
  CHECK(q.size() == 64);
  CHECK(q.element_bytes() == 32);
  for (std::uint32_t i = 0; i < 100; ++i) {
    const auto at = q.reserve();
    std::memcpy(q[at], &i, sizeof i);
    q.publish(at);
  }
  std::uint64_t cursor = 90;
  for (std::uint32_t i = 90; i < 100; ++i) {
    std::uint32_t value = 0;
    std::memcpy(&value, q.read(cursor).first, sizeof value);
    CHECK(value == i);
  }
  CHECK_THROWS_AS(slick::SlickQueue<std::uint8_t>(16, "shared_queue"), std::runtime_error);
}
