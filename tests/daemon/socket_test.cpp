// The control socket of the real program: who may, what is too much, and that nobody can hold it up.
#include <doctest/doctest.h>
#include <grp.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

#include "core/child_process.hpp"
#include "daemon_process.hpp"

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

// How many rounds are made while somebody bothers the daemon, as a part of how many are made while nobody does: in
// turn, so that a slow moment of the machine hits both.
TEST_CASE("clients that say nothing, or do not read a large answer, and far too many of them, delay no round") {
  std::string queues = "[";
  for (int k = 0; k < 300; ++k) {  // their status is more than a socket takes at once
    queues.append(k == 0 ? "" : ",").append(R"({"name":"queue-)").append(std::to_string(k));
    queues.append(R"(","size":8,"elem":8})");
  }
  const Place place(queues + "]");
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  const auto rounds = [&] { return http(place.socket, "GET", "/healthz").json()["rounds"].get<std::uint64_t>(); };
  // A second, as seconds go for the test.
  const auto rounds_a_second = [&](const std::function<void()>& bother) {
    const auto begun = std::chrono::steady_clock::now();
    const auto before = rounds();
    bother();
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    const auto made = static_cast<double>(rounds() - before);
    return made / std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  };
  double alone = 0;
  double bothered = 0;
  for (int k = 0; k < 6; ++k) {
    alone += rounds_a_second([] {});
    std::vector<UnixClient> clients;
    bothered += rounds_a_second([&] {
      for (int c = 0; c < 100; ++c) {
        clients.emplace_back(place.socket);
        if (c % 2 == 0) clients.back().send_text("GET /v1/sta");
        if (c % 20 == 0) clients.back().send_text("tus HTTP/1.1\r\nHost: slickqd\r\n\r\n");
      }
    });
    CHECK(clients[1].receive_all().empty());  // the oldest were dropped
  }
  MESSAGE("rounds a second: " << alone / 6 << ", among clients " << bothered / 6);
  CHECK(2 * bothered >= alone);
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

// Several ask again and again, so that a request is being read whenever the news of SIGTERM comes.
TEST_CASE("nothing is changed any more once slickqd is stopping") {
  const Place place;
  for (int life = 0; life < 12; ++life) {
    const std::string log = place.run.file("log-" + std::to_string(life));
    Daemon daemon(place.arguments(), log);
    REQUIRE(place.wait_until_up());
    std::vector<std::thread> clients;
    for (int k = 0; k < 6; ++k) {
      clients.emplace_back([&] {
        while (http(place.socket, "POST", "/v1/reload").status != 0) continue;
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + life));
    daemon.signal(SIGTERM);
    CHECK(daemon.wait() == 0);
    for (std::thread& client : clients) client.join();
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
