// The real program, from start to end: signals, systemd, kill -9 under load.
#include <doctest/doctest.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "daemon_process.hpp"
#include "notify_socket.hpp"
#include "queues.hpp"
#include "slickq/consumer.hpp"
#include "small_file_system.hpp"

using daemon_test::Daemon;
using daemon_test::eventually;
using daemon_test::http;
using daemon_test::NotifySocket;
using daemon_test::Place;
using std::filesystem::exists;

namespace {

const std::string kTicks = R"([{"name":"ticks","size":1024,"elem":64,"mode":"0640","cursors":["strategy"]}])";

// Of the files that this process and those it starts write.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit lower{bytes, before_.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &lower) == 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

int run_to_end(const Place& place, std::vector<std::string> arguments) {
  Daemon daemon(arguments, place.log());
  return daemon.wait();
}

}  // namespace

TEST_CASE("start creates queues and cursors as configured, the next start adopts them, SIGTERM exits 0") {
  const Place place(kTicks);
  {
    Daemon daemon(place.arguments(), place.log());
    REQUIRE(place.wait_until_up());
    struct stat facts {};
    REQUIRE(stat(place.shm.file("ticks").c_str(), &facts) == 0);
    CHECK((facts.st_mode & 07777) == 0640);
    CHECK(std::filesystem::file_size(place.shm.file("ticks@strategy")) == 8);
    CHECK(slickq::Queue::open("ticks", place.shm.path()).geometry() ==
          slickq::Geometry::make(slickq::Layout::slq1, 1024, 64));
    CHECK(place.happened().find("\"created\"") != std::string::npos);
    daemon.signal(SIGTERM);
    CHECK(daemon.wait() == 0);
  }
  CHECK(exists(place.shm.file("ticks")));
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  CHECK(place.happened().find("\"adopted\"") != std::string::npos);
  CHECK(place.happened().find("\"created\"") == std::string::npos);
  daemon.signal(SIGINT);
  CHECK(daemon.wait() == 0);
}

TEST_CASE("a second instance exits 75 and names the first, which is not disturbed") {
  const Place place(kTicks);
  Daemon first(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  Daemon second(place.arguments(), place.run.file("second"));
  CHECK(second.wait() == 75);
  CHECK(second.log().find("slickqd runs already (pid " + std::to_string(first.pid()) + ")") != std::string::npos);
  CHECK(http(place.socket, "GET", "/healthz").status == 200);
}

TEST_CASE("a broken config exits 78 with file, line and column, and touches nothing") {
  const Place place(R"([{"name":"a","size":8,"elem":8},
     {"name":"b","size":100,"elem":8}])");
  for (const bool check_only : {false, true}) {
    auto arguments = place.arguments();
    if (check_only) arguments.push_back("--check-config");
    CHECK(run_to_end(place, arguments) == 78);
  }
  const std::string log = daemon_test::read_file(place.log());
  CHECK(log.find(place.config + ":6:25: /queues/1/size: size 100: not a power of two") != std::string::npos);
  CHECK(std::filesystem::is_empty(place.shm.path()));
  CHECK_FALSE(exists(place.socket));
}

TEST_CASE("exit codes tell the reason") {
  const Place place;
  CHECK(run_to_end(place, {"--confg"}) == 64);
  CHECK(run_to_end(place, {"--help"}) == 0);
  CHECK(run_to_end(place, {"--version"}) == 0);
  CHECK(run_to_end(place, {"--config", "/nonexistent.json"}) == 78);
  CHECK(run_to_end(place, {"--config", place.config, "--check-config"}) == 0);
  const Place blocked;
  std::ofstream(blocked.socket) << "a file where the socket should be";
  CHECK(run_to_end(blocked, blocked.arguments()) == 73);
  CHECK(exists(blocked.socket));
  const Place nowhere;
  std::ofstream(nowhere.config) << R"({"shm_dir":"/nonexistent","control":{"socket":")" << nowhere.socket << "\"}}";
  CHECK(run_to_end(nowhere, nowhere.arguments()) == 69);
}

