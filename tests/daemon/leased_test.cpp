// Whoever owns a file may lease it, for as long as he likes: nobody opens it then. That keeps slickqd from nothing but
// seeing the file.
#include <doctest/doctest.h>

#include <fstream>
#include <optional>
#include <vector>

#include "fixture.hpp"
#include "queues.hpp"
#include "slickq/lease_patience.hpp"

using daemon_test::Leased;
using daemon_test::World;
using slickq::LeasePatience;
using std::chrono::milliseconds;

namespace {

const std::string kQueueAndCursor = R"([{"name":"q","size":8,"elem":8,"cursors":["c"]}])";

// The daemon made them, ended, and somebody leased one.
struct LeasedSegment : World {
  LeasedSegment(const std::string& queues, const std::string& segment) : World(queues) {
    start();
    supervisor.reset();
    leased.emplace(shm.file(segment));
  }
  std::optional<Leased> leased;
};

}  // namespace

TEST_CASE("a start adopts the queue and the cursor nobody can look into, and sees them when the lease is gone") {
  for (const std::string segment : {"q", "q@c"}) {
    CAPTURE(segment);
    LeasedSegment world(kQueueAndCursor, segment);
    world.start();
    world.round();
    CHECK(world.queue_status()["state"] == "ready");
    world.leased.reset();
    world.round();
    CHECK(world.queue_status()["reserved_index"] == 0);
    CHECK(world.queue_status()["cursors"][0]["value"] == 0);
    CHECK(world.happened() == std::vector<std::string>{"adopted q"});
  }
}

TEST_CASE("a queue of another geometry that was leased at the start is a mismatch as soon as it is seen") {
  LeasedSegment world(daemon_test::kOneQueue, "q");
  world.write_config(R"([{"name":"q","size":16,"elem":8}])");
  world.start();
  world.round();
  CHECK(world.queue_status()["state"] == "ready");
  world.leased.reset();
  world.round();
  CHECK(world.queue_status()["state"] == "mismatch");
  CHECK(world.count("mismatch q") == 1);
}

TEST_CASE("a reload goes through while a queue and a cursor are leased, and is no news of them") {
  for (const std::string segment : {"q", "q@c"}) {
    CAPTURE(segment);
    World world(kQueueAndCursor);
    auto& supervisor = world.start();
    world.round();
    const Leased leased(world.shm.file(segment));
    CHECK(supervisor.reload().ok);
    CHECK(supervisor.plan_reload().verdict.ok);
    world.round();
    CHECK(world.queue_status()["state"] == "ready");
    CHECK(world.count("adopted q") == 0);
    CHECK(world.count("reload_ok") == 1);
  }
}

TEST_CASE("a queue that was a mismatch is none the better for being leased at a reload") {
  World world(R"([{"name":"q","size":8,"elem":8,"on_mismatch":"keep"}])");
  daemon_test::make_queue(world.shm.path(), "q", 16);
  auto& supervisor = world.start();
  world.round();
  const Leased leased(world.shm.file("q"));
  CHECK(supervisor.reload().ok);
  CHECK(world.count("mismatch q") == 1);
  world.round();
  CHECK(world.queue_status()["state"] == "mismatch");
}

TEST_CASE("a start, a plan and a round wait for all leased queues together as long as for one") {
  const std::vector<std::string> names{"q0", "q1", "q2"};
  World world(R"([{"name":"q0","size":8,"elem":8},{"name":"q1","size":8,"elem":8},{"name":"q2","size":8,"elem":8}])");
  world.start();
  std::vector<std::unique_ptr<Leased>> leased;
  for (const std::string& name : names) leased.push_back(std::make_unique<Leased>(world.shm.file(name)));
  const auto waits_of = [](auto act) {
    const LeasePatience counted(1'000'000);
    act();
    return counted.spent();
  };
  CHECK(waits_of([&] { world.start(); }) == LeasePatience::kOneFile);
  CHECK(waits_of([&] { (void)world.supervisor->plan_reload(); }) == LeasePatience::kOneFile);
  CHECK(waits_of([&] { world.round(); }) == LeasePatience::kOneFile);
}

TEST_CASE("what others lease in the directory is not even opened") {
  World world(daemon_test::kOneQueue, R"("orphans":{"match":["job-*"]})");
  std::vector<std::unique_ptr<Leased>> leased;
  for (const std::string name : {"theirs", "theirs@c", ".slickq-gone-1-q"}) {
    std::ofstream(world.shm.file(name)) << "bytes";
    leased.push_back(std::make_unique<Leased>(world.shm.file(name)));
  }
  const LeasePatience counted(1'000'000);
  auto& supervisor = world.start();
  world.round();
  CHECK(supervisor.reload().ok);
  CHECK(supervisor.plan_reload().steps.size() == 1);
  CHECK(counted.spent() == 0);
}

TEST_CASE("for how long nobody could look into a queue is told, until somebody can") {
  World world(daemon_test::kOneQueue);
  world.start();
  world.round();
  CHECK(world.queue_status()["blind_s"].is_null());
  {
    const Leased leased(world.shm.file("q"));
    world.round();
    CHECK(world.queue_status()["blind_s"] == 0.0);
    world.round(milliseconds(7000));
    CHECK(world.queue_status()["blind_s"] == 7.0);
  }
  world.round();
  CHECK(world.queue_status()["blind_s"].is_null());
}

TEST_CASE("a new cursor of a queue that cannot be looked into is not made where nobody knows") {
  World world(R"([{"name":"q","size":8,"elem":8,"cursors":["c"]}])");
  daemon_test::make_queue(world.shm.path(), "q", 8);
  {
    auto queue = slickq::Queue::open("q", world.shm.path());
    daemon_test::push(queue, 20);
  }
  {
    const Leased leased(world.shm.file("q"));
    world.start();
    CHECK_FALSE(std::filesystem::exists(world.shm.file("q@c")));
  }
  world.round();
  CHECK(world.supervisor->reload().ok);
  CHECK(slickq::NamedCursor::open("q@c", world.shm.path()).cursor().load() == 12);
}

TEST_CASE("a leased queue that stays although remove_on_exit is set is told") {
  World world(R"([{"name":"q","size":8,"elem":8,"remove_on_exit":true}])");
  world.start();
  const Leased leased(world.shm.file("q"));
  const auto stayed = world.supervisor->stop();
  REQUIRE(stayed.size() == 1);
  CHECK(stayed[0].find("q: remove_on_exit: ") == 0);
  CHECK(std::filesystem::exists(world.shm.file("q")));
}
