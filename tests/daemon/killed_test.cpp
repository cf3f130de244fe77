// slickqd is killed before and after each system call of starting, reloading, removing an orphan and stopping. The next
// start puts it right: what the config says is there, what was there and is right is the same, with all its items, and
// of what was half-done nothing is left.
#include <doctest/doctest.h>
#include <sys/syscall.h>

#include <array>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "core/segment_life.hpp"
#include "fixture.hpp"
#include "queues.hpp"
#include "slickq/consumer.hpp"
#include "support/call_moments.hpp"
#include "support/nameless.hpp"

using daemon_test::inode_of;
using daemon_test::make_queue;
using daemon_test::push;
using daemon_test::World;
using std::chrono::milliseconds;

namespace {

constexpr int kItems = 3;

const std::string kOrphans = R"("orphans":{"match":["job-*"],"grace":"1s","action":"remove"})";
// One to be made, one of which a cursor was left, one that is there, one that is there and wrong.
const std::string kFour = R"([{"name":"new","size":8,"elem":8,"cursors":["c"]},
                              {"name":"back","size":8,"elem":8,"cursors":["old"]},
                              {"name":"kept","size":8,"elem":8},
                              {"name":"wrong","size":8,"elem":8,"cursors":["old"],"on_mismatch":"recreate_if_idle"}])";
const std::string kKept = R"([{"name":"kept","size":8,"elem":8}])";
const std::string kGoes =
    R"([{"name":"kept","size":8,"elem":8},{"name":"goes","size":8,"elem":8,"remove_on_exit":true}])";

slickq::Queue open(const World& world, const std::string& name) { return slickq::Queue::open(name, world.shm.path()); }

void make_filled(const World& world, const std::string& name, unsigned size) {
  make_queue(world.shm.path(), name, size);
  auto queue = open(world, name);
  push(queue, kItems);
}

void check_filled(const World& world, const std::string& name, std::uint64_t inode) {
  CHECK(inode_of(world.shm.path(), name) == inode);
  const auto queue = open(world, name);
  slickq::Consumer consumer(queue, {slickq::Start::At::index, 0});
  std::array<std::byte, 8> element{};
  for (int k = 0; k < kItems; ++k) CHECK(consumer.pop_into(element).what == slickq::Pop::item);
  CHECK(consumer.pop_into(element).what == slickq::Pop::empty);
}

// Of queues that went far: new ones begin at 0, and so must these.
constexpr std::uint64_t kFar = 50'000;
void make_wrong_and_left_cursors(const World& world) {
  make_filled(world, "wrong", 16);
  for (const char* name : {"wrong@old", "back@old"}) {
    slickq::NamedCursor::create(name, kFar, daemon_test::in(world.shm.path()));
  }
}

struct Stage {
  explicit Stage(const std::string& queues) : world(queues, kOrphans) {
    make_filled(world, "kept", 8);
    kept = inode_of(world.shm.path(), "kept");
  }
  World world;
  std::uint64_t kept;
};

struct Act {
  const char* name;
  const std::string& queues;
  void (*prepare)(Stage& stage);  ///< what is there before slickqd
  void (*lead)(World& world);     ///< what it has done before
  void (*run)(World& world);      ///< where it is killed
  std::set<std::string> names;    ///< in the end, under the config of then
  std::vector<long> calls;        ///< at both sides of each it must have been killed
};

const std::vector<Act>& all_acts() {
  static const std::vector<Act> acts{
      {"start",
       kFour,
       [](Stage& stage) {
         make_wrong_and_left_cursors(stage.world);
         make_queue(stage.world.shm.path(), "job-1", 8);
         daemon_test::leave_in_quarantine(stage.world.shm.path(), "job-1");
       },
       [](World&) {},
       [](World& world) { world.start(); },
       {"back", "back@old", "kept", "new", "new@c", "wrong", "wrong@old"},
       {SYS_openat, SYS_fallocate, SYS_linkat, SYS_renameat2, SYS_unlink}},
      {"start where no file is nameless",
       kFour,
       [](Stage& stage) { make_wrong_and_left_cursors(stage.world); },
       [](World&) { test_support::refuse_nameless_files(); },
       [](World& world) { world.start(); },
       {"back", "back@old", "kept", "new", "new@c", "wrong", "wrong@old"},
       {SYS_openat, SYS_fallocate, SYS_linkat, SYS_renameat2, SYS_unlink}},
      {"reload",
       kKept,
       [](Stage& stage) { make_wrong_and_left_cursors(stage.world); },
       [](World& world) {
         world.start();
         world.write_config(kFour, kOrphans);
       },
       [](World& world) { (void)world.supervisor->reload(); },
       {"back", "back@old", "kept", "new", "new@c", "wrong", "wrong@old"},
       {SYS_openat, SYS_fallocate, SYS_linkat, SYS_renameat2, SYS_unlink}},
      {"removal of an orphan",
       kKept,
       [](Stage& stage) { make_filled(stage.world, "job-1", 8); },
       [](World& world) {
         world.start();
         world.round();
       },
       [](World& world) { world.round(milliseconds(1000)); },
       {"kept"},
       {SYS_openat, SYS_renameat2, SYS_unlink}},
      {"stop",
       kGoes,
       [](Stage&) {},
       [](World& world) { world.start(); },
       [](World& world) { (void)world.supervisor->stop(); },
       {"kept", "goes"},
       {SYS_openat, SYS_renameat2, SYS_unlink}},
  };
  return acts;
}

// The next slickqd, for as long as an orphan takes.
void check_next(const Act& act, Stage& stage) {
  World& world = stage.world;
  world.start();
  for (int k = 0; k < 3; ++k) world.round();
  const auto names = test_support::names_in(world.shm);
  CHECK(std::set(names.begin(), names.end()) == act.names);
  check_filled(world, "kept", stage.kept);
  for (const auto& queue : world.supervisor->config().queues) {
    CHECK(open(world, queue.name).geometry() == queue.geometry);
    for (const std::string& name : queue.cursors) {
      CHECK(slickq::NamedCursor::open(queue.name + "@" + name, world.shm.path()).cursor().load() == 0);
    }
  }
  CHECK(world.status()["orphans"].empty());
}

}  // namespace

TEST_CASE("wherever slickqd is killed, its next start puts it right") {
  if (!test_support::may_trace()) return;
  std::uint64_t kills = 0;
  for (const Act& act : all_acts()) {
    CAPTURE(std::string(act.name));
    kills += test_support::kill_everywhere(act.calls, [&](auto go) {
      Stage stage(act.queues);
      act.prepare(stage);
      go([&](const test_support::Gate& gate) {
        act.lead(stage.world);
        gate.begin();
        act.run(stage.world);
        gate.end();
      });
      check_next(act, stage);
    });
  }
  MESSAGE(kills << " killed");
}
