// Start, reload and stop: bringing the world and the config together, or leaving both alone.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "fixture.hpp"
#include "queues.hpp"
#include "slickq/cursor.hpp"
#include "slickq/error.hpp"
#include "small_file_system.hpp"

using daemon_test::holder;
using daemon_test::inode_of;
using daemon_test::make_queue;
using daemon_test::SmallFileSystem;
using daemon_test::World;
using std::filesystem::exists;

namespace {

// Files of at most 1 MiB: what no plan can know.
slickqd::ReloadResult reload_with_small_files(World& world) {
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit small{1 << 20, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  auto result = world.supervisor->reload();
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  return result;
}

}  // namespace

TEST_CASE("a good reload creates what is new and leaves the rest alone") {
  World world(R"([{"name":"a","size":8,"elem":8}])");
  world.start();
  world.round();
  const auto inode = inode_of(world.shm.path(), "a");
  world.write_config(R"([{"name":"a","size":8,"elem":8},{"name":"b","size":4,"elem":16,"cursors":["c"]}])");
  const auto result = world.supervisor->reload();
  CHECK(result.ok);
  CHECK(world.happened() == std::vector<std::string>{"created a", "created b", "created b@c", "reload_ok"});
  CHECK(inode_of(world.shm.path(), "a") == inode);
  world.round();
  CHECK(world.queue_status(1)["name"] == "b");
  CHECK(world.queue_status(1)["capacity"] == 4);
}

TEST_CASE("a queue that left the config is left alone") {
  World world(R"([{"name":"a","size":8,"elem":8,"remove_on_exit":true}])");
  world.start();
  world.write_config("[]");
  CHECK(world.supervisor->reload().ok);
  CHECK(world.supervisor->stop().empty());
  CHECK(exists(world.shm.file("a")));
}

TEST_CASE("a broken reload changes nothing and says where") {
  World world(R"([{"name":"a","size":8,"elem":8}])");
  world.start();
  world.write_text(
      "{\n \"queues\": [ {\"name\":\"b\",\"size\":8,\"elem\":8},\n  {\"name\":\"c\",\"size\":9,\"elem\":8} ] "
      "}");
  const auto result = world.supervisor->reload();
  CHECK_FALSE(result.ok);
  REQUIRE(result.where);
  CHECK(result.where->line() == 3);
  CHECK(result.where->pointer() == "/queues/1/size");
  CHECK(world.last_event()["event"] == "reload_failed");
  CHECK(world.last_event()["line"] == 3);
  CHECK_FALSE(exists(world.shm.file("b")));
  world.round();
  CHECK(world.status()["queues"].size() == 1);
  CHECK(world.status()["config"]["last_reload_ok"] == false);
  CHECK(world.status()["config"]["last_error"].get<std::string>().find("/queues/1/size") != std::string::npos);
}

TEST_CASE("a reload whose plan has a problem does not begin") {
  World world("[]");
  world.start();
  make_queue(world.shm.path(), "b", 16);
  world.write_config(R"([{"name":"a","size":8,"elem":8},{"name":"b","size":8,"elem":8}])");
  const auto result = world.supervisor->reload();
  CHECK_FALSE(result.ok);
  CHECK(result.where->pointer() == "/queues/1");
  CHECK_FALSE(exists(world.shm.file("a")));
  CHECK(world.supervisor->config().queues.empty());
}

TEST_CASE("a reload that fails half-way takes back what it made and keeps the old config") {
  World world("[]");
  world.start();
  world.write_config(R"([{"name":"a","size":8,"elem":8,"cursors":["c"]},{"name":"b","size":65536,"elem":64}])");
  const auto result = reload_with_small_files(world);
  CHECK_FALSE(result.ok);
  CHECK(result.error.find("file size limit") != std::string::npos);
  CHECK(std::filesystem::is_empty(world.shm.path()));
  CHECK(world.supervisor->config().queues.empty());
  CHECK(world.happened() == std::vector<std::string>{"reload_failed"});
}

TEST_CASE("what the process is bound to cannot change by reload") {
  World world("[]");
  world.start();
  world.write_config("[]", R"("control":{"socket":"/tmp/elsewhere/s"})");
  const auto result = world.supervisor->reload();
  CHECK_FALSE(result.ok);
  CHECK(result.where->pointer() == "/control");
  CHECK(result.error.find("restart") != std::string::npos);
}

TEST_CASE("a mismatch with on_mismatch fail refuses the start and names both geometries") {
  World world(R"([{"name":"a","size":4,"elem":4},{"name":"q","size":8,"elem":8}])");
  make_queue(world.shm.path(), "q", 16);
  try {
    world.start();
    FAIL("it started");
  } catch (const slickqd::ConfigError& error) {
    CHECK(error.pointer() == "/queues/1");
    const std::string text = error.what();
    CHECK(text.find("slq1, 16 elements of 8 bytes") != std::string::npos);
    CHECK(text.find("slq1, 8 elements of 8 bytes") != std::string::npos);
  }
  CHECK_FALSE(exists(world.shm.file("a")));
}

TEST_CASE("a mismatch with on_mismatch keep is watched as it is") {
  World world(R"([{"name":"q","size":8,"elem":8,"on_mismatch":"keep"}])");
  make_queue(world.shm.path(), "q", 16);
  world.start();
  CHECK(world.happened() == std::vector<std::string>{"mismatch q"});
  world.round();
  CHECK(world.happened().size() == 1);
  CHECK(world.queue_status()["state"] == "mismatch");
  CHECK(world.queue_status()["reserved_index"] == 0);
}

TEST_CASE("recreate_if_idle replaces a queue nobody holds and rewinds its cursors") {
  World world(R"([{"name":"q","size":8,"elem":8,"cursors":["c"],"on_mismatch":"recreate_if_idle"}])");
  make_queue(world.shm.path(), "q", 16);
  slickq::NamedCursor::create("q@c", 77, daemon_test::in(world.shm.path()));
  world.start();
  CHECK(world.happened() == std::vector<std::string>{"recreated q"});
  CHECK(slickq::Queue::open("q", world.shm.path()).geometry().capacity() == 8);
  CHECK(slickq::NamedCursor::open("q@c", world.shm.path()).cursor().load() == 0);
}

TEST_CASE("recreate_if_idle never replaces a held queue") {
  World world(R"([{"name":"q","size":8,"elem":8,"on_mismatch":"recreate_if_idle"}])");
  make_queue(world.shm.path(), "q", 16);
  const auto inode = inode_of(world.shm.path(), "q");
  {
    const auto other = holder(world.shm.path(), "q");
    world.start();
    CHECK(world.happened() == std::vector<std::string>{"mismatch q"});
    CHECK(world.last_event()["why"].get<std::string>().find(std::to_string(other.pid())) != std::string::npos);
    CHECK(inode_of(world.shm.path(), "q") == inode);
  }
  CHECK(world.supervisor->reload().ok);  // the holder is gone: now it may
  CHECK(world.count("recreated q") == 1);
  world.round();
  CHECK(world.queue_status()["state"] == "ready");
  CHECK(world.queue_status()["capacity"] == 8);
}

TEST_CASE("a queue that was wrong before and is held now: each reload says why it is not made anew") {
  World world(R"([{"name":"q","size":8,"elem":8,"on_mismatch":"keep"}])");
  make_queue(world.shm.path(), "q", 16);
  world.start();
  const auto other = holder(world.shm.path(), "q");
  world.write_config(R"([{"name":"q","size":8,"elem":8,"on_mismatch":"recreate_if_idle"}])");
  for (std::size_t reloads = 1; reloads <= 2; ++reloads) {
    CHECK(world.supervisor->reload().ok);
    CHECK(world.count("mismatch q") == 1 + reloads);
  }
  const auto told = world.supervisor->events().newest();
  CHECK(told[told.size() - 2]["why"].get<std::string>().find(std::to_string(other.pid())) != std::string::npos);
}

TEST_CASE("a queue that cannot be made anew, and one that could, both stay as they are when the reload fails") {
  World world("[]");
  make_queue(world.shm.path(), "p", 16);
  make_queue(world.shm.path(), "q", 16);
  world.start();
  const auto inode_of_p = inode_of(world.shm.path(), "p");
  const auto inode_of_q = inode_of(world.shm.path(), "q");
  world.write_config(R"([{"name":"p","size":8,"elem":8,"on_mismatch":"recreate_if_idle"},
                         {"name":"q","size":65536,"elem":64,"on_mismatch":"recreate_if_idle"}])");
  const auto result = reload_with_small_files(world);
  CHECK_FALSE(result.ok);
  CHECK(result.error.find("file size limit") != std::string::npos);
  CHECK(inode_of(world.shm.path(), "p") == inode_of_p);
  CHECK(inode_of(world.shm.path(), "q") == inode_of_q);
  CHECK(world.happened() == std::vector<std::string>{"reload_failed"});
}

