// What a client sends to slickqd's socket, and what each route makes of it. The first byte says by which way the client
// came, and whether he may change anything.
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "clock.hpp"
#include "http_session.hpp"
#include "target.hpp"

namespace slickq::fuzz {
namespace {

using boost::asio::generic::stream_protocol;
using namespace slickqd;

struct StillClock : Clock {
  Monotonic monotonic() const override { return {}; }
  WallTime wall() const override { return {}; }
};

// Everything a request may ask for, without a daemon.
struct Site {
  Site() {
    log.record({EventKind::created, "q", {}});
    http.patience = std::chrono::milliseconds(200);
    Backend& backend = http.backend;
    backend.snapshot = [] { return std::make_shared<const Snapshot>(); };
    backend.events = [this]() -> const EventLog& { return log; };
    backend.history = [](std::string_view name) -> std::optional<nlohmann::ordered_json> {
      if (name != "q") return std::nullopt;
      return nlohmann::ordered_json::object();
    };
    backend.reload = [] { return ReloadResult{}; };
    backend.plan = [] { return PlannedReload{}; };
    backend.repair = [](std::string_view, const RepairWish&) { return nlohmann::ordered_json{{"ok", true}}; };
    backend.collect_orphans = [](bool) { return nlohmann::ordered_json{{"ok", true}}; };
    backend.may_change = [this](const Peer&) { return may_change; };
  }
  StillClock clock;
  EventLog log{clock, nullptr};
  HttpSite http;
  bool may_change = false;
};

std::string all_of(int fd) {
  std::string text;
  char buffer[8192];
  ssize_t got = 0;
  while ((got = read(fd, buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(got));
  return text;
}

}  // namespace

void run(std::span<const std::byte> input) {
  Parts parts(input);
  const std::uint8_t way = parts.byte();
  Site site;
  site.http.loopback_only = (way & 1) != 0;
  site.may_change = (way & 2) != 0;
  const std::string_view request = text_of(parts.rest()).substr(0, 64 * 1024);

  int ends[2];
  require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0, "there are sockets");
  static_cast<void>(write(ends[0], request.data(), request.size()));
  shutdown(ends[0], SHUT_WR);
  boost::asio::io_context io{1};
  std::make_shared<HttpSession>(stream_protocol::socket(io, stream_protocol(AF_UNIX, 0), ends[1]), Peer{}, site.http)
      ->run();
  io.run_for(std::chrono::milliseconds(500));
  const std::string said = all_of(ends[0]);
  require(said.empty() || said.starts_with("HTTP/1."), "an answer is one of HTTP");
  close(ends[0]);
}

}  // namespace slickq::fuzz
