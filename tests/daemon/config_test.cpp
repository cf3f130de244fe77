#include "config.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <optional>
#include <string>

#include "support/shm_dir.hpp"

using namespace slickqd;

namespace {

std::optional<ConfigError> error_of(const std::string& text) {
  try {
    parse_config("f.json", text);
    return std::nullopt;
  } catch (const ConfigError& error) {
    return error;
  }
}

// A good queue with `more` in it, one line, the queue begins in column 13.
std::string queue_with(const std::string& more) {
  return R"({"queues":[ {"name":"q","size":8,"elem":4)" + (more.empty() ? "" : "," + more) + "} ]}";
}

struct Mistake {
  const char* text;
  const char* pointer;
  const char* problem;  // a part of the message
};

}  // namespace

TEST_CASE("a full config is read to the last key") {
  const Config config = parse_config("f.json", R"({
    "shm_dir": "/dev/shm",   // a comment
    "queues": [ { "name": "/ticks", "size": 65536, "elem": 64, "layout": "slq0", "items_per_slot": 8, "mode": "0640",
                  "owner": "root", "group": "0", "prefault": true, "cursors": ["a", "b"], "on_mismatch": "keep",
                  "stall": {"after": "3s", "action": "repair"}, "lag": {"warn": "10%", "critical": "20%"},
                  "remove_on_exit": true } ],
    "monitor": {"interval": "250ms"},
    "orphans": {"match": ["job-*"], "grace": "1m", "action": "remove"},
    "control": {"socket": "/tmp/x/s", "mode": "0600", "group": "root"},
    "metrics": {"listen": "127.0.0.1:9464", "textfile": null}, /* another */
    "log": {"level": "debug", "format": "json"} })");
  REQUIRE(config.queues.size() == 1);
  const QueueConfig& queue = config.queues[0];
  CHECK(queue.name == "ticks");
  CHECK(queue.geometry == slickq::Geometry::make(slickq::Layout::slq2, 65536, 64, 8));
  CHECK(queue.mode == 0640);
  CHECK(queue.owner == uid_t{0});
  CHECK(queue.group == gid_t{0});
  CHECK(queue.prefault);
  CHECK(queue.cursors == std::vector<std::string>{"a", "b"});
  CHECK(queue.on_mismatch == OnMismatch::keep);
  CHECK(queue.stall.after.count() == 3000);
  CHECK(queue.lag.critical_percent == 20);
  CHECK(queue.remove_on_exit);
  CHECK(config.monitor.interval.count() == 250);
  CHECK(config.orphans.action == OrphanAction::remove);
  CHECK(config.control.group == gid_t{0});
  CHECK(config.log.format == LogFormat::json);
  CHECK(queue.stall.action == StallAction::repair);
  CHECK(config.metrics.listen == LoopbackAddress{"127.0.0.1", 9464});
}

TEST_CASE("what is left out has its default") {
  const Config config = parse_config("f.json", queue_with(""));
  CHECK(config.queues[0].geometry == slickq::Geometry::make(slickq::Layout::slq1, 8, 4));
  CHECK(config.queues[0].on_mismatch == OnMismatch::fail);
  CHECK(config.control.socket == "/run/slickq/slickqd.sock");
  CHECK(config.monitor.interval.count() == 1000);
  CHECK(parse_config("f.json", "{}").queues.empty());
}

TEST_CASE("a misspelt key is reported at its own place with the nearest known one") {
  const auto error = error_of("{\n  \"queues\": [\n    { \"name\": \"q\", \"size\": 8,\n      \"elme\": 4 }\n  ]\n}\n");
  REQUIRE(error);
  CHECK(error->line() == 4);
  CHECK(error->column() == 7);
  CHECK(error->pointer() == "/queues/0/elme");
  CHECK(std::string(error->what()) == "f.json:4:7: /queues/0/elme: unknown key \"elme\"; did you mean \"elem\"?");
}

TEST_CASE("a wrong value is reported at the value, behind comments and wide characters too") {
  const auto error = error_of(
      "{ // \"size\": 1\n/* \"queues\" */ \"queues\":[{\"name\":\"\xC3\xA4\xC3\xB6\",\"elem\":4,"
      "\"size\": 1000}]}");
  REQUIRE(error);
  CHECK(error->line() == 2);
  CHECK(error->column() == 56);  // the two umlauts are one character each
  CHECK(error->pointer() == "/queues/0/size");
  CHECK(error->problem().find("512 or 1024") != std::string::npos);
}

