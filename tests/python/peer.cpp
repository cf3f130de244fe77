// The C++ side of the interop tests, one role a run:
//
//   create NAME LAYOUT SIZE ELEM [ITEMS_PER_SLOT]
//   produce NAME ID COUNT [MOST]     by slickq::Producer; prints how many were pushed
//   produce-drop-in NAME ID COUNT [MOST]  by the original's class, as its document does it
//   consume NAME COUNT               by a cursor of its own until received + lost items == COUNT; prints both
//   consume-drop-in NAME COUNT       COUNT items by the original's class, none of which may be lost; prints COUNT
//   share NAME CURSOR COUNT          by the shared cursor until it is at COUNT; prints received, lost items
//
// Records are those of support.py; item k has 1 + k % MOST elements, which is 1 by default. What is lost is counted in
// items of one slot. A torn item, or one out of order, ends the program with exit code 1.
#include <slick/queue.h>
#include <slickq/slickq.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace {

using Words = std::vector<std::string>;

std::vector<std::byte> record(std::uint64_t producer, std::uint64_t sequence, std::size_t size) {
  std::vector<std::byte> bytes(size, static_cast<std::byte>((producer * 31 + sequence) & 0xFF));
  std::memcpy(bytes.data(), &producer, 8);
  std::memcpy(bytes.data() + 8, &sequence, 8);
  return bytes;
}

std::size_t number(const Words& words, std::size_t k, std::size_t otherwise) {
  return words.size() > k ? std::stoull(words[k]) : otherwise;
}

// Elements of the largest item.
constexpr std::size_t kMost = 8;

// Of each producer the records come in order.
class Checker {
 public:
  bool is_good(std::span<const std::byte> item) {
    std::uint64_t producer;
    std::uint64_t sequence;
    std::memcpy(&producer, item.data(), 8);
    std::memcpy(&sequence, item.data() + 8, 8);
    const auto expected = record(producer, sequence, item.size());
    if (std::memcmp(expected.data(), item.data(), item.size()) != 0) return false;
    const auto last = last_.find(producer);
    if (last != last_.end() && sequence <= last->second) return false;
    last_[producer] = sequence;
    return true;
  }

 private:
  std::map<std::uint64_t, std::uint64_t> last_;
};

int create(const Words& words) {
  const std::uint64_t items = number(words, 6, 1);
  slickq::Queue::create(words[2], slickq::Geometry::make(*slickq::parse_layout(words[3]), std::stoull(words[4]),
                                                         std::stoull(words[5]), items));
  return 0;
}

int produce(const Words& words) {
  slickq::Queue queue = slickq::Queue::open(words[2]);
  slickq::Producer producer(queue);
  const std::uint64_t id = std::stoull(words[3]);
  const std::uint64_t count = std::stoull(words[4]);
  const std::uint64_t most = number(words, 5, 1);
  const std::uint32_t size = queue.geometry().element_size();
  for (std::uint64_t k = 0; k < count; ++k) {
    const auto item = record(id, k, (1 + k % most) * size);
    if ((most == 1 ? producer.push(item) : producer.push_block(item)) != slickq::Push::pushed) return 1;
  }
  std::printf("%llu\n", static_cast<unsigned long long>(producer.pushed_items()));
  return 0;
}

int produce_drop_in(const Words& words) {
  const std::uint32_t size = slickq::View::open_segment(words[2]).geometry().element_size();
  slick::SlickQueue<std::uint8_t> queue(size, words[2].c_str());
  const std::uint64_t id = std::stoull(words[3]);
  const std::uint64_t count = std::stoull(words[4]);
  const std::uint64_t most = number(words, 5, 1);
  for (std::uint64_t k = 0; k < count; ++k) {
    const auto n = static_cast<std::uint32_t>(1 + k % most);
    const auto index = queue.reserve(n);
    const auto item = record(id, k, std::size_t{n} * size);
    std::memcpy(queue[index], item.data(), item.size());
    queue.publish(index, n);
  }
  std::printf("%llu\n", static_cast<unsigned long long>(count));
  return 0;
}

// `is_done`: asked behind each look, with what was received and lost so far.
template <class AnyConsumer, class IsDone>
int take(const slickq::Queue& queue, AnyConsumer& consumer, IsDone is_done) {
  Checker checker;
  const std::size_t size = queue.geometry().element_size();
  std::vector<std::byte> buffer(kMost * size);
  std::uint64_t received = 0;
  const auto lost = [&] { return consumer.lost_elements() / queue.geometry().items_per_slot(); };
  while (!is_done(received, lost())) {
    const auto result = consumer.pop_wait(buffer, std::chrono::milliseconds(20));
    if (result.what != slickq::Pop::item) continue;
    if (!checker.is_good(std::span(buffer).first(result.count * size))) return 1;
    ++received;
  }
  std::printf("%llu %llu\n", static_cast<unsigned long long>(received), static_cast<unsigned long long>(lost()));
  return 0;
}

int consume(const Words& words) {
  const slickq::Queue queue = slickq::Queue::open(words[2]);
  slickq::Consumer consumer(queue, {slickq::Start::At::index, 0});
  const std::uint64_t count = std::stoull(words[3]);
  return take(queue, consumer, [=](std::uint64_t received, std::uint64_t lost) { return received + lost >= count; });
}

// The original's class hands out the ring itself, without looking whether it is overwritten: for rings that are not.
int consume_drop_in(const Words& words) {
  const std::uint32_t size = slickq::View::open_segment(words[2]).geometry().element_size();
  slick::SlickQueue<std::uint8_t> queue(size, words[2].c_str());
  const std::uint64_t count = std::stoull(words[3]);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  Checker checker;
  std::uint64_t cursor = 0;
  for (std::uint64_t received = 0; received < count;) {
    const auto [data, elements] = queue.read(cursor);
    if (data == nullptr) {
      if (std::chrono::steady_clock::now() > deadline) return 1;
      std::this_thread::yield();
      continue;
    }
    if (!checker.is_good(std::as_bytes(std::span(data, std::size_t{elements} * size)))) return 1;
    ++received;
  }
  std::printf("%llu\n", static_cast<unsigned long long>(count));
  return 0;
}

int share(const Words& words) {
  const slickq::Queue queue = slickq::Queue::open(words[2]);
  // Beside the queue, or where Python's SharedMemory puts it.
  slickq::NamedCursor cursor = slickq::NamedCursor::open(words[3], "/dev/shm");
  slickq::SharedConsumer consumer(queue, cursor.cursor());
  const std::uint64_t count = std::stoull(words[4]);
  return take(queue, consumer, [&](std::uint64_t, std::uint64_t) { return cursor.cursor().load() >= count; });
}

}  // namespace

int main(int argc, char** argv) try {
  const Words words(argv, argv + argc);
  const std::string role = words.size() > 3 ? words[1] : "";
  if (role == "create") return create(words);
  if (role == "produce") return produce(words);
  if (role == "produce-drop-in") return produce_drop_in(words);
  if (role == "consume") return consume(words);
  if (role == "consume-drop-in") return consume_drop_in(words);
  if (role == "share") return share(words);
  std::fprintf(stderr, "python_peer: see the head of peer.cpp\n");
  return 2;
} catch (const std::exception& error) {
  std::fprintf(stderr, "python_peer: %s\n", error.what());
  return 3;
}
