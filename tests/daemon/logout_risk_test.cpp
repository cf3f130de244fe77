// Queues that go when somebody logs out.
#include "logout_risk.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "fixture.hpp"
#include "queues.hpp"

TEST_CASE("queues of regular users are named, where logind runs") {
  if (geteuid() != 0) {
    MESSAGE("skipped: giving a file away takes root");
    return;
  }
  daemon_test::World world(R"([{"name":"a","size":8,"elem":8},{"name":"b","size":8,"elem":8},
                               {"name":"absent","size":8,"elem":8}])");
  for (const char* name : {"a", "b"}) daemon_test::make_queue(world.shm.path(), name, 8);
  const auto config = slickqd::load_config(world.config_file);
  const std::string logind = world.etc.path();
  CHECK(slickqd::lost_at_logout(config, logind).empty());
  REQUIRE(chown(world.shm.file("a").c_str(), 999, 0) == 0);
  CHECK(slickqd::lost_at_logout(config, logind).empty());
  REQUIRE(chown(world.shm.file("b").c_str(), 54321, 0) == 0);
  CHECK(slickqd::lost_at_logout(config, logind).find(": b (54321); ") != std::string::npos);
  CHECK(slickqd::lost_at_logout(config, logind + "/none").empty());
}
