// The C++ side of the interop tests, one role a run:
//
//   create NAME LAYOUT SIZE ELEM [ITEMS_PER_SLOT]
//   produce NAME ID COUNT            by slickq::Producer; prints how many were pushed
//   produce-drop-in NAME ID COUNT    by the original's class, as its document does it
//   consume NAME COUNT               by a cursor of its own until received + lost == COUNT; prints both
//   share NAME CURSOR COUNT          by the shared cursor until it is at COUNT; prints received, lost
//
// Records are those of support.py. A torn one, or one out of order, ends the program with exit code 1.
#include <slick/queue.h>
#include <slickq/slickq.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

using Words = std::vector<std::string>;

std::vector<std::byte> record(std::uint64_t producer, std::uint64_t sequence, std::size_t size) {
  std::vector<std::byte> bytes(size, static_cast<std::byte>((producer * 31 + sequence) & 0xFF));
  std::memcpy(bytes.data(), &producer, 8);
  std::memcpy(bytes.data() + 8, &sequence, 8);
  return bytes;
}

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
  const std::uint64_t items = words.size() > 6 ? std::stoull(words[6]) : 1;
  slickq::Queue::create(words[2], slickq::Geometry::make(*slickq::parse_layout(words[3]), std::stoull(words[4]),
                                                         std::stoull(words[5]), items));
  return 0;
}

int produce(const Words& words) {
  slickq::Queue queue = slickq::Queue::open(words[2]);
  slickq::Producer producer(queue);
  const std::uint64_t id = std::stoull(words[3]);
  const std::uint64_t count = std::stoull(words[4]);
  for (std::uint64_t k = 0; k < count; ++k) {
    if (producer.push(record(id, k, queue.geometry().element_size())) != slickq::Push::pushed) return 1;
  }
  std::printf("%llu\n", static_cast<unsigned long long>(producer.pushed_items()));
  return 0;
}

int produce_drop_in(const Words& words) {
  const std::uint32_t size = slickq::View::open_segment(words[2]).geometry().element_size();
  slick::SlickQueue<std::uint8_t> queue(size, words[2].c_str());
  const std::uint64_t id = std::stoull(words[3]);
  const std::uint64_t count = std::stoull(words[4]);
  for (std::uint64_t k = 0; k < count; ++k) {
    const auto index = queue.reserve();
    std::memcpy(queue[index], record(id, k, size).data(), size);
    queue.publish(index);
  }
  std::printf("%llu\n", static_cast<unsigned long long>(count));
  return 0;
}

// `is_done`: asked behind each look, with what was received and lost so far.
template <class AnyConsumer, class IsDone>
int take(const slickq::Queue& queue, AnyConsumer& consumer, IsDone is_done) {
  Checker checker;
  std::vector<std::byte> buffer(queue.geometry().element_size());
  std::uint64_t received = 0;
  while (!is_done(received, consumer.lost_elements())) {
    const auto result = consumer.pop_wait(buffer, std::chrono::milliseconds(20));
    if (result.what != slickq::Pop::item) continue;
    if (!checker.is_good(buffer)) return 1;
    ++received;
  }
  std::printf("%llu %llu\n", static_cast<unsigned long long>(received),
              static_cast<unsigned long long>(consumer.lost_elements()));
  return 0;
}

int consume(const Words& words) {
  const slickq::Queue queue = slickq::Queue::open(words[2]);
  slickq::Consumer consumer(queue, {slickq::Start::At::index, 0});
  const std::uint64_t count = std::stoull(words[3]);
  return take(queue, consumer, [=](std::uint64_t received, std::uint64_t lost) { return received + lost >= count; });
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
  if (role == "share") return share(words);
  std::fprintf(stderr, "python_peer: see the head of peer.cpp\n");
  return 2;
} catch (const std::exception& error) {
  std::fprintf(stderr, "python_peer: %s\n", error.what());
  return 3;
}
