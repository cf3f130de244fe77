// Somebody else's project: sees the installed headers and library, nothing of the source tree.
#include <cstdint>
#include <cstdio>
#include <slickq/slickq.hpp>

int main() {
  auto queue = slickq::Queue::local(slickq::Geometry::make(slickq::Layout::slq1, 8, sizeof(std::uint32_t)));
  const std::uint32_t sent = 42;
  std::uint32_t received = 0;
  slickq::Producer(queue).push(std::as_bytes(std::span(&sent, 1)));
  slickq::Consumer(queue).pop_into(std::as_writable_bytes(std::span(&received, 1)));
  std::printf("slickq %s: %u\n", SLICKQ_VERSION, received);
  return received == sent ? 0 : 1;
}
