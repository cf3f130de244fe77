// slickqd has each system call of a round, a reload and a start fail, in each way that the manual knows. A round never
// ends it; what could not be seen for the moment is not told to be gone, nothing is removed that was not due, nothing
// stays open, and the next round or reload knows everything again.
#include <doctest/doctest.h>

#include <cstdio>
#include <set>
#include <string>

#include "core/segment_life.hpp"
#include "fixture.hpp"
#include "queues.hpp"
#include "slickq/error.hpp"
#include "support/call_faults.hpp"
#include "support/fork.hpp"

using daemon_test::make_queue;
using daemon_test::World;
using std::chrono::milliseconds;

namespace {

const std::string kTwo = R"([{"name":"kept","size":8,"elem":8,"cursors":["c"]},{"name":"held","size":8,"elem":8}])";
const std::string kThree = R"([{"name":"kept","size":8,"elem":8,"cursors":["c"]},{"name":"held","size":8,"elem":8},)"
                           R"({"name":"new","size":16,"elem":8,"cursors":["n"]}])";

// What the child found, in memory it shares with us.
struct Report {
  std::size_t open_before = 0;
  std::size_t open_after = 0;
  bool threw = false;  ///< where nothing may
  char wrong[512] = "";

  void complain(const std::string& text) {
    if (wrong[0] == 0) std::snprintf(wrong, sizeof wrong, "%s", text.c_str());
  }
};

std::string rest_of(const World& world) {
  return R"("orphans":{"match":["job-*"],"grace":"1s","action":"remove"},"metrics":{"textfile":")" +
         world.etc.file("slickq.prom") + "\"}";
}

struct Stage {
  Stage() {
    world.write_config(kTwo, rest_of(world));
    make_queue(world.shm.path(), "kept", 8);
    make_queue(world.shm.path(), "held", 8);
    user.emplace(daemon_test::holder(world.shm.path(), "held"));
  }
  World world;
  std::optional<test_support::Child> user;
};

struct Act {
  const char* name;
  void (*prepare)(Stage& stage);
  void (*lead)(World& world);                  ///< before calls fail
  void (*run)(World& world, Report& report);   ///< while one does
  void (*look)(World& world, Report& report);  ///< when none does
  std::set<std::string> names;                 ///< in the end
};

// After one more round all is known.
void knows_all(World& world, Report& report, std::size_t queues) {
  world.round(milliseconds(10));
  const auto status = world.status();
  if (status["queues"].size() != queues) report.complain("not all queues are watched");
  for (const auto& queue : status["queues"]) {
    if (queue["state"] != "ready") report.complain(queue.dump());
  }
  for (const std::string& what : world.happened()) {
    if (what.starts_with("vanished") || what.starts_with("recreated") || what.starts_with("split_brain"))
      report.complain("told: " + what);
  }
}

const std::vector<Act>& all_acts() {
  static const std::vector<Act> acts{
      {"two rounds",
       [](Stage& stage) { make_queue(stage.world.shm.path(), "job-1", 8); },
       [](World& world) {
         world.start();
         world.round();
       },
       [](World& world, Report&) {
         world.round(milliseconds(100));
         world.round(milliseconds(100));
       },
       [](World& world, Report& report) {
         knows_all(world, report, 2);
         if (!std::filesystem::exists(world.shm.file("job-1"))) report.complain("job-1 was removed before its time");
       },
       {"kept", "kept@c", "held", "job-1"}},
      {"a round that removes an orphan",
       [](Stage& stage) { make_queue(stage.world.shm.path(), "job-1", 8); },
       [](World& world) {
         world.start();
         world.round();
       },
       [](World& world, Report&) { world.round(milliseconds(1000)); },
       [](World& world, Report& report) {
         world.round(milliseconds(1000));  // a failed removal is tried again after another grace time
         world.round(milliseconds(1000));
         knows_all(world, report, 2);
       },
       {"kept", "kept@c", "held"}},
      {"a reload",
       [](Stage&) {},
       [](World& world) {
         world.start();
         world.round();
         world.write_config(kThree, rest_of(world));
       },
       [](World& world, Report&) { (void)world.supervisor->reload(); },
       [](World& world, Report& report) {
         (void)world.supervisor->reload();
         knows_all(world, report, 3);
       },
       {"kept", "kept@c", "held", "new", "new@n"}},
      {"a start",
       [](Stage& stage) { stage.world.write_config(kThree, rest_of(stage.world)); },
       [](World&) {},
       [](World& world, Report& report) {
         try {
           world.start();
         } catch (const slickq::Error& error) {
           if (error.object().empty() || error.cause().empty()) report.complain(error.what());
         } catch (const slickqd::ConfigError&) {  // it says what, and where
         }
       },
       [](World& world, Report& report) {
         world.supervisor.reset();
         world.start();
         knows_all(world, report, 3);
       },
       {"kept", "kept@c", "held", "new", "new@n"}},
  };
  return acts;
}

void check_report(const Report& report) {
  const std::string wrong = report.wrong;
  CAPTURE(wrong);
  CHECK(wrong.empty());
  CHECK_FALSE(report.threw);
  CHECK(report.open_after == report.open_before);
}

// Sets the stage for one victim, calls go() with its body and what that reports, and checks what is left.
template <class Go>
void in_a_stage(const Act& act, Go go) {
  Stage stage;
  act.prepare(stage);
  const test_support::Shared<Report> report;
  const test_support::Victim victim = [&](const test_support::Gate& gate) {
    act.lead(stage.world);
    report->open_before = test_support::open_descriptors();
    gate.begin();
    try {
      act.run(stage.world, *report);
    } catch (const std::exception& error) {
      report->threw = true;
      report->complain(error.what());
    }
    gate.end();
    report->open_after = test_support::open_descriptors();
    act.look(stage.world, *report);
  };
  go(victim, *report);
  const auto names = test_support::names_in(stage.world.shm);
  CHECK(std::set<std::string>(names.begin(), names.end()) == act.names);
}

}  // namespace

TEST_CASE("whichever system call of slickqd fails, it goes on, and the next round knows everything") {
  if (!test_support::may_trace()) return;
  std::uint64_t tried = 0;
  for (const Act& act : all_acts()) {
    CAPTURE(std::string(act.name));
    std::vector<test_support::CallMoment> moments;
    in_a_stage(act, [&](const test_support::Victim& victim, Report&) { moments = test_support::moments_of(victim); });
    for (const test_support::CallFault& fault : test_support::faults_at(moments)) {
      CAPTURE(test_support::describe(fault));
      in_a_stage(act, [&](const test_support::Victim& victim, Report& report) {
        if (!test_support::let_fail(victim, fault)) return;
        ++tried;
        check_report(report);
      });
    }
  }
  CHECK(tried > 100);
  MESSAGE(tried << " failures");
}
