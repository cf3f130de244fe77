#include <slick/queue.h>

#include <cstdint>
#include <cstdio>

int main() {
  slick::SlickQueue<std::uint32_t> queue(8);
  const auto index = queue.reserve();
  *queue[index] = 42;
  queue.publish(index);
  std::uint64_t cursor = 0;
  const auto [data, count] = queue.read(cursor);
  std::printf("drop-in: %u\n", data == nullptr ? 0 : *data);
  return data != nullptr && *data == 42 && count == 1 ? 0 : 1;
}