TEST_CASE("where there is no room for the old queue and the new one, the error says what to do and the old one stays") {
  if (!SmallFileSystem::may_be_made()) return;
  World world("[]");
  const SmallFileSystem small(world.shm.path());
  make_queue(world.shm.path(), "q", 16);
  world.start();
  const auto inode = inode_of(world.shm.path(), "q");
  world.write_config(R"([{"name":"q","size":16384,"elem":64,"on_mismatch":"recreate_if_idle"}])");
  const auto result = world.supervisor->reload();
  CHECK_FALSE(result.ok);
  CHECK(result.error.find("need 2 MiB, free ") != std::string::npos);
  CHECK(result.error.find("slickq unlink q; or remove unused segments") != std::string::npos);
  CHECK(inode_of(world.shm.path(), "q") == inode);
}

TEST_CASE("what somebody removes or makes between the plan and its turn is planned anew") {
  World world("[]");
  world.start();
  make_queue(world.shm.path(), "goes", 16);
  int plans = 0;
  std::uint64_t told = 0;
  world.supervisor->before_making([&](std::uint64_t bytes) {
    told = bytes;
    if (++plans == 1) std::filesystem::remove(world.shm.file("goes"));
    if (plans == 2) make_queue(world.shm.path(), "comes", 8);
  });
  world.write_config(R"([{"name":"goes","size":8,"elem":8,"on_mismatch":"recreate_if_idle"},
                         {"name":"comes","size":8,"elem":8}])");
  CHECK(world.supervisor->reload().ok);
  CHECK(plans == 3);
  CHECK(told == slickq::bytes_with_annex(slickq::Geometry::make(slickq::Layout::slq1, 8, 8)));
  CHECK(world.happened() == std::vector<std::string>{"created goes", "adopted comes", "reload_ok"});
}

