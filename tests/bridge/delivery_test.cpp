// The in-bridge is killed between any two of its steps: the next one delivers each item exactly once.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "delivery.hpp"
#include "slickq/catalog.hpp"
#include "slickq/consumer.hpp"
#include "slickq/error.hpp"
#include "support/shm_dir.hpp"

using namespace slickq;
using namespace slickq::bridge;
using test_support::ShmDir;

namespace {

constexpr std::uint64_t kItems = 5;

std::vector<std::byte> body_bytes() {
  std::vector<std::uint64_t> values;
  for (std::uint64_t k = 0; k < kItems; ++k) values.push_back(100 + k);
  std::vector<std::byte> bytes(values.size() * 8);
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

Queue make_target(const ShmDir& dir, std::uint64_t capacity = 16) {
  CreateOptions options;
  options.shm_dir = dir.path();
  return Queue::create("q", Geometry::make(Layout::slq1, capacity, 8), options);
}

/// What a reader that was there all the time has seen.
std::vector<std::uint64_t> read_all(Consumer& reader) {
  std::vector<std::uint64_t> seen;
  std::uint64_t value = 0;
  while (reader.pop_into(std::as_writable_bytes(std::span(&value, 1))).what == Pop::item) seen.push_back(value);
  return seen;
}

/// Steps of the item: 1 reserved, 2 intent stored, 3 published, 4 delivered. Dies behind `step`, with no destructor.
void die_behind(const ShmDir& dir, int step, std::uint64_t item) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    Queue queue = Queue::open("q", dir.path());
    Sidecar sidecar(dir.path(), "q", "target-1");
    Producer producer(queue);
    Reservation reservation = producer.reserve(1);
    if (step == 1) _exit(0);
    sidecar.intend({item, reservation.index(), 1});
    if (step == 2) _exit(0);
    const std::uint64_t value = 100 + item;
    std::memcpy(reservation.data().data(), &value, sizeof value);
    reservation.publish();
    if (step == 3) _exit(0);
    sidecar.delivered(item + 1);
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
}

Position at(std::uint64_t sequence) { return {7, sequence, "source", 0, 0}; }

}  // namespace

TEST_CASE("killed behind any step, each item is delivered once and in order") {
  for (const int step : {1, 2, 3, 4}) {
    CAPTURE(step);
    const ShmDir dir;
    Queue queue = make_target(dir);
    Consumer reader(queue);
    const auto bytes = body_bytes();
    { Sidecar(dir.path(), "q", "target-1").move_to(at(41)); }
    die_behind(dir, step, 0);
    Sidecar sidecar(dir.path(), "q", "target-1");
    CHECK_FALSE(sidecar.is_fresh());
    Delivery delivery(queue, sidecar, {}, [] { return false; });
    const Recovered expected[] = {Recovered::nothing, Recovered::undone, Recovered::delivered, Recovered::nothing};
    CHECK(delivery.recovered() == expected[step - 1]);
    CHECK(sidecar.progress() == (step >= 3 ? 1u : 0u));
    CHECK(delivery.deliver(*Body::of_message(bytes, kItems, 1, 8)));
    CHECK(read_all(reader) == std::vector<std::uint64_t>{100, 101, 102, 103, 104});
    CHECK(reader.lost_elements() == 0);
    CHECK(sidecar.progress() == kItems);
    sidecar.move_to(at(42));
    CHECK(sidecar.progress() == 0);
  }
}

TEST_CASE("killed again while it goes on, the items before are left out") {
  const ShmDir dir;
  Queue queue = make_target(dir);
  Consumer reader(queue);
  const auto bytes = body_bytes();
  for (std::uint64_t item = 0; item < 3; ++item) die_behind(dir, item == 1 ? 3 : 4, item);
  die_behind(dir, 2, 3);
  Sidecar sidecar(dir.path(), "q", "target-1");
  Delivery delivery(queue, sidecar, {}, [] { return false; });
  CHECK(delivery.recovered() == Recovered::undone);
  CHECK(delivery.deliver(*Body::of_message(bytes, kItems, 1, 8)));
  CHECK(read_all(reader) == std::vector<std::uint64_t>{100, 101, 102, 103, 104});
}