TEST_CASE("exit codes tell whether it was the system or a right that is missing") {
  const Place place(R"([{"name":"q","size":8,"elem":8,"owner":"65533"}])");
  Daemon without_a_right(place.arguments(), place.log(), {}, [] {
    prctl(PR_CAPBSET_DROP, CAP_CHOWN);  // root may give files away, others never may
  });
  CHECK(without_a_right.wait() == 77);
  CHECK_FALSE(exists(place.shm.file("q")));
  CHECK_FALSE(exists(place.socket));
  const Place other;
#ifdef __SANITIZE_ADDRESS__
  return;  // the sanitizer's runtime needs descriptors itself, and ends with 1 when it gets none
#endif
  for (const rlim_t files : {5, 6, 8}) {  // the loop, its signals: they cannot be had
    CAPTURE(files);
    Daemon without_files(other.arguments(), other.log(), {}, [files] {
      setenv("ASAN_OPTIONS", "detect_leaks=0", 1);  // looking for leaks takes descriptors
      close_range(3, ~0U, 0);                       // what the test was started with would count, too
      const rlimit few{files, files};
      setrlimit(RLIMIT_NOFILE, &few);
    });
    CHECK(without_files.wait() == 71);
  }
  CHECK(daemon_test::read_file(other.log()).find("Too many open files") != std::string::npos);
}

TEST_CASE("--dry-run prints the plan and touches nothing") {
  const Place place(R"([{"name":"new","size":8,"elem":8,"cursors":["c"]}, {"name":"old","size":8,"elem":8},
                        {"name":"other","size":8,"elem":8,"on_mismatch":"keep"}])",
                    R"("orphans":{"match":["job-*"]})");
  daemon_test::make_queue(place.shm.path(), "old", 8);
  daemon_test::make_queue(place.shm.path(), "other", 32);
  daemon_test::make_queue(place.shm.path(), "job-1", 8);
  CHECK(run_to_end(place, {"--config", place.config, "--dry-run"}) == 0);
  const std::string plan = daemon_test::read_file(place.log());
  for (const char* line :
       {"create    new    ", "create    new@c  ", "adopt     old    ", "mismatch  other  ", "orphan    job-1  "}) {
    CAPTURE(plan);
    CHECK(plan.find(line) != std::string::npos);
  }
  CHECK_FALSE(exists(place.shm.file("new")));
  CHECK_FALSE(exists(place.socket));
}

TEST_CASE("SIGHUP with a broken config changes nothing and says why, with a good one it creates the new queue") {
  const Place place(kTicks);
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  place.configure(R"([{"name":"new","size":8,"elem":8,"mode":"rw"}])");
  daemon.signal(SIGHUP);
  REQUIRE(eventually([&] { return place.happened().find("reload_failed") != std::string::npos; }));
  CHECK(place.happened().find("/queues/0/mode") != std::string::npos);
  CHECK_FALSE(exists(place.shm.file("new")));
  CHECK(place.status()["queues"][0]["name"] == "ticks");
  CHECK(place.status()["config"]["last_reload_ok"] == false);

  place.configure(R"([{"name":"new","size":8,"elem":8}])");
  daemon.signal(SIGHUP);
  REQUIRE(eventually([&] { return place.happened().find("reload_ok") != std::string::npos; }));
  CHECK(exists(place.shm.file("new")));
  CHECK(eventually([&] { return place.status()["queues"][0]["name"] == "new"; }));
  CHECK(exists(place.shm.file("ticks")));  // no longer watched, still there

  place.configure("[]");
  CHECK(http(place.socket, "POST", "/v1/reload").json() == nlohmann::json{{"ok", true}});
  CHECK(place.status()["queues"].empty());
}

