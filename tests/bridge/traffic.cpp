// What the tests of the bridge put into a queue and expect to come out of another.
//
//   feed QUEUE COUNT RATE [CURSOR]
//                                 items 0 to COUNT-1 of 100 bytes, RATE a second (0: as fast as it goes), never more
//                                 than the ring ahead of CURSOR
//   follow QUEUE COUNT [CURSOR]   reads from the oldest item on until number COUNT-1 came, or SIGTERM, moving CURSOR;
//                                 prints each run of consecutive numbers as "first last". 1: an item was torn, or the
//                                 reader was lapped
//   publish URL STREAM SUBJECT COUNT
//                                 how fast the client publishes bodies of 64 KiB worth COUNT items: the bare rate
#include <signal.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "checksum.hpp"
#include "connection.hpp"
#include "identity.hpp"
#include "publisher.hpp"
#include "slickq/consumer.hpp"
#include "slickq/cursor.hpp"
#include "slickq/error.hpp"
#include "slickq/producer.hpp"
#include "slickq/queue.hpp"
#include "stream.hpp"

namespace {

using namespace slickq;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kItemBytes = 100;
using ItemBytes = std::array<std::byte, kItemBytes>;

volatile sig_atomic_t stopped = 0;

// Every byte depends on the number: half of one item and half of another is noticed.
void fill(ItemBytes& item, std::uint64_t number) {
  std::uint64_t word = number;
  for (std::size_t at = 0; at < item.size(); at += 8) {
    std::memcpy(item.data() + at, &word, std::min<std::size_t>(8, item.size() - at));
    word = word * 6364136223846793005u + 1442695040888963407u;
  }
}

/// The far end moves it, the near end respects it: so nothing is lost between, in rings of any size.
std::optional<NamedCursor> open_cursor(const std::string& name) {
  return name.empty() ? std::nullopt : std::optional(NamedCursor::open(name));
}

int feed(const std::string& name, std::uint64_t count, double rate, const std::string& cursor_name) {
  Queue queue = Queue::open(name);
  const std::optional<NamedCursor> cursor = open_cursor(cursor_name);
  ProducerOptions options;
  if (cursor) options.respect.push_back(cursor->cursor());
  Producer producer(queue, options);
  Burst burst = producer.burst(16);
  ItemBytes item;
  const auto begun = Clock::now();
  for (std::uint64_t number = 0; number < count; ++number) {
    if (rate > 0 && number % 64 == 0) {
      burst.end();
      std::this_thread::sleep_until(begun + std::chrono::duration<double>(static_cast<double>(number) / rate));
    }
    fill(item, number);
    if (burst.push(item) != Push::pushed) return 1;
  }
  return 0;
}

int follow(const std::string& name, std::uint64_t count, const std::string& cursor_name) {
  std::optional<NamedCursor> cursor = open_cursor(cursor_name);
  while (stopped == 0) {
    try {
      Queue queue = Queue::open(name);
      Consumer consumer(queue);
      std::uint64_t first = 0;
      std::uint64_t next = 0;  // first == next: no run yet
      ItemBytes expected;
      while (stopped == 0 && next != count) {
        std::span<const std::byte> bytes;
        const PopResult result = consumer.pop(bytes);
        if (result.lost != 0) return std::fputs("the follower was lapped\n", stderr), 1;
        if (result.what != Pop::item) {
          std::this_thread::sleep_for(std::chrono::microseconds(200));
          continue;
        }
        std::uint64_t number;
        std::memcpy(&number, bytes.data(), sizeof number);
        fill(expected, number);
        if (std::memcmp(bytes.data(), expected.data(), kItemBytes) != 0) return std::fputs("torn\n", stderr), 1;
        if (number != next) {
          if (first != next) std::printf("%llu %llu\n", 0ull + first, 0ull + next - 1);
          first = number;
        }
        next = number + 1;
        if (cursor && next % 1024 == 0) cursor->cursor().store(next);
      }
      if (first != next) std::printf("%llu %llu\n", 0ull + first, 0ull + next - 1);
      return 0;
    } catch (const Error&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // not there yet
    }
  }
  return 0;
}

int publish(const std::string& server, const std::string& stream, const std::string& subject, std::uint64_t count) {
  using namespace slickq::bridge;
  Endpoint endpoint;
  endpoint.servers = server;
  const Connection connection(endpoint);
  StreamRules rules;
  rules.name = stream;
  rules.subject = subject;
  const StreamHead head = open_stream(connection, rules, true);
  Publisher publisher(connection, rules, head, fresh_bridge_id(), {});
  const std::vector<std::byte> body(65500);
  Envelope envelope;
  envelope.queue = "bare";
  envelope.geometry = Geometry::make(Layout::slq1, 1024, kItemBytes);
  envelope.bridge = "bare";
  envelope.items = body.size() / kItemBytes;
  envelope.crc = crc32c(body);
  const auto begun = Clock::now();
  for (std::uint64_t sent = 0; sent < count; sent += envelope.items) {
    while (!publisher.wait_for_room(std::chrono::milliseconds(50))) continue;
    envelope.from = envelope.first = sent;
    envelope.next = sent + envelope.items;
    publisher.publish(envelope, body);
  }
  if (!publisher.wait_for_all(std::chrono::seconds(30))) return 1;
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  std::printf("%.0f\n", static_cast<double>(publisher.acked().items) / seconds);
  return 0;
}

int run(const std::vector<std::string>& words) {
  const auto number = [&](std::size_t at) { return std::strtoull(words.at(at).c_str(), nullptr, 10); };
  const auto word = [&](std::size_t at) { return at < words.size() ? words[at] : std::string(); };
  if (words.at(0) == "feed") return feed(words.at(1), number(2), static_cast<double>(number(3)), word(4));
  if (words.at(0) == "follow") return follow(words.at(1), number(2), word(3));
  if (words.at(0) == "publish") return publish(words.at(1), words.at(2), words.at(3), number(4));
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGTERM, [](int) { stopped = 1; });
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "traffic: %s\n", error.what());
    return 2;
  }
}
