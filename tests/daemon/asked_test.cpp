// What is done because somebody asks: repairs and removal of orphans.
#include <doctest/doctest.h>

#include <filesystem>

#include "fixture.hpp"
#include "queues.hpp"
#include "slickq/slickq.hpp"

using namespace slickqd;
using daemon_test::holder;
using daemon_test::kOneQueue;
using daemon_test::make_queue;
using daemon_test::push;
using daemon_test::World;
using std::chrono::milliseconds;
using std::filesystem::exists;
using test_support::Child;
using test_support::ChildSide;

namespace {

constexpr RepairWish kPlain{.by = 1000};
constexpr RepairWish kDry{.dry_run = true, .by = 1000};
constexpr RepairWish kForce{.force = true, .by = 1000};

/// Reserves two and dies.
void die_in_work(const World& world) {
  Child dead([path = world.shm.path()](ChildSide& side) {
    auto queue = slickq::Queue::open("q", path);
    slickq::Producer producer(queue);
    const slickq::Reservation reservation = producer.reserve(2);
    side.report_and_wait();
    return 0;
  });
  REQUIRE(dead.reported());
  dead.kill_now();
}

}  // namespace

TEST_CASE("a repair that is asked for does at once what is proven, and tells the plan") {
  World world(kOneQueue);
  world.start();
  world.round();
  const Child somebody = holder(world.shm.path(), "q");
  die_in_work(world);
  auto queue = slickq::Queue::open("q", world.shm.path());
  push(queue, 1);

  const auto planned = world.supervisor->repair_as_asked("q", kDry);
  REQUIRE(planned);
  CHECK((*planned)["ok"] == true);
  CHECK((*planned)["dry_run"] == true);
  CHECK((*planned)["repaired"] == 0);
  REQUIRE((*planned)["repairs"].size() == 1);
  CHECK((*planned)["repairs"][0]["index"] == 0);
  CHECK((*planned)["repairs"][0]["next"] == 2);
  CHECK((*planned)["repairs"][0]["owner_alive"] == false);
  CHECK((*planned)["repairs"][0]["owner_pid"].is_number());
  CHECK(world.count("repaired q") == 0);

  const auto done = world.supervisor->repair_as_asked("q", kPlain);
  REQUIRE(done);
  CHECK((*done)["repaired"] == 2);
  CHECK((*done)["repairs"] == (*planned)["repairs"]);
  CHECK((*done)["left"].empty());
  CHECK((*done)["complete"] == true);
  REQUIRE(world.count("repaired q") == 1);
  CHECK(world.last_event()["why"] == "asked for by uid 1000");
  world.round();
  CHECK(world.queue_status()["repaired"] == 2);
  CHECK(world.queue_status()["published_index"] == 3);

  CHECK((*world.supervisor->repair_as_asked("q", kPlain))["repaired"] == 0);
  CHECK(world.count("repaired q") == 1);
}

TEST_CASE("what is in doubt is left, and repaired by force when a round saw it a moment ago") {
  World world(kOneQueue);
  world.start();
  auto queue = slickq::Queue::open("q", world.shm.path());
  const Child somebody = holder(world.shm.path(), "q");  // who may be the owner
  queue.ring().reserve(1);
  push(queue, 1);
  world.round();
  const auto left = world.supervisor->repair_as_asked("q", kPlain);
  CHECK((*left)["repaired"] == 0);
  CHECK((*left)["left"][0]["index"] == 0);
  CHECK((*left)["left"][0]["owner_alive"].is_null());
  CHECK((*world.supervisor->repair_as_asked("q", kForce))["repaired"] == 0);  // seen just now: perhaps in work
  world.clock.advance(milliseconds(100));
  CHECK((*world.supervisor->repair_as_asked("q", kForce))["repaired"] == 1);
  CHECK(world.last_event()["why"] == "asked for by uid 1000, by force");
}

TEST_CASE("there is no repair of a queue that is not configured, missing, or another one") {
  World world(kOneQueue);
  world.start();
  world.round();
  CHECK_FALSE(world.supervisor->repair_as_asked("nope", kPlain));
  std::filesystem::remove(world.shm.file("q"));
  const auto gone = world.supervisor->repair_as_asked("q", kPlain);  // no round saw it yet
  CHECK((*gone)["ok"] == false);
  make_queue(world.shm.path(), "q", 8);
  const auto replaced = world.supervisor->repair_as_asked("q", kPlain);
  CHECK((*replaced)["error"].get<std::string>().find("another segment") != std::string::npos);
  std::filesystem::remove(world.shm.file("q"));
  world.round();
  CHECK((*world.supervisor->repair_as_asked("q", kPlain))["error"] == "the queue is missing");
}

TEST_CASE("however many orphans are due, all go when asked for") {
  World world("[]", R"("orphans":{"match":["job-*"],"grace":"10s","action":"report"})");
  constexpr std::size_t kMany = 60;  // a round's time is over after twenty
  for (std::size_t k = 0; k < kMany; ++k) {
    slickq::NamedCursor::create("job-" + std::to_string(k) + "@c", 0, daemon_test::in(world.shm.path()));
  }
  world.start();
  CHECK(world.supervisor->collect_orphans(true)["left"].size() == kMany);
  world.clock.advance(milliseconds(10'000));
  world.clock.per_question = milliseconds(1);
  CHECK(world.supervisor->collect_orphans(true)["removed"].size() == kMany);
  const auto done = world.supervisor->collect_orphans(false);
  CHECK(done["removed"].size() == kMany);
  CHECK(done["left"].empty());
  CHECK(done["complete"] == true);
}

TEST_CASE("orphans that are due go when asked for, though the config only reports") {
  World world("[]", R"("orphans":{"match":["job-*"],"grace":"10s","action":"report"})");
  make_queue(world.shm.path(), "job-1", 8);
  make_queue(world.shm.path(), "job-2", 8);
  world.start();
  world.round();
  const Child user = holder(world.shm.path(), "job-2");
  CHECK(world.supervisor->collect_orphans(false)["removed"].empty());  // not due yet
  world.round(milliseconds(10'000));

  const auto planned = world.supervisor->collect_orphans(true);
  CHECK(planned["dry_run"] == true);
  REQUIRE(planned["removed"].size() == 1);
  CHECK(planned["removed"][0]["name"] == "job-1");
  CHECK(planned["left"][0]["name"] == "job-2");
  CHECK(exists(world.shm.file("job-1")));

  const auto done = world.supervisor->collect_orphans(false);
  CHECK(done["ok"] == true);
  CHECK(done["removed"][0]["name"] == "job-1");
  CHECK(done["left"][0]["name"] == "job-2");
  CHECK(done["left"][0]["held"] == true);
  CHECK_FALSE(exists(world.shm.file("job-1")));
  CHECK(exists(world.shm.file("job-2")));
  world.round();
  CHECK(world.status()["orphans_detected"] == 1);
  CHECK(world.status()["orphans_removed"] == 1);
}
