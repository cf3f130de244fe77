#include "notify.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>

#include "notify_socket.hpp"
#include "snapshot.hpp"
#include "support/shm_dir.hpp"

using daemon_test::NotifySocket;
using namespace slickqd;
using std::chrono::microseconds;

TEST_CASE("the messages are what systemd expects, over a path and over an abstract socket") {
  const test_support::ShmDir dir;
  for (const std::string& name : {dir.file("notify"), "@slickqd-test-" + std::to_string(getpid())}) {
    CAPTURE(name);
    const NotifySocket manager(name);
    const Notify notify(name, microseconds(30'000'000));
    CHECK(notify.ready("2 queues"));
    CHECK(manager.receive() == "READY=1\nSTATUS=2 queues");
    CHECK(notify.round_finished("one\ntwo"));
    CHECK(manager.receive() == "WATCHDOG=1\nSTATUS=one two");
    CHECK(notify.reloading(Monotonic(microseconds(1234))));
    CHECK(manager.receive() == "RELOADING=1\nMONOTONIC_USEC=1234");
    CHECK(notify.takes(microseconds(45'000'000)));
    CHECK(manager.receive() == "EXTEND_TIMEOUT_USEC=45000000");
    CHECK(notify.stopping());
    CHECK(manager.receive() == "STOPPING=1");
  }
}

TEST_CASE("more time is asked for queues that take longer to make than a watchdog waits") {
  CHECK(time_to_make(0) == microseconds(0));
  // 8 s at 2 us a page.
  CHECK(time_to_make(std::uint64_t{16} << 30) > std::chrono::seconds(30));
  CHECK(time_to_make(std::uint64_t{1} << 40) > std::chrono::minutes(10));
}

TEST_CASE("without a watchdog there is no sign of life, only the status") {
  const test_support::ShmDir dir;
  const NotifySocket manager(dir.file("notify"));
  const Notify notify(manager.name(), std::nullopt);
  CHECK(notify.round_finished("fine"));
  CHECK(manager.receive() == "STATUS=fine");
}

TEST_CASE("without a manager nothing is sent, and a manager that is gone is no disaster") {
  CHECK(Notify("", std::nullopt).ready("x"));
  CHECK(Notify("relative", std::nullopt).ready("x"));
  const test_support::ShmDir dir;
  CHECK_FALSE(Notify(dir.file("nobody"), std::nullopt).ready("x"));
}

TEST_CASE("the watchdog of another process is not ours") {
  setenv("WATCHDOG_USEC", "1000000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  CHECK_FALSE(Notify::from_environment().watchdog().has_value());
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  CHECK(Notify::from_environment().watchdog() == microseconds(1'000'000));
  setenv("WATCHDOG_USEC", "garbage", 1);
  CHECK_FALSE(Notify::from_environment().watchdog().has_value());
  unsetenv("WATCHDOG_USEC");
  unsetenv("WATCHDOG_PID");
}

TEST_CASE("the status line tells why the last reload failed, in one line") {
  Snapshot snapshot;
  const std::string good = status_line(snapshot);
  CHECK(good.find("reload") == std::string::npos);
  snapshot.last_reload_ok = false;
  snapshot.last_error = "slickqd.json:3:5: unknown key\nand more";
  CHECK(status_line(snapshot) == good + "; last reload failed: slickqd.json:3:5: unknown key");
}

TEST_CASE("a status is one line of UTF-8, whatever is in the configuration") {
  const test_support::ShmDir dir;
  const NotifySocket manager(dir.file("notify"));
  const Notify notify(manager.name(), std::nullopt);
  CHECK(notify.round_finished("last read: '\xff\"\n\x1b[31m\xc2\x9b\xc3\xa4'"));
  CHECK(manager.receive() == "STATUS=last read: '\xef\xbf\xbd\"  [31m \xc3\xa4'");
}

TEST_CASE("whatever the status says, and however long, the sign of life and READY arrive") {
  const test_support::ShmDir dir;
  const NotifySocket manager(dir.file("notify"));
  const Notify notify(manager.name(), microseconds(30'000'000));
  std::string text = "x";
  while (text.size() < 200'000) text += "\u20ac";  // three bytes each: no cut falls into the middle of one
  for (const bool ready : {false, true}) {
    CHECK((ready ? notify.ready(text) : notify.round_finished(text)));
    const std::string message = manager.receive();
    const std::string head = ready ? "READY=1\nSTATUS=x" : "WATCHDOG=1\nSTATUS=x";
    REQUIRE(message.starts_with(head));
    CHECK(message.size() < 600);
    CHECK(message.ends_with("\u20ac..."));
    CHECK((message.size() - head.size()) % 3 == 0);
  }
}