TEST_CASE("a vanished queue is made again at the next reload") {
  World world(R"([{"name":"q","size":8,"elem":8}])");
  world.start();
  std::filesystem::remove(world.shm.file("q"));
  world.round();
  CHECK(world.supervisor->reload().ok);
  CHECK(world.count("created q") == 2);
  world.round();
  CHECK(world.queue_status()["state"] == "ready");
  CHECK(world.count("recreated q") == 0);
}

TEST_CASE("a queue made again begins at 0, and so does the cursor that its removal left") {
  World world(R"([{"name":"q","size":8,"elem":8,"cursors":["c"]}])");
  world.start();
  const auto cursor = [&] { return slickq::NamedCursor::open("q@c", world.shm.path()).cursor().load(); };
  slickq::NamedCursor::open("q@c", world.shm.path()).cursor().store(50'000);
  CHECK(world.supervisor->reload().ok);
  CHECK(cursor() == 50'000);  // adopted as it is, as its queue
  std::filesystem::remove(world.shm.file("q"));
  CHECK(world.supervisor->reload().ok);
  CHECK(world.count("created q") == 2);
  CHECK(cursor() == 0);
}

TEST_CASE("remove_on_exit removes queue and cursors, but never a held one") {
  World world(R"([{"name":"a","size":8,"elem":8,"cursors":["c"],"remove_on_exit":true},
                  {"name":"b","size":8,"elem":8,"remove_on_exit":true}, {"name":"k","size":8,"elem":8}])");
  world.start();
  const auto other = holder(world.shm.path(), "b");
  const auto stayed = world.supervisor->stop();
  REQUIRE(stayed.size() == 1);
  CHECK(stayed[0].find("b stays") == 0);
  CHECK(stayed[0].find(std::to_string(other.pid())) != std::string::npos);
  CHECK_FALSE(exists(world.shm.file("a")));
  CHECK_FALSE(exists(world.shm.file("a@c")));
  CHECK(exists(world.shm.file("b")));
  CHECK(exists(world.shm.file("k")));
}

TEST_CASE("remove_on_exit tells of a cursor that stays because somebody holds it") {
  World world(R"([{"name":"a","size":8,"elem":8,"cursors":["c","gone","d"],"remove_on_exit":true}])");
  world.start();
  std::filesystem::remove(world.shm.file("a@gone"));
  const auto cursor = slickq::NamedCursor::open("a@c", world.shm.path());
  const auto stayed = world.supervisor->stop();
  REQUIRE(stayed.size() == 1);
  CHECK(stayed[0].find("a@c stays") == 0);
  CHECK(exists(world.shm.file("a@c")));
  for (const char* goes : {"a", "a@d"}) CHECK_FALSE(exists(world.shm.file(goes)));
}

TEST_CASE("a shm directory that is not there refuses the start") {
  World world("[]");
  world.write_text(R"({"shm_dir":"/dev/shm/no-such-directory-of-slickqd"})");
  try {
    world.start();
    FAIL("it started");
  } catch (const slickq::Error& error) {
    CHECK(error.code() == slickq::Errc::not_found);
  }
}

TEST_CASE("of a hundred problems the first ones are told, and how many more there are") {
  World world("[]");
  world.start();
  std::string queues = "[";
  for (int k = 0; k < 100; ++k) {
    const std::string name = "queue-" + std::to_string(k);
    make_queue(world.shm.path(), name, 16);
    queues.append(k == 0 ? "" : ",").append(R"({"name":")").append(name).append(R"(","size":8,"elem":8})");
  }
  world.write_config(queues + "]");
  const auto result = world.supervisor->reload();
  CHECK_FALSE(result.ok);
  for (const char* told : {"/queues/0: ", "and /queues/9: ", "; and 90 more"}) {
    CAPTURE(told);
    CHECK(result.error.find(told) != std::string::npos);
  }
  CHECK(result.error.find("/queues/10: ") == std::string::npos);
  CHECK(world.last_event()["event"] == "reload_failed");
  CHECK(world.last_event().dump().size() < 1024);
}

TEST_CASE("remove_on_exit never takes what only has the name of a configured cursor") {
  World world(R"([{"name":"a","size":8,"elem":8,"cursors":["c","d"],"on_mismatch":"keep","remove_on_exit":true}])");
  make_queue(world.shm.path(), "a@c", 8);
  world.start();
  CHECK(world.supervisor->stop().empty());
  CHECK_FALSE(exists(world.shm.file("a")));
  CHECK_FALSE(exists(world.shm.file("a@d")));
  CHECK(exists(world.shm.file("a@c")));
}

TEST_CASE("what is not proven to be a queue is never recreated: an empty file, one of zeros") {
  for (const std::size_t bytes : {0, 4096}) {
    CAPTURE(bytes);
    World world(R"([{"name":"q","size":8,"elem":8,"on_mismatch":"recreate_if_idle"}])");
    std::ofstream(world.shm.file("q")) << std::string(bytes, '\0');
    world.start();
    CHECK(world.happened() == std::vector<std::string>{"mismatch q"});
    CHECK(world.last_event()["action"] == "keep");
    CHECK(std::filesystem::file_size(world.shm.file("q")) == bytes);
  }
}

TEST_CASE("a cursor that somebody keeps locked does not hold up the reload that would set it to 0") {
  World world(R"([{"name":"q","size":8,"elem":8,"cursors":["a","b"]}])");
  world.start();
  std::filesystem::remove(world.shm.file("q"));
  const auto locked = daemon_test::lock_out(world.shm.file("q@a"));
  const auto also = daemon_test::lock_out(world.shm.file("q@b"));
  const auto time_of = [](auto act) {
    const auto begun = std::chrono::steady_clock::now();
    act();
    return std::chrono::steady_clock::now() - begun;
  };
  const auto of_reload = time_of([&] { CHECK(world.supervisor->reload().ok); });
  const auto of_who_waits =
      time_of([&] { CHECK_THROWS_AS(slickq::NamedCursor::open("q@a", world.shm.path()), slickq::Error); });
  CHECK(of_reload < of_who_waits);  // although it met two of them
  CHECK(world.count("mismatch q@a") == 1);
  CHECK(world.count("created q") == 2);
}

TEST_CASE("more new queues than there are descriptors are made in parts, and taken back together when one fails") {
  World world;
  auto& supervisor = world.start();
  const auto reload_with_few_files = [&](const std::string& last) {
    std::string queues = "[";
    for (int k = 0; k < 100; ++k) {
      queues.append(R"({"name":"q)").append(std::to_string(k)).append(R"(","size":8,"elem":8},)");
    }
    world.write_config(queues + last + "]");
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit few{64, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
    auto result = supervisor.reload();
    REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
    return result;
  };
  const auto too_large = reload_with_few_files(R"({"name":"last","size":1073741824,"elem":1048576})");
  CHECK_FALSE(too_large.ok);
  CHECK(std::filesystem::is_empty(world.shm.path()));
  const auto good = reload_with_few_files(R"({"name":"last","size":8,"elem":8})");
  CAPTURE(good.error);
  CHECK(good.ok);
  CHECK(std::filesystem::exists(world.shm.file("last")));
}

TEST_CASE("at the end all who hold queues are named, with a sign of life before each") {
  World world(
      R"([{"name":"a","size":8,"elem":8,"remove_on_exit":true},{"name":"b","size":8,"elem":8,"remove_on_exit":true},
                  {"name":"c","size":8,"elem":8,"remove_on_exit":true}])");
  auto& supervisor = world.start();
  const auto one = daemon_test::holder(world.shm.path(), "a");
  const auto other = daemon_test::holder(world.shm.path(), "c");
  int signs = 0;
  const auto stayed = supervisor.stop([&] { ++signs; });
  CHECK(signs == 3);
  REQUIRE(stayed.size() == 2);
  CHECK(stayed[0].find("pid " + std::to_string(one.pid())) != std::string::npos);
  CHECK(stayed[1].find("pid " + std::to_string(other.pid())) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(world.shm.file("b")));
}
