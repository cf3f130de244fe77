// The real slickqd among a thousand bad clients, names that somebody makes anew all the time, another slickqd, a clock
// that jumps, and stopped where it is: it goes on, grows by nothing, and knows the truth afterwards.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/child_process.hpp"
#include "core/segment_life.hpp"
#include "daemon_process.hpp"
#include "fixture.hpp"
#include "notify_socket.hpp"
#include "queues.hpp"
#include "slickq/slickq.hpp"

using daemon_test::Daemon;
using daemon_test::eventually;
using daemon_test::http;
using daemon_test::Place;
using daemon_test::UnixClient;
using daemon_test::World;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kClients = 1000;

std::size_t descriptors_of(pid_t pid) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::size_t kib_of(pid_t pid, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    std::size_t kib = 0;
    if (word == field + ":" && status >> kib) return kib;
  }
  return 0;
}

void check_small(pid_t pid) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which keep what was freed
  CHECK(kib_of(pid, "VmHWM") < 40 * 1024);
#else
  CHECK(kib_of(pid, "VmHWM") > 0);
#endif
}

std::uint64_t rounds_of(const Place& place) {
  return http(place.socket, "GET", "/healthz").json()["rounds"].get<std::uint64_t>();
}

// What bad clients send. Those who get no answer, or do not take it, stay connected.
const std::vector<std::string>& bad_requests() {
  static const std::vector<std::string> all{
      "",
      "GET /v1/sta",
      "\x16\x03\x01\x02\x01\x01",  // somebody thinks it is TLS
      "GET / HTTP/9.9\r\n\r\n",
      "GET /" + std::string(30'000, 'x') + " HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\n" + std::string(500, 'h') + ": " + std::string(30'000, 'v') + "\r\n\r\n",
      "POST /v1/gc HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n",
      "POST /v1/gc HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "POST /v1/reload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
      "POST /v1/queues/q/repair HTTP/1.1\r\nContent-Length: 9\r\n\r\n[[[[[[[[[",
      "GET /v1/queues/%00%2e%2e%2fetc HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /v1/events?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /v1/history?minutes=15 HTTP/1.1\r\nHost: x\r\n\r\n",
  };
  return all;
}

// As many descriptors as the hard limit has, for as long as it lives.
class ManyFiles {
 public:
  ManyFiles() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit most{before_.rlim_max, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &most);
  }
  ManyFiles(const ManyFiles&) = delete;
  ManyFiles& operator=(const ManyFiles&) = delete;
  ~ManyFiles() { setrlimit(RLIMIT_NOFILE, &before_); }
  bool are_enough() const { return before_.rlim_max >= kClients + 100; }

 private:
  rlimit before_{};
};

// Somebody who makes `name` into one thing after the other, and a queue as configured in the end.
void make_anew_in_a_loop(const std::string& dir, const std::string& name, int times) {
  const std::string path = dir + "/" + name;
  const std::vector<std::function<void()>> things{
      [&] { daemon_test::make_queue(dir, name, 8); },
      [&] { daemon_test::make_queue(dir, name, 64); },
      [&] { std::ofstream(path) << "no queue"; },
      [&] { std::filesystem::create_directory(path); },
      [&] { std::filesystem::create_symlink("/etc/passwd", path); },
      [&] { mkfifo(path.c_str(), 0600); },
      [&] {
        daemon_test::make_queue(dir, name, 8);
        std::filesystem::resize_file(path, 100);
      },
      [] {},
  };
  for (int k = 0; k < times; ++k) {
    std::filesystem::remove(path);
    // It need not get it: slickqd makes nothing anew, but the kernel may be asked for the name's users.
    try {
      things[static_cast<std::size_t>(k) % things.size()]();
    } catch (const std::exception&) {
    }
    std::this_thread::sleep_for(milliseconds(k % 4));
  }
  std::filesystem::remove(path);
  daemon_test::make_queue(dir, name, 8);
}

