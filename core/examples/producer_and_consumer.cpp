// Two processes on one queue, found by its name.
//
//   producer_and_consumer produce   creates the queue "example-orders" and pushes ten orders
//   producer_and_consumer consume   prints what is in it
//   producer_and_consumer remove    takes the name away
//
// The order of the first two does not matter for the queue (both open or create it), only for who sees what:
// the items stay in the ring when the producer has gone. SLICKQ_SHM_DIR moves the queue to another directory.
#include <cstdio>
#include <cstring>
#include <slickq/slickq.hpp>
#include <string_view>

namespace {

constexpr std::string_view kName = "example-orders";

struct Order {
  std::uint64_t id;
  double price;
  std::uint32_t quantity;
  char symbol[12];
};

slickq::Queue open_orders() {
  // Throws slickq::Error(mismatch), printing both geometries, when the name belongs to a queue of another
  // shape.
  return slickq::Queue::open_or_create(kName, slickq::Geometry::make(slickq::Layout::slq1, 1024, sizeof(Order)));
}

int produce() {
  auto queue = open_orders();
  slickq::Producer producer(queue);
  for (std::uint64_t id = 1; id <= 10; ++id) {
    const Order order{id, 100.0 + static_cast<double>(id) / 4, 10, "ACME"};
    if (producer.push(std::as_bytes(std::span(&order, 1))) != slickq::Push::pushed) return 1;
  }
  std::printf("pushed %llu orders, the last at index %llu\n", static_cast<unsigned long long>(producer.pushed_items()),
              static_cast<unsigned long long>(producer.last_index()));
  return 0;
}

int consume() {
  auto queue = open_orders();
  slickq::Consumer consumer(queue);  // starts at the oldest item; Start::At::newest and others exist
  Order order{};
  for (;;) {
    const auto result = consumer.pop_into(std::as_writable_bytes(std::span(&order, 1)));
    // Loss is part of every result, of an empty one too: how much the ring overwrote before this consumer
    // came.
    if (result.lost > 0) {
      std::printf("lost %llu orders\n", static_cast<unsigned long long>(result.lost));
    }
    if (result.what != slickq::Pop::item) break;  // a service would sleep and look again
    std::printf("order %llu: %u %s at %.2f\n", static_cast<unsigned long long>(order.id), order.quantity, order.symbol,
                order.price);
  }
  return 0;
}

int remove() {
  // Refused while another process holds the queue, unless RemoveOptions::force says otherwise.
  const auto removal = slickq::remove_segment(kName, {});
  std::printf("%s\n", removal.removed ? "removed" : "still in use");
  return removal.removed ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string_view role = argc == 2 ? argv[1] : "";
  if (role == "produce") return produce();
  if (role == "consume") return consume();
  if (role == "remove") return remove();
  std::fprintf(stderr, "usage: producer_and_consumer produce|consume|remove\n");
  return 2;
} catch (const slickq::Error& error) {
  std::fprintf(stderr, "producer_and_consumer: %s\n", error.what());
  return 1;
}