// What the messages are about, in their order; one for several in a row of a kind. A sign of life follows each round,
// so some come between all others.
TEST_CASE(
    "systemd hears READY, a status and a sign of life a round, RELOADING and READY, and STOPPING, in this order") {
  const Place place(kTicks);
  for (const std::string& name : {place.run.file("notify"), "@slickqd-service-test-" + std::to_string(getpid())}) {
    CAPTURE(name);
    const NotifySocket manager(name);
    Daemon daemon(place.arguments(), place.log(), {"NOTIFY_SOCKET=" + name, "WATCHDOG_USEC=30000000"});
    std::vector<std::string> heard;
    const auto hear = [&](const std::string& until) {
      for (std::string message = manager.receive(); !message.empty(); message = manager.receive()) {
        const std::string kind = message.substr(0, message.find('='));
        if (kind == "WATCHDOG") CHECK(message.starts_with("WATCHDOG=1\nSTATUS=1 queue, 1 ready; round "));
        if (kind == "READY") CHECK(message.starts_with("READY=1\nSTATUS=1 queue"));
        if (kind == "RELOADING") CHECK(message.starts_with("RELOADING=1\nMONOTONIC_USEC="));
        if (heard.empty() || heard.back() != kind) heard.push_back(kind);
        if (kind == until) return true;
      }
      return false;
    };
    REQUIRE(hear("READY"));
    CHECK(exists(place.shm.file("ticks")));
    REQUIRE(hear("WATCHDOG"));
    daemon.signal(SIGHUP);
    REQUIRE(hear("READY"));
    REQUIRE(hear("WATCHDOG"));
    daemon.signal(SIGTERM);
    REQUIRE(hear("STOPPING"));
    CHECK(heard == std::vector<std::string>{"WATCHDOG", "READY", "WATCHDOG", "RELOADING", "WATCHDOG", "READY",
                                            "WATCHDOG", "STOPPING"});
    CHECK(daemon.wait() == 0);
  }
}

TEST_CASE("the status tells of a failed reload until one succeeds") {
  const Place place(kTicks);
  const NotifySocket manager(place.run.file("notify"));
  Daemon daemon(place.arguments(), place.log(), {"NOTIFY_SOCKET=" + manager.name()});
  REQUIRE(manager.wait_for("READY=1"));
  place.configure(R"([{"name":"ticks","size":1024,"elme":64}])");
  daemon.signal(SIGHUP);
  REQUIRE(manager.wait_for("READY=1"));
  for (int rounds = 0; rounds < 3; ++rounds) {
    const std::string message = manager.receive();
    CHECK(message.starts_with("STATUS=1 queue, 1 ready; round "));
    CHECK(message.find("; last reload failed: " + place.config + ":5:") != std::string::npos);
  }
  place.configure(kTicks);
  daemon.signal(SIGHUP);
  REQUIRE(manager.wait_for("READY=1"));
  CHECK(manager.receive().find("reload") == std::string::npos);
}

TEST_CASE("a watchdog that wants rounds more often than the config says gets them, and the status says how often") {
  const Place place;
  std::ofstream(place.config) << "{\"shm_dir\":\"" << place.shm.path() << "\",\"control\":{\"socket\":\""
                              << place.socket << "\"},\"monitor\":{\"interval\":\"1h\"}}";
  const NotifySocket manager(place.run.file("notify"));
  Daemon daemon(place.arguments(), place.log(), {"NOTIFY_SOCKET=" + manager.name(), "WATCHDOG_USEC=100000"});
  REQUIRE(place.wait_until_up());
  CHECK(place.status()["interval_ms"] == 50);
  CHECK(eventually([&] { return place.status()["rounds"] > 3; }));
}

