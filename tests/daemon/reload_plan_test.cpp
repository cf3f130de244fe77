// What a reload would do: told as the reload tells it, and nothing done.
#include "reload_plan.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "fixture.hpp"
#include "queues.hpp"

using daemon_test::holder;
using daemon_test::inode_of;
using daemon_test::make_queue;
using daemon_test::World;
using std::filesystem::exists;

namespace {

// "action name" of each step.
std::vector<std::string> steps_of(const slickqd::PlannedReload& planned) {
  std::vector<std::string> steps;
  for (const slickqd::PlannedStep& step : planned.steps) {
    steps.push_back(std::string(to_string(step.action)) + ' ' + step.name);
  }
  return steps;
}

using Steps = std::vector<std::string>;

}  // namespace

TEST_CASE("each queue and cursor has a step that tells what a reload would do with it") {
  World world(
      R"([{"name":"same","size":8,"elem":8,"cursors":["c"]},{"name":"left","size":8,"elem":8,"cursors":["d"]}])");
  world.start();
  make_queue(world.shm.path(), "there", 8);
  make_queue(world.shm.path(), "other", 16);
  make_queue(world.shm.path(), "idle", 16);
  make_queue(world.shm.path(), "job-1", 16);
  world.write_config(R"([{"name":"new","size":8,"elem":8,"cursors":["e"]},
                         {"name":"same","size":8,"elem":8,"cursors":["c"]},
                         {"name":"there","size":8,"elem":8},
                         {"name":"other","size":8,"elem":8,"on_mismatch":"keep"},
                         {"name":"idle","size":8,"elem":8,"on_mismatch":"recreate_if_idle"}])",
                     R"("orphans":{"match":["job-*"]})");
  const auto planned = world.supervisor->plan_reload();
  CHECK(planned.verdict.ok);
  CHECK(steps_of(planned) == Steps{"create new", "create new@e", "keep same", "keep same@c", "adopt there",
                                   "mismatch other", "recreate idle", "forget left", "forget left@d", "orphan job-1"});
  CHECK(planned.steps[0].bytes > 0);
  CHECK(planned.steps[2].bytes == 0);
}

TEST_CASE("a plan changes nothing: no segment, no configuration, no event, no verdict of the last reload") {
  World world(R"([{"name":"a","size":8,"elem":8,"on_mismatch":"recreate_if_idle"}])");
  world.start();
  const auto inode = inode_of(world.shm.path(), "a");
  const auto before = world.happened();
  world.write_config(
      R"([{"name":"a","size":16,"elem":8,"on_mismatch":"recreate_if_idle"},{"name":"b","size":8,"elem":8}])");
  CHECK(steps_of(world.supervisor->plan_reload()) == Steps{"recreate a", "create b"});
  world.write_text("{");
  CHECK_FALSE(world.supervisor->plan_reload().verdict.ok);
  CHECK(inode_of(world.shm.path(), "a") == inode);
  CHECK_FALSE(exists(world.shm.file("b")));
  CHECK(world.happened() == before);
  CHECK(world.supervisor->config().queues.size() == 1);
  CHECK(world.supervisor->config().queues[0].geometry.capacity() == 8);
  world.round();
  CHECK(world.status()["config"]["last_reload_ok"] == true);
}

TEST_CASE("what a reload would be refused for is a step beside the others, in its place") {
  World world("[]");
  world.start();
  make_queue(world.shm.path(), "b", 16);
  world.write_config(
      R"([{"name":"a","size":8,"elem":8},{"name":"b","size":8,"elem":8},{"name":"c","size":8,"elem":8}])");
  const auto planned = world.supervisor->plan_reload();
  CHECK_FALSE(planned.verdict.ok);
  CHECK(steps_of(planned) == Steps{"create a", "refused b", "create c"});
  CHECK(planned.steps[1].why.find("configured slq1, 8 elements") != std::string::npos);
}

TEST_CASE("too little room is a reason of no single queue's") {
  World world("[]");
  world.start();
  world.write_config(R"([{"name":"a","size":2147483648,"elem":65536}])");
  const auto planned = world.supervisor->plan_reload();
  CHECK_FALSE(planned.verdict.ok);
  CHECK(steps_of(planned) == Steps{"create a", "refused "});
}

TEST_CASE("a queue that is held is not made anew, and the plan names who holds it") {
  World world("[]");
  world.start();
  make_queue(world.shm.path(), "q", 16);
  world.write_config(R"([{"name":"q","size":8,"elem":8,"on_mismatch":"recreate_if_idle"}])");
  CHECK(world.supervisor->plan_reload().steps[0].bytes > 0);
  const auto other = holder(world.shm.path(), "q");
  const auto planned = world.supervisor->plan_reload();
  CHECK(planned.verdict.ok);
  REQUIRE(steps_of(planned) == Steps{"recreate q"});
  CHECK(planned.steps[0].why.find("pid " + std::to_string(other.pid())) != std::string::npos);
  CHECK(planned.steps[0].bytes == 0);
}

TEST_CASE("the verdict on a bad configuration is that of the reload, word for word") {
  World world("[]");
  world.start();
  make_queue(world.shm.path(), "taken", 16);
  const auto queues = [&](const char* text) { world.write_config(text); };
  const std::vector<std::function<void()>> bad{
      [&] { world.write_text("{"); },
      [&] { world.write_text("{\n \"quues\": []}"); },
      [&] { queues(R"([{"name":"a","size":9,"elem":8}])"); },
      [&] { queues(R"([{"name":"taken","size":8,"elem":8}])"); },
      [&] { world.write_config("[]", R"("control":{"socket":"/tmp/elsewhere/s"})"); },
      [&] { std::filesystem::remove(world.config_file); },
  };
  for (std::size_t k = 0; k < bad.size(); ++k) {
    CAPTURE(k);
    bad[k]();
    const auto planned = world.supervisor->plan_reload().verdict;
    const auto done = world.supervisor->reload();
    CHECK_FALSE(planned.ok);
    CHECK(planned.ok == done.ok);
    CHECK(planned.error == done.error);
    REQUIRE(planned.where.has_value() == done.where.has_value());
    if (done.where) CHECK(planned.where->what() == std::string(done.where->what()));
  }
}