TEST_CASE("every mistake names the value and what is wrong with it") {
  const std::string second = R"(},{"name":"/q","size":8,"elem":4)";
  const std::string clash = R"("cursors":["a"]},{"name":"q@a","size":8,"elem":4)";
  const std::string long_socket = R"({"control":{"socket":"/)" + std::string(107, 'x') + R"("}})";
  const std::string deep = "{\"queues\":" + std::string(40, '[') + std::string(40, ']') + "}";
  const Mistake mistakes[] = {
      {R"({"queue":[]})", "/queue", "did you mean \"queues\"?"},
      {R"({"xyzzy":1})", "/xyzzy", "known here: "},
      {R"({"queues":{}})", "/queues", "{} is object, an array is wanted"},
      {R"({"queues":[7]})", "/queues/0", "7 is number, an object is wanted"},
      {R"({"queues":[{"size":8,"elem":4}]})", "/queues/0", "\"name\" is missing"},
      {R"({"queues":[{"name":"q","elem":4}]})", "/queues/0", "\"size\" is missing"},
      {R"({"queues":[{"name":"a/b","size":8,"elem":4}]})", "/queues/0/name", "a/b"},
      {R"({"queues":[{"name":"..","size":8,"elem":4}]})", "/queues/0/name", ".."},
      {R"({"queues":[{"name":"q","size":0,"elem":4}]})", "/queues/0/size", "0 is not a whole number"},
      {R"({"queues":[{"name":"q","size":-8,"elem":4}]})", "/queues/0/size", "-8 is not a whole number"},
      {R"({"queues":[{"name":"q","size":8.0,"elem":4}]})", "/queues/0/size", "8.0 is not a whole number"},
      {R"({"queues":[{"name":"q","size":"8","elem":4}]})", "/queues/0/size", "\"8\" is string"},
      {R"({"queues":[{"name":"q","size":8589934592,"elem":4}]})", "/queues/0/size", "2147483648"},
      {R"({"queues":[{"name":"q","size":8,"elem":4294967296}]})", "/queues/0/elem", "4294967295"},
      {R"({"queues":[{"name":"q","size":8,"elem":4,"layout":"slq3"}]})", "/queues/0/layout", "or write \"slq1\""},
      {R"({"queues":[{"name":"q","size":8,"elem":4,"layout":"slq2","items_per_slot":1}]})", "/queues/0/layout",
       "or write \"slq0\""},
      {R"({"monitor":{"interval":"1"}})", "/monitor/interval", "no duration"},
      {R"({"monitor":{"interval":"1ms"}})", "/monitor/interval", "too short"},
      {R"({"orphans":{"match":["/dev/*"]}})", "/orphans/match/0", "has a '/'"},
      {R"({"orphans":{"action":"delete"}})", "/orphans/action", "none of report, remove"},
      {R"({"control":{"socket":"run/s"}})", "/control/socket", "no absolute path"},
      {long_socket.c_str(), "/control/socket", "at most 107 bytes"},
      {R"({"control":{"group":"no-such-group"}})", "/control/group", "there is no group \"no-such-group\""},
      {R"({"metrics":{"listen":"9464"}})", "/metrics/listen", "no port"},
      {R"({"metrics":{"listen":"0.0.0.0:9464"}})", "/metrics/listen", "no loopback address"},
      {R"({"metrics":{"listen":"127.0.0.1:0"}})", "/metrics/listen", "1 to 65535"},
      {R"({"log":{"level":"warning"}})", "/log/level", "did you mean \"warn\"?"},
      {R"({"shm_dir":""})", "/shm_dir", "empty"},
      {R"({"log":{},"log":{}})", "/log", "there twice"},
      {R"({"a~/b":1})", "/a~0~1b", "unknown key"},
      {R"([])", "", "an object is wanted"},
      {deep.c_str(), "/queues/0/0/0", "nested deeper"},
  };
  for (const Mistake& mistake : mistakes) {
    CAPTURE(mistake.text);
    const auto error = error_of(mistake.text);
    REQUIRE(error);
    CAPTURE(error->what());
    CHECK(error->pointer().starts_with(mistake.pointer));
    CHECK(error->problem().find(mistake.problem) != std::string::npos);
    CHECK(error->line() == 1);
    CHECK(error->column() >= 1);
  }
  const Mistake in_queue[] = {
      {R"("items_per_slot":3)", "/queues/0/items_per_slot", "power of two"},
      {R"("items_per_slot":16)", "/queues/0/items_per_slot", "more than the size"},
      {R"("items_per_slot":2,"layout":"wide")", "/queues/0/items_per_slot", "wide"},
      {R"("layout":"slq4")", "/queues/0/layout", "did you mean"},
      {R"("mode":"rw")", "/queues/0/mode", "octal"},
      {R"("mode":660)", "/queues/0/mode", "a string is wanted"},
      {R"("owner":"no-such-user")", "/queues/0/owner", "there is no user"},
      {R"("owner":"4294967295")", "/queues/0/owner", "4294967295 is no user's number"},
      {R"("group":"4294967295")", "/queues/0/group", "4294967295 is no group's number"},
      {R"("prefault":1)", "/queues/0/prefault", "true or false"},
      {R"("cursors":["a@b"])", "/queues/0/cursors/0", "@"},
      {R"("cursors":["a","a"])", "/queues/0/cursors/1", "already used by /queues/0/cursors/0"},
      {R"("on_mismatch":"recreate")", "/queues/0/on_mismatch", "did you mean \"recreate_if_idle\"?"},
      {R"("stall":{"after":"soon"})", "/queues/0/stall/after", "no duration"},
      {R"("lag":{"warn":"95%"})", "/queues/0/lag", "warn (95%) is above critical (90%)"},
      {R"("lag":{"warn":50})", "/queues/0/lag/warn", "a string is wanted"},
      {second.c_str(), "/queues/1/name", "already used by /queues/0"},
      {clash.c_str(), "/queues/1/name", "already used by /queues/0/cursors/0"},
  };
  for (const Mistake& mistake : in_queue) {
    // `second` closes the first queue itself: its text begins with the brace.
    const std::string text = mistake.text[0] == '}'
                                 ? R"({"queues":[{"name":"q","size":8,"elem":4)" + std::string(mistake.text) + "}]}"
                                 : queue_with(mistake.text);
    CAPTURE(text);
    const auto error = error_of(text);
    REQUIRE(error);
    CAPTURE(error->what());
    CHECK(error->pointer() == mistake.pointer);
    CHECK(error->problem().find(mistake.problem) != std::string::npos);
  }
}

TEST_CASE("a carriage return ends a comment, as it does for the parser") {
  CHECK_FALSE(error_of("// c\r{\"queues\":[]}"));
  const auto error = error_of("// c\r{\"queus\":[]}");
  REQUIRE(error);
  CHECK(error->column() == 7);
}

TEST_CASE("a zero byte is no end of the text, whatever follows it") {
  using namespace std::string_literals;
  for (const std::string& text : {"\0"s, "{\"queues\":[]}\n\0"s, "{\"queues\":[]}\n\0}]"s, "//\0 7\0\n{[:}"s}) {
    CAPTURE(text);
    const auto error = error_of(text);
    REQUIRE(error);
    CHECK(error->problem().starts_with("a zero byte"));
  }
  CHECK(error_of("{\"queues\":[]}\n\0}]"s)->line() == 2);
}

TEST_CASE("a syntax error is reported where it is") {
  const auto error = error_of("{\n  \"queues\": [\n    { \"name\" \"q\" }\n  ]\n}");
  REQUIRE(error);
  CHECK(error->line() == 3);
  CHECK(error->column() >= 14);
  CHECK(error->pointer().empty());
  CHECK(error->problem().starts_with("syntax error"));
}

TEST_CASE("each prefix of a config is refused, and no single broken byte crashes the reader") {
  const std::string good = queue_with("\"cursors\":[\"a\\\"b\"],\"lag\":{\"warn\":\"1%\"} /* c */ // d\n");
  CHECK_FALSE(error_of(good));
  for (std::size_t k = 0; k < good.size(); ++k) {
    CAPTURE(k);
    CHECK(error_of(good.substr(0, k)));
    for (const char byte : {'\0', '"', '{', '\\', '/', '\xFF'}) {
      std::string broken = good;
      broken[k] = byte;
      error_of(broken);
    }
  }
}

TEST_CASE("a pipe that nobody writes to is an empty configuration, and nothing to wait for") {
  const test_support::ShmDir dir;
  const std::string pipe = dir.file("config.json");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_AS(load_config(pipe), ConfigError);
}

TEST_CASE("a file that cannot be read is named with the reason") {
  try {
    load_config("/nonexistent/slickqd.json");
    FAIL("it was read");
  } catch (const ConfigError& error) {
    CHECK(std::string(error.what()) == "/nonexistent/slickqd.json: cannot open: No such file or directory");
  }
}
