// A program written for the original SlickQueue, unchanged: the same include, the same class, the same calls.
#include <slick/queue.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string>

namespace {

struct Quote {
  std::uint64_t sequence;
  double bid;
  double ask;
};

void push(slick::SlickQueue<Quote>& queue, std::uint64_t sequence) {
  const std::uint64_t index = queue.reserve();
  *queue[index] = Quote{sequence, 99.5, 100.5};
  queue.publish(index);
}

}  // namespace

int main() {
  // Two objects on one segment, as two programs would have: the first creates, the second finds it by its
  // name.
  const std::string name = "example-quotes-" + std::to_string(getpid());
  slick::SlickQueue<Quote> writer(256, name.c_str());
  slick::SlickQueue<Quote> reader(name.c_str());

  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) push(writer, sequence);

  std::uint64_t cursor =
      0;  // from the first item; initial_reading_index() is where a reader starts that wants news only
  std::uint64_t read = 0;
  while (true) {
    const auto [quote, count] = reader.read(cursor);
    if (quote == nullptr) break;
    read += count;
  }

  std::atomic<std::uint64_t> shared{0};  // several threads may read from one cursor: each item goes to one of them
  const auto [first, count] = reader.read(shared);
  const bool first_is_first = first != nullptr && count == 1 && first->sequence == 1;

  std::printf("read %llu quotes, lost %llu\n", static_cast<unsigned long long>(read),
              static_cast<unsigned long long>(reader.loss_count()));

  // The destructor never removes the name (the oldest releases did, under attached peers): say so yourself.
  writer.remove_shm();
  return read == 5 && first_is_first ? 0 : 1;
}