// A producer that dies with a reservation, and one that pushes behind it.
void leave_a_hole(const std::string& dir) {
  test_support::Child dead([&](test_support::ChildSide&) -> int {
    auto queue = slickq::Queue::open("q", dir);
    slickq::Producer producer(queue);
    const auto reservation = producer.reserve(1);
    _exit(0);  // no destructor gives it up
  });
  REQUIRE(dead.join() == 0);
  auto queue = slickq::Queue::open("q", dir);
  daemon_test::push(queue, 1);
}

std::size_t count_in(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a thousand clients at once, each bad in its own way, and slickqd goes on") {
  const ManyFiles files;
  REQUIRE(files.are_enough());
  const Place place(daemon_test::kOneQueue);
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  const std::size_t open_before = descriptors_of(daemon.pid());
  const std::string before = place.happened();
  const std::uint64_t rounds_before = rounds_of(place);
  std::size_t connected = 0;
  {
    std::vector<UnixClient> clients;
    for (std::size_t k = 0; k < kClients; ++k) {
      clients.emplace_back(place.socket);
      connected += clients.back().connected() ? 1 : 0;
      clients.back().send_text(bad_requests()[k % bad_requests().size()]);
    }
    CHECK(eventually([&] { return rounds_of(place) > rounds_before + 10; }));
    CHECK(http(place.socket, "GET", "/v1/queues/q").status == 200);
  }
  CHECK(connected == kClients);
  CHECK(eventually([&] { return descriptors_of(daemon.pid()) <= open_before; }));
  check_small(daemon.pid());
  CHECK(place.happened() == before);
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
}

TEST_CASE("a name that somebody makes into one thing after the other") {
  const Place place(daemon_test::kOneQueue);
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  const std::size_t open_before = descriptors_of(daemon.pid());
  test_support::Child other([&](test_support::ChildSide&) {
    make_anew_in_a_loop(place.shm.path(), "q", 800);
    return 0;
  });
  const std::uint64_t rounds_before = rounds_of(place);
  CHECK(other.join() == 0);
  CHECK(rounds_of(place) > rounds_before);
  CHECK(eventually([&] { return place.status()["queues"][0]["state"] == "ready"; }));
  auto queue = slickq::Queue::open("q", place.shm.path());
  daemon_test::push(queue, 5);  // it looks at the last of them, and not at one that is gone
  CHECK(eventually([&] { return place.status()["queues"][0]["published_index"] == 5; }));
  const std::string happened = place.happened();
  CHECK(count_in(happened, "\"mismatch\"") > 0);
  CHECK(count_in(happened, "\"recreated\"") > 0);
  CHECK(eventually([&] { return descriptors_of(daemon.pid()) <= open_before; }));
  check_small(daemon.pid());
  CHECK(test_support::names_in(place.shm) == std::vector<std::string>{"q"});
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
}

