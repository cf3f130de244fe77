// One connection: how long it may take.
#include "http_session.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "fixture.hpp"

using namespace slickqd;
using boost::asio::generic::stream_protocol;
using std::chrono::milliseconds;

namespace {

enum class Habit { reads, does_not_read };  // of the client

// A session and its client.
class Talk {
 public:
  Talk(milliseconds patience, Habit habit) : habit_(habit) {
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_) == 0);
    site.patience = patience;
  }
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;
  ~Talk() { close(ends_[0]); }

  /// What comes until the session ends.
  std::string ask(const std::string& request) {
    REQUIRE(write(ends_[0], request.data(), request.size()) == static_cast<ssize_t>(request.size()));
    std::make_shared<HttpSession>(stream_protocol::socket(io_, stream_protocol(AF_UNIX, 0), ends_[1]), Peer{}, site)
        ->run();
    std::string text;
    while (!io_.stopped()) {
      io_.run_for(milliseconds(1));
      if (habit_ == Habit::reads) text += received();
    }
    return text + received();
  }

  HttpSite site;

 private:
  std::string received() const {
    std::string text;
    char buffer[8192];
    ssize_t got = 0;
    while ((got = read(ends_[0], buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(got));
    return text;
  }

  Habit habit_;
  boost::asio::io_context io_{1};
  int ends_[2]{-1, -1};
};

// More than the kernel takes at once.
struct LongLog {
  LongLog() {
    for (std::size_t k = 0; k < EventLog::kCapacity; ++k) log.record({EventKind::created, std::string(1000, 'q'), {}});
  }
  daemon_test::FakeClock clock;
  EventLog log{clock, nullptr};
};

const std::string kEvents = "GET /v1/events HTTP/1.1\r\n\r\n";

}  // namespace

TEST_CASE("an answer that takes longer to make than a client may take is delivered all the same") {
  Talk talk(milliseconds(1000), Habit::reads);
  const LongLog events;
  talk.site.backend.events = [&]() -> const EventLog& {
    std::this_thread::sleep_for(milliseconds(1200));
    return events.log;
  };
  const std::string answer = talk.ask(kEvents);
  CHECK(answer.size() > EventLog::kCapacity * 1000);
  CHECK(answer.ends_with("]\n"));
}

TEST_CASE("who does not say what he wants, or does not take his answer, is let go after a time") {
  Talk silent(milliseconds(50), Habit::reads);
  CHECK(silent.ask("GET /v1/sta").empty());

  Talk slow(milliseconds(50), Habit::does_not_read);
  const LongLog events;
  slow.site.backend.events = [&]() -> const EventLog& { return events.log; };
  CHECK(slow.ask(kEvents).size() < EventLog::kCapacity * 1000);
}
