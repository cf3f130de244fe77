// Whoever may write to a segment may make it shorter while slickqd has it mapped: to repair a queue, to set a cursor
// to 0. Without survive_truncation() that is SIGBUS, and the end of slickqd.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "daemon_process.hpp"
#include "fixture.hpp"
#include "queues.hpp"
#include "slickq/slickq.hpp"
#include "slickq/truncation.hpp"

using daemon_test::http;
using test_support::Child;
using test_support::ChildSide;

namespace {

// Empties the file and makes it as long as before, with `head` at its beginning, again and again.
Child vandal(const std::string& path, const std::string& head) {
  Child child([=](ChildSide& side) {
    const auto size = static_cast<off_t>(std::filesystem::file_size(path));
    side.report();
    for (;;) {
      if (truncate(path.c_str(), 0) != 0 || truncate(path.c_str(), size) != 0) return 1;
      std::ofstream(path, std::ios::binary | std::ios::in) << head;
    }
  });
  REQUIRE(child.reported());
  return child;
}

}  // namespace

TEST_CASE("the real slickqd lives on when a queue is truncated while it is repaired, and says what happened") {
  const daemon_test::Place place;
  daemon_test::make_queue(place.shm.path(), "q", 4096);
  place.configure(
      R"([{"name":"q","size":4096,"elem":8,"on_mismatch":"keep","stall":{"after":"20ms","action":"repair"}}])");
  daemon_test::Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  const auto geometry = slickq::Geometry::make(slickq::Layout::slq1, 4096, 8);
  const slickq::HeaderBytes header = slickq::fresh_header(geometry);
  const Child other =
      vandal(place.shm.file("q"), std::string(reinterpret_cast<const char*>(header.data()), header.size()));
  CHECK(daemon_test::eventually([&] {
    const auto answer = http(place.socket, "POST", "/v1/repair/q?force=1");
    return answer.status == 0 || answer.body.find("made it shorter") != std::string::npos;
  }));
  CHECK(http(place.socket, "GET", "/healthz").status == 200);
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
}

TEST_CASE("a cursor that is truncated while it is set to 0 is told, and the reload goes through") {
  slickq::survive_truncation();
  daemon_test::World world(R"([{"name":"q","size":8,"elem":8,"cursors":["c"],"on_mismatch":"keep"}])");
  auto& supervisor = world.start();
  const Child other = vandal(world.shm.file("q@c"), std::string("\1\0\0\0\0\0\0\0", 8));
  bool told = false;
  for (int k = 0; k < 20'000 && !told; ++k) {
    std::filesystem::remove(world.shm.file("q"));
    REQUIRE(supervisor.reload().ok);
    for (const auto& line : supervisor.events().newest()) {
      told |= line.value("why", "").find("made it shorter") != std::string::npos;
    }
  }
  CHECK(told);
}
