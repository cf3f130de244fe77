// What the holders of a thousand queues may cost.
#include "holder_pass.hpp"

#include <doctest/doctest.h>

#include "fixture.hpp"
#include "queues.hpp"

using daemon_test::holder;
using daemon_test::make_queue;
using std::chrono::milliseconds;

namespace {

// Each question for the time takes a millisecond, so that a pass costs two.
struct BusyClock : daemon_test::FakeClock {
  BusyClock() { per_question = milliseconds(1); }
};

}  // namespace

TEST_CASE("who came after a pass is there at once, and named by an early pass; who never can be hurries nobody") {
  const test_support::ShmDir shm;
  make_queue(shm.path(), "q", 8);
  BusyClock clock;
  slickqd::HolderPass pass(clock);
  pass.begin_round(shm.path());
  const auto first = pass.made_at();
  const auto other = holder(shm.path(), "q");
  CHECK(pass.of(shm.file("q")).held);
  CHECK(pass.of(shm.file("q")).processes.empty());
  pass.begin_round(shm.path());
  CHECK(pass.made_at() == first);  // not at once
  clock.advance(milliseconds(200));
  pass.begin_round(shm.path());
  CHECK(pass.made_at() > first);  // but sooner than after 400 times its cost
  REQUIRE(pass.of(shm.file("q")).processes.size() == 1);
  CHECK(pass.of(shm.file("q")).processes[0].pid == other.pid());
}

TEST_CASE("whom no pass can name is held to be there, and no pass is made early for him") {
  const test_support::ShmDir shm;
  const test_support::ShmDir elsewhere;  // a pass of another directory sees nobody here
  make_queue(shm.path(), "q", 8);
  BusyClock clock;
  slickqd::HolderPass pass(clock);
  pass.begin_round(elsewhere.path());
  const auto other = holder(shm.path(), "q");
  CHECK(pass.of(shm.file("q")).held);
  clock.advance(milliseconds(200));
  pass.begin_round(elsewhere.path());
  const auto second = pass.made_at();
  CHECK(pass.of(shm.file("q")).held);
  clock.advance(milliseconds(200));
  pass.begin_round(elsewhere.path());
  CHECK(pass.made_at() == second);
}

TEST_CASE("who died is not named any more, however far away the next pass is") {
  daemon_test::World world(daemon_test::kOneQueue);
  world.clock.per_question = milliseconds(10);  // a pass is dear: the next one is far away
  world.start();
  auto other = holder(world.shm.path(), "q");
  auto another = holder(world.shm.path(), "q");
  world.round();
  CHECK(world.queue_status()["holders"] == 2);
  other.kill_now();
  world.round();
  CHECK(world.queue_status()["holders"] == 1);
  CHECK(world.queue_status()["holder_processes"][0]["pid"] == another.pid());
  another.kill_now();
  world.round();
  CHECK(world.queue_status()["holders"] == 0);
}

TEST_CASE("a round gives a pass its budget and no more, whatever one process opened, and the first pass, too") {
  const test_support::ShmDir shm;
  make_queue(shm.path(), "q", 8);
  const test_support::Child other([&](test_support::ChildSide& side) {
    const auto queue = slickq::Queue::open("q", shm.path());
    const int fd = open(shm.file("q").c_str(), O_RDONLY);
    for (int k = 0; k < 5000; ++k) {
      if (dup(fd) < 0) return 1;
    }
    side.report_and_wait();
    return 0;
  });
  REQUIRE(other.reported());
  daemon_test::FakeClock clock;
  slickqd::HolderPass pass(clock, milliseconds(0));
  int rounds = 0;
  while (pass.made_at() == slickqd::Monotonic{}) {
    pass.begin_round(shm.path());
    if (++rounds == 1) CHECK(pass.of(shm.file("q")).held);  // by his lock
  }
  CHECK(rounds > 2);
  CHECK(pass.of(shm.file("q")).processes.size() == 1);
}