TEST_CASE("a reload with a hundred problems does not keep the signs of life from systemd") {
  const Place place(kTicks);
  std::string queues = "[";
  for (int k = 0; k < 100; ++k) {
    const std::string name = "a-queue-of-another-geometry-than-the-config-says-" + std::to_string(k);
    daemon_test::make_queue(place.shm.path(), name, 16);
    queues.append(k == 0 ? "" : ",").append(R"({"name":")").append(name).append(R"(","size":8,"elem":8})");
  }
  const NotifySocket manager(place.run.file("notify"));
  Daemon daemon(place.arguments(), place.log(), {"NOTIFY_SOCKET=" + manager.name(), "WATCHDOG_USEC=30000000"});
  REQUIRE(manager.wait_for("READY=1"));
  place.configure(queues + "]");
  daemon.signal(SIGHUP);
  REQUIRE(manager.wait_for("READY=1"));
  for (int rounds = 0; rounds < 3; ++rounds) {
    const std::string message = manager.receive();
    CHECK(message.starts_with("WATCHDOG=1\nSTATUS="));
    CHECK(message.find("; last reload failed: ") != std::string::npos);
  }
  // The metrics say it of a daemon that runs, too.
  const auto metrics = http(place.socket, "GET", "/metrics").body;
  CHECK(metrics.find("\nslickqd_config_last_reload_successful 0\n") != std::string::npos);
  place.configure(kTicks);
  CHECK(http(place.socket, "POST", "/v1/reload").status == 200);
  CHECK(http(place.socket, "GET", "/metrics").body.find("\nslickqd_config_last_reload_successful 1\n") !=
        std::string::npos);
}

TEST_CASE("systemd is asked for more time before large queues are made, at the start and at a reload") {
  const std::string large = R"([{"name":"large","size":16777216,"elem":64}])";  // 1.3 GiB
  const Place place(large);
  if (std::filesystem::space(place.shm.path()).available < std::uintmax_t{2} << 30) {
    MESSAGE("skipped: less than 2 GiB free in " << place.shm.path());
    return;
  }
  // What is asked for before is all that is wanted: the making itself fails, at no cost.
  const FileSizeLimit limit(rlim_t{1} << 30);
  const NotifySocket manager(place.run.file("notify"));
  const std::vector<std::string> environment{"NOTIFY_SOCKET=" + manager.name()};
  Daemon refused(place.arguments(), place.log(), environment);
  CHECK(manager.receive().starts_with("EXTEND_TIMEOUT_USEC="));
  CHECK(refused.wait() == 73);

  place.configure(kTicks);
  Daemon daemon(place.arguments(), place.log(), environment);
  const auto heard_until_ready = [&] {
    std::string heard;
    for (std::string message = manager.receive(); !message.empty(); message = manager.receive()) {
      const std::string kind = message.substr(0, message.find('='));
      if (kind != "STATUS") heard += kind + " ";
      if (kind == "READY") break;
    }
    return heard;
  };
  CHECK(heard_until_ready() == "READY ");  // a small queue takes no time
  place.configure(large);
  daemon.signal(SIGHUP);
  CHECK(heard_until_ready() == "RELOADING EXTEND_TIMEOUT_USEC READY ");
  CHECK(place.happened().find("RLIMIT_FSIZE") != std::string::npos);
}

TEST_CASE("SIGTERM ends a daemon whose rounds take longer than their interval") {
  const Place place("[]", R"("orphans":{"match":["job-*"]})");
  for (int k = 0; k < 1000; ++k) {  // as many as a round has time for, and more
    slickq::NamedCursor::create("job-" + std::to_string(k) + "@c", 0, daemon_test::in(place.shm.path()));
  }
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  daemon.signal(SIGTERM);
  const auto ended = [&] {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(daemon.pid()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
  };
  REQUIRE(eventually(ended));
  CHECK(daemon.wait() == 0);
}

TEST_CASE("--foreground logs text for a person, also after a reload") {
  const Place place(kTicks);
  auto arguments = place.arguments();
  arguments.push_back("--foreground");
  Daemon daemon(arguments, place.log());
  REQUIRE(place.wait_until_up());
  CHECK(http(place.socket, "POST", "/v1/reload").status == 200);
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
  CHECK(daemon.log().find(" info  created ticks geometry=") != std::string::npos);
  CHECK(daemon.log().find('{') == std::string::npos);
}

TEST_CASE("the log is JSON lines when it is no terminal") {
  const Place place(kTicks);
  Daemon daemon(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());
  daemon.signal(SIGTERM);
  CHECK(daemon.wait() == 0);
  std::istringstream lines(daemon.log());
  int events = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto object = nlohmann::json::parse(line);
    CHECK(object.contains("time"));
    events += object.contains("event") ? 1 : 0;
  }
  CHECK(events == 2);
}

