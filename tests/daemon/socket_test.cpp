// The control socket of the real program: who may, what is too much, and that nobody can hold it up.
#include <doctest/doctest.h>
#include <grp.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <vector>

#include "core/child_process.hpp"
#include "daemon_process.hpp"
#include "queues.hpp"

using daemon_test::Daemon;
using daemon_test::eventually;
using daemon_test::http;
using daemon_test::Place;
using daemon_test::UnixClient;

TEST_CASE("the socket has the configured mode and goes away at the end") {
  const Place place;
  {
    std::ofstream(place.config) << "{\"shm_dir\":\"" << place.shm.path() << "\",\"control\":{\"socket\":\""
                                << place.socket << "\",\"mode\":\"0640\"}}";
  }
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  struct stat facts {};
  REQUIRE(stat(place.socket.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0640);
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
  CHECK(stat(place.socket.c_str(), &facts) != 0);
}

TEST_CASE("clients that say nothing, and far too many of them, delay neither rounds nor others") {
  const Place place;
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  std::vector<UnixClient> silent;
  for (int k = 0; k < 100; ++k) {
    silent.emplace_back(place.socket);
    if (k % 2 == 0) silent.back().send_text("GET /v1/sta");
  }
  const auto before = place.status()["rounds"].get<std::uint64_t>();
  CHECK(eventually([&] { return place.status()["rounds"].get<std::uint64_t>() > before + 5; }));
  CHECK(silent.front().receive_all().empty());  // the oldest were dropped
}

TEST_CASE("what is no HTTP, or too much of it, is refused and nothing else happens") {
  const Place place;
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  const auto answer_to = [&](const std::string& text) {
    const UnixClient client(place.socket);
    client.send_text(text);
    return client.receive_all();
  };
  CHECK(answer_to("\x01\x02 garbage\r\n\r\n").find("400") != std::string::npos);
  CHECK(answer_to("GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n\r\n").find("431") != std::string::npos);
  CHECK(answer_to("POST /v1/reload HTTP/1.1\r\nContent-Length: 100000\r\n\r\n").find("413") != std::string::npos);
  CHECK(place.happened().find("reload") == std::string::npos);
  CHECK(http(place.socket, "GET", "/nothing").status == 404);
}

TEST_CASE("a user who is not of the group may look but not reload" * doctest::skip(getuid() != 0)) {
  const Place place;
  std::ofstream(place.config) << "{\"shm_dir\":\"" << place.shm.path() << "\",\"control\":{\"socket\":\""
                              << place.socket << "\",\"mode\":\"0666\",\"group\":\"4242\"}}";
  chmod(place.run.path().c_str(), 0755);
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  const auto reload_as = [&](gid_t group, bool supplementary) {
    test_support::Child child([&](test_support::ChildSide&) {
      const gid_t more[] = {group};
      const gid_t main_group = supplementary ? 65534 : group;
      if (setgroups(supplementary ? 1 : 0, more) != 0 || setgid(main_group) != 0 || setuid(65534) != 0) return 99;
      if (http(place.socket, "GET", "/v1/status").status != 200) return 98;
      return http(place.socket, "POST", "/v1/reload").status / 10;
    });
    return child.join();
  };
  CHECK(reload_as(65534, false) == 40);
  CHECK(reload_as(4242, false) == 20);
  CHECK(reload_as(4242, true) == 20);
}

TEST_CASE("a member of control.group may reload, however many other groups he is in" * doctest::skip(getuid() != 0)) {
  const Place place;
  std::ofstream(place.config) << "{\"shm_dir\":\"" << place.shm.path() << "\",\"control\":{\"socket\":\""
                              << place.socket << "\",\"mode\":\"0666\",\"group\":\"4242\"}}";
  chmod(place.run.path().c_str(), 0755);
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  test_support::Child member([&](test_support::ChildSide&) {
    std::vector<gid_t> groups(1000);
    std::iota(groups.begin(), groups.end(), gid_t{4242 - 999});
    if (setgroups(groups.size(), groups.data()) != 0 || setgid(65534) != 0 || setuid(65534) != 0) return 99;
    return http(place.socket, "POST", "/v1/reload").status / 10;
  });
  CHECK(member.join() == 20);
}

// Read in one go with the news of SIGTERM: the daemon is in the middle of a long round when both come.
TEST_CASE("nothing is changed any more once slickqd is stopping") {
  const Place place("[]", R"("orphans":{"match":["job-*"]})");
  for (int k = 0; k < 1000; ++k) {  // as many as a round has time for, and more
    slickq::NamedCursor::create("job-" + std::to_string(k) + "@c", 0, daemon_test::in(place.shm.path()));
  }
  for (int life = 0; life < 12; ++life) {
    const std::string log = place.run.file("log-" + std::to_string(life));
    Daemon daemon(place.arguments(), log);
    REQUIRE(place.wait_until_up());
    const UnixClient client(place.socket);
    client.send_text("POST /v1/reload HTTP/1.1\r\nHost: slickqd\r\n");
    REQUIRE(http(place.socket, "GET", "/healthz").status == 200);  // the other connection was accepted, too
    daemon.signal(SIGTERM);
    client.send_text("Content-Length: 0\r\n\r\n");
    CHECK(daemon.wait() == 0);
    const std::string said = daemon_test::read_file(log);
    const auto stopping = said.find("stopping: SIGTERM");
    REQUIRE(stopping != std::string::npos);
    CHECK(said.find("reload", stopping) == std::string::npos);
  }
}

TEST_CASE("where the control socket cannot be made, no queue is made either") {
  const Place place(R"([{"name":"q","size":8,"elem":8}])");
  std::ofstream(place.socket) << "somebody's";
  Daemon daemon(place.arguments(), place.log());
  CHECK(daemon.wait() == 73);
  CHECK(daemon.log().find("is no socket") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(place.shm.file("q")));
  CHECK(daemon_test::read_file(place.socket) == "somebody's");
}