TEST_CASE("two slickqd that watch the same queues repair and remove each thing once") {
  const std::string queues = R"([{"name":"q","size":8,"elem":8,"stall":{"after":"50ms","action":"repair"}}])";
  const std::string orphans = R"("orphans":{"match":["job-*"],"grace":"200ms","action":"remove"})";
  const Place place(queues, orphans);
  Place second;
  std::ofstream(second.config) << "{\"shm_dir\":\"" << place.shm.path() << "\",\"control\":{\"socket\":\""
                               << second.socket << "\"},\"monitor\":{\"interval\":\"20ms\"},\"queues\":" << queues
                               << "," << orphans << "}";
  Daemon one(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  Daemon two(second.arguments(), second.log());
  REQUIRE(second.wait_until_up());
  const auto queue = slickq::Queue::open("q", place.shm.path());
  slickq::Consumer consumer(queue);
  for (int k = 0; k < 20; ++k) {
    daemon_test::make_queue(place.shm.path(), "job-" + std::to_string(k), 8);
    leave_a_hole(place.shm.path());
    std::array<std::byte, 8> room;
    CHECK(consumer.pop_wait(room, std::chrono::seconds(30)).what == slickq::Pop::item);
    CHECK(consumer.pop_into(room).what == slickq::Pop::empty);
  }
  CHECK(consumer.lost_elements() == 0);
  const auto removed = [&] { return count_in(place.happened() + second.happened(), "\"orphan_removed\""); };
  CHECK(eventually([&] { return removed() == 20; }));
  CHECK(eventually([&] { return test_support::names_in(place.shm) == std::vector<std::string>{"q"}; }));
  for (const Place* each : {&std::as_const(place), &std::as_const(second)}) {
    CHECK(each->status()["queues"][0]["state"] == "ready");
    CAPTURE(each->happened());
    CHECK(each->happened().find("removal_failed") == std::string::npos);
  }
  for (Daemon* each : {&one, &two}) {
    each->signal(SIGTERM);
    CHECK(each->wait() == 0);
  }
}

TEST_CASE("a slickqd that is stopped gives no sign of life; who is to take its place waits until it is gone") {
  const Place place(daemon_test::kOneQueue);
  const daemon_test::NotifySocket manager(place.run.file("notify"));
  const std::vector<std::string> environment{"NOTIFY_SOCKET=" + manager.name(), "WATCHDOG_USEC=200000"};
  Daemon stopped(place.arguments(), place.log(), environment);
  REQUIRE(place.wait_until_up());
  CHECK(manager.wait_for("WATCHDOG=1"));
  stopped.signal(SIGSTOP);
  // What was sent before is read; then a watchdog would have to bite.
  while (!manager.receive(milliseconds(600)).empty()) {
  }
  Daemon early(place.arguments(), place.run.file("early"));
  CHECK(early.wait() == 75);
  CHECK(early.log().find("pid " + std::to_string(stopped.pid())) != std::string::npos);
  auto queue = slickq::Queue::open("q", place.shm.path());
  daemon_test::push(queue, 3);
  // As systemd does it: SIGABRT, which a stopped process does not get to see, then SIGKILL.
  stopped.signal(SIGABRT);
  stopped.signal(SIGKILL);
  CHECK(stopped.wait() == 128 + SIGKILL);
  Daemon next(place.arguments(), place.log(), environment);
  REQUIRE(place.wait_until_up());
  CHECK(manager.wait_for("READY=1"));
  CHECK(manager.wait_for("WATCHDOG=1"));
  CHECK(place.happened().find("\"adopted\"") != std::string::npos);
  CHECK(place.status()["queues"][0]["published_index"] == 3);
}

TEST_CASE("a clock that jumps makes nothing older or younger") {
  World world(R"([{"name":"q","size":8,"elem":8,"cursors":["c"],"stall":{"after":"2s","action":"repair"}}])",
              R"("orphans":{"match":["job-*"],"grace":"10s","action":"remove"})");
  daemon_test::make_queue(world.shm.path(), "job-1", 8);
  world.start();
  world.round();
  auto queue = slickq::Queue::open("q", world.shm.path());
  slickq::Producer producer(queue);
  auto reservation = producer.reserve(1);
  const auto before = world.happened();
  for (const auto by : {std::chrono::hours(24 * 365 * 30), std::chrono::hours(-24 * 365 * 50), std::chrono::hours(1)}) {
    world.clock.jump(by);
    world.round(milliseconds(100));
    CHECK(world.happened() == before);
    CHECK(world.queue_status()["state"] == "ready");
    CHECK(world.status()["orphans"][0]["due"] == false);
    CHECK(world.status()["uptime_s"] < 10);
    CHECK(std::filesystem::exists(world.shm.file("job-1")));
  }
  world.round(milliseconds(10'000));
  CHECK(world.count("orphan_removed job-1") == 1);
  CHECK(reservation.publish() == slickq::Push::pushed);  // its owner lives: whatever the clocks say, nobody takes it
}