TEST_CASE("when others went round the ring meanwhile, the item counts as delivered, and as doubtful") {
  for (const int step : {2, 3}) {
    CAPTURE(step);
    const ShmDir dir;
    Queue queue = make_target(dir, 4);
    die_behind(dir, step, 0);
    Producer other(queue);
    for (std::uint64_t k = 0; k < 6; ++k) other.push(std::as_bytes(std::span(&k, 1)));
    Sidecar sidecar(dir.path(), "q", "target-1");
    CHECK(recover(queue, sidecar) == Recovered::doubtful);
    CHECK(sidecar.progress() == 1);
    CHECK(recover(queue, sidecar) == Recovered::nothing);
  }
}

TEST_CASE("what it was told to leave out is left out") {
  const ShmDir dir;
  Queue queue = make_target(dir);
  Consumer reader(queue);
  const auto bytes = body_bytes();
  Sidecar sidecar(dir.path(), "q", "target-1");
  CHECK(sidecar.is_fresh());
  Delivery delivery(queue, sidecar, {}, [] { return false; });
  CHECK(delivery.deliver(*Body::of_message(bytes, kItems, 1, 8), 3));
  CHECK(read_all(reader) == std::vector<std::uint64_t>{103, 104});
}

TEST_CASE("with cursors to respect it waits for the slowest, and stops in between") {
  const ShmDir dir;
  Queue queue = make_target(dir, 2);
  alignas(8) std::uint64_t slowest = 0;
  const auto bytes = body_bytes();
  Sidecar sidecar(dir.path(), "q", "target-1");
  Delivery delivery(queue, sidecar, {AtomicCursor(&slowest)}, [] { return true; });
  CHECK_FALSE(delivery.deliver(*Body::of_message(bytes, kItems, 1, 8)));
  CHECK(sidecar.progress() == 2);
  Consumer reader(queue);
  CHECK(read_all(reader) == std::vector<std::uint64_t>{100, 101});
  slowest = 2;
  CHECK_FALSE(delivery.deliver(*Body::of_message(bytes, kItems, 1, 8)));
  CHECK(read_all(reader) == std::vector<std::uint64_t>{102, 103});
}

TEST_CASE("an item of more elements than the ring is an error, not a wait") {
  const ShmDir dir;
  Queue queue = make_target(dir, 4);
  const auto bytes = body_bytes();
  Sidecar sidecar(dir.path(), "q", "target-1");
  Delivery delivery(queue, sidecar, {}, [] { return false; });
  CHECK_THROWS_WITH_AS(delivery.deliver(*Body::of_message(bytes, 1, kItems, 8)), doctest::Contains("does not fit"),
                       Error);
}

TEST_CASE("a sidecar belongs to one queue, one bridge, and is no queue itself") {
  const ShmDir dir;
  make_target(dir);
  {
    Sidecar first(dir.path(), "q", "target-1");
    first.move_to(at(3));
    CHECK_THROWS_WITH_AS(Sidecar(dir.path(), "q", "target-1"), doctest::Contains("another slickq-bridge"), Error);
  }
  { CHECK(Sidecar(dir.path(), "q", "target-1").position() == at(3)); }
  {
    Sidecar of_another(dir.path(), "q", "target-2");
    CHECK(of_another.is_fresh());
    CHECK(of_another.position() == Position{});
  }
  CatalogOptions everything;
  everything.shm_dir = dir.path();
  const auto entries = list_segments(everything);
  REQUIRE(entries.size() == 1);
  CHECK(entries.front().name == "q");
}

TEST_CASE("a name that somebody else took for a sidecar is refused, and not touched" * doctest::skip(getuid() != 0)) {
  const ShmDir dir;
  { Sidecar(dir.path(), "q", "target-1").move_to(at(3)); }
  const std::string path = dir.file(sidecar_name("q"));
  REQUIRE(chown(path.c_str(), 65534, 65534) == 0);
  CHECK_THROWS_WITH_AS(Sidecar(dir.path(), "q", "target-2"), doctest::Contains("not a file of our own"), Error);
  REQUIRE(chown(path.c_str(), geteuid(), getegid()) == 0);
  CHECK(Sidecar(dir.path(), "q", "target-1").position() == at(3));
}
