// The real program on loopback TCP and by its event streams: read-only, and nobody can hold it up.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>

#include <filesystem>

#include "daemon_process.hpp"
#include "queues.hpp"

using daemon_test::Daemon;
using daemon_test::eventually;
using daemon_test::http;
using daemon_test::kOneQueue;
using daemon_test::make_queue;
using daemon_test::Place;
using daemon_test::UnixClient;

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// One that nobody has just now.
std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0);
  REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  close(fd);
  return ntohs(address.sin_port);
}

struct Tcp {
  explicit Tcp(std::uint16_t port) : fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = loopback(port);
    connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    const timeval patience{60, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  Tcp(const Tcp&) = delete;
  Tcp& operator=(const Tcp&) = delete;
  ~Tcp() { close(fd); }
  void say(const std::string& text) const { REQUIRE(send(fd, text.data(), text.size(), MSG_NOSIGNAL) > 0); }
  /// Until `text` was seen, or the end.
  bool sees(const std::string& text) {
    char buffer[4096];
    while (seen.find(text) == std::string::npos) {
      const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      seen.append(buffer, static_cast<std::size_t>(got));
    }
    return true;
  }

  /// Does the other side close it, whatever it says before?
  bool ends() const {
    char buffer[4096];
    ssize_t got;
    do got = recv(fd, buffer, sizeof buffer, 0);
    while (got > 0);
    return got == 0;
  }

  int fd;
  bool connected = false;
  std::string seen;
};

struct OnTcp {
  OnTcp() : port(free_port()), place(kOneQueue, listen(port)), daemon(place.arguments(), place.log()) {
    REQUIRE(place.wait_until_up());
  }
  static std::string listen(std::uint16_t port) {
    return R"("metrics":{"listen":"127.0.0.1:)" + std::to_string(port) + "\"}";
  }
  int status(const std::string& request, const std::string& host) const {
    Tcp tcp(port);
    tcp.say(request + " HTTP/1.1\r\n" + (host.empty() ? "" : "Host: " + host + "\r\n") + "Content-Length: 0\r\n\r\n");
    return tcp.sees("\r\n") ? std::stoi(tcp.seen.substr(9, 3)) : 0;
  }

  std::uint16_t port;
  Place place;
  Daemon daemon;
};

}  // namespace

TEST_CASE("TCP answers what may be read, and changes nothing, whoever asks") {
  OnTcp on;
  CHECK(on.status("GET /v1/status", "localhost") == 200);
  CHECK(on.status("GET /v1/queues/q", "127.0.0.1:9464") == 200);
  CHECK(on.status("GET /nothing", "localhost") == 404);
  for (const char* request : {"POST /v1/reload", "POST /v1/gc", "POST /v1/repair/q", "PUT /v1/status", "DELETE /"}) {
    CAPTURE(request);
    CHECK(on.status(request, "localhost") == 403);
  }
  CHECK(on.status("GET /v1/reload", "localhost") == 405);
  CHECK(on.place.happened().find("reload") == std::string::npos);
}

TEST_CASE("a Host header of another site is refused on TCP, and so is none; the socket does not care") {
  OnTcp on;
  CHECK(on.status("GET /v1/status", "evil.example") == 403);
  CHECK(on.status("GET /v1/status", "") == 403);
  CHECK(http(on.place.socket, "GET", "/v1/status").status == 200);  // says "slickqd"
}

TEST_CASE("a listener that cannot be had ends the start, and is not changed by a reload") {
  OnTcp on;
  const Place other("[]", OnTcp::listen(on.port));
  Daemon second(other.arguments(), other.log());
  CHECK(second.wait() == 73);
  CHECK(second.log().find("metrics.listen 127.0.0.1:") != std::string::npos);

  on.place.configure(kOneQueue, OnTcp::listen(1));
  const auto refused = http(on.place.socket, "POST", "/v1/reload");
  CHECK(refused.status == 422);
  CHECK(refused.json()["pointer"] == "/metrics/listen");
}