// Producer and consumer run through several lives of the daemon, each ended by SIGKILL at another moment.
TEST_CASE("kill -9 under load: producer and consumer lose nothing, the restarted daemon adopts") {
  constexpr std::uint64_t kItems = 200'000;
  constexpr std::uint64_t kAhead = 512;  // of 1024: the producer waits for the consumer, so that any loss is a fault
  const Place place(kTicks);
  auto daemon = std::make_unique<Daemon>(place.arguments(), place.log());
  REQUIRE(place.wait_until_up());

  test_support::Child producer([&](test_support::ChildSide& side) {
    auto queue = slickq::Queue::open("ticks", place.shm.path());
    const auto done = slickq::NamedCursor::open("ticks@strategy", place.shm.path());
    slickq::Producer out(queue);
    side.report();
    for (std::uint64_t k = 0; k < kItems; ++k) {
      while (k - done.cursor().load() >= kAhead) std::this_thread::yield();
      std::array<std::byte, 64> element{};
      std::memcpy(element.data(), &k, sizeof k);
      if (out.push(element) != slickq::Push::pushed) return 1;
      if (queue.is_detached()) return 2;
    }
    return 0;
  });
  test_support::Child consumer([&](test_support::ChildSide& side) {
    const auto queue = slickq::Queue::open("ticks", place.shm.path());
    auto done = slickq::NamedCursor::open("ticks@strategy", place.shm.path());
    slickq::Consumer in(queue);
    side.report();
    std::array<std::byte, 64> element{};
    for (std::uint64_t expected = 0; expected < kItems;) {
      const auto got = in.pop_into(element);
      if (got.lost != 0) return 1;
      if (got.what != slickq::Pop::item) {
        std::this_thread::yield();
        continue;
      }
      std::uint64_t value = 0;
      std::memcpy(&value, element.data(), sizeof value);
      if (value != expected++) return 2;
      done.cursor().store(in.cursor());
    }
    return 0;
  });
  REQUIRE(producer.reported());
  REQUIRE(consumer.reported());
  for (int life = 0; life < 8; ++life) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5 * life));
    daemon->signal(SIGKILL);
    CHECK(daemon->wait() == 128 + SIGKILL);
    daemon = std::make_unique<Daemon>(place.arguments(), place.log());
    REQUIRE(place.wait_until_up());
    CHECK(place.happened().find("\"adopted\"") != std::string::npos);
    CHECK(place.happened().find("\"created\"") == std::string::npos);
  }
  CHECK(producer.join() == 0);
  CHECK(consumer.join() == 0);
  CHECK(eventually([&] { return place.status()["queues"][0]["published_index"] == kItems; }));
  CHECK(place.status()["queues"][0]["state"] == "ready");
}

TEST_CASE("a name service that cannot be asked is no mistake in the config: slickqd ends with 71, and is tried again") {
  if (!daemon_test::SmallFileSystem::may_be_made()) return;
  const Place place(R"([{"name":"q","size":8,"elem":8,"owner":"no-such-name"}])");
  const std::string services = place.run.file("nsswitch.conf");
  std::ofstream(services) << "passwd: files\n";
  Daemon daemon(place.arguments(), place.log(), {}, [&] {
    unshare(CLONE_NEWNS);
    mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    mount(services.c_str(), "/etc/nsswitch.conf", nullptr, MS_BIND, nullptr);
    mount("/proc/self/mem", "/etc/passwd", nullptr, MS_BIND, nullptr);  // reading it fails
  });
  CHECK(daemon.wait() == 71);
  CHECK(daemon.log().find("no-such-name: the name service could not be asked for this user: Input/output error") !=
        std::string::npos);
}