TEST_CASE("events are followed as they happen, as lines on the socket and as a browser wants them on TCP") {
  OnTcp on;
  Tcp browser(on.port);
  browser.say("GET /v1/events?n=1 HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  CHECK(browser.sees("Content-Type: text/event-stream\r\n"));
  CHECK(browser.sees("\ndata: {"));
  CHECK(browser.seen.find("\"created\"") != std::string::npos);
  Tcp lines(on.port);
  lines.say("GET /v1/events?follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(lines.sees("\r\n\r\n"));
  std::filesystem::remove(on.place.shm.file("q"));
  CHECK(lines.sees("\"event\":\"vanished\",\"queue\":\"q\""));
  CHECK(browser.sees("\"event\":\"vanished\",\"queue\":\"q\""));
  CHECK(lines.seen.find("\"created\"") == std::string::npos);
  on.daemon.signal(SIGTERM);  // who follows does not keep it
  CHECK(on.daemon.wait() == 0);
  CHECK_FALSE(lines.sees("never said"));
}

TEST_CASE("who follows hears of each of the many queues that one reload makes") {
  OnTcp on;
  Tcp lines(on.port);
  lines.say("GET /v1/events?follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(lines.sees("\r\n\r\n"));
  std::string queues = kOneQueue;
  for (int k = 0; k < 800; ++k) {
    queues.insert(1, R"({"name":"many-)" + std::to_string(k) + R"(","size":8,"elem":8},)");
  }
  on.place.configure(queues, OnTcp::listen(on.port));
  CHECK(http(on.place.socket, "POST", "/v1/reload").status == 200);
  CHECK(lines.sees("reload_ok"));
  int heard = 0;
  for (int k = 0; k < 800; ++k) {
    heard += lines.seen.find("\"queue\":\"many-" + std::to_string(k) + '"') != std::string::npos ? 1 : 0;
  }
  CHECK(heard == 800);
}

TEST_CASE("of more followers than there may be the oldest goes, and they delay neither rounds nor others") {
  OnTcp on;
  std::vector<std::unique_ptr<Tcp>> followers;
  for (int k = 0; k < 17; ++k) {
    followers.push_back(std::make_unique<Tcp>(on.port));
    followers.back()->say("GET /v1/events?follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(followers.back()->sees("200 OK"));
  }
  CHECK(followers.front()->ends());
  CHECK(on.status("GET /v1/status", "localhost") == 200);
  const auto before = on.place.status()["rounds"].get<std::uint64_t>();
  CHECK(eventually([&] { return on.place.status()["rounds"].get<std::uint64_t>() > before + 5; }));
  followers.clear();
  CHECK(eventually([&] { return on.status("GET /v1/events", "localhost") == 200; }));
}

TEST_CASE("what vanishes and comes back is noticed at once, though the next round is an hour away") {
  const Place place;
  std::ofstream(place.config) << "{\"shm_dir\":\"" << place.shm.path() << "\",\"control\":{\"socket\":\""
                              << place.socket << "\"},\"monitor\":{\"interval\":\"1h\"},\"queues\":" << kOneQueue
                              << "}";
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  std::filesystem::remove(place.shm.file("q"));
  CHECK(eventually([&] { return place.happened().find("vanished") != std::string::npos; }));
  make_queue(place.shm.path(), "q", 8);
  CHECK(eventually([&] { return place.happened().find("recreated") != std::string::npos; }));
  CHECK(place.status()["queues"][0]["state"] == "ready");

  const auto before = place.status()["rounds"].get<std::uint64_t>();
  for (int k = 0; k < 500; ++k) {  // a flood of changes is a few rounds
    std::ofstream(place.shm.file("q@other")) << "x";
    std::filesystem::remove(place.shm.file("q@other"));
  }
  CHECK(eventually([&] { return place.status()["rounds"].get<std::uint64_t>() > before; }));
  CHECK(place.status()["rounds"].get<std::uint64_t>() < before + 100);
}
