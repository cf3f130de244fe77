#include "routes.hpp"

#include <doctest/doctest.h>

#include "fixture.hpp"

using namespace slickqd;
using nlohmann::json;

namespace {

struct Site {
  Site() : world(R"([{"name":"a b","size":8,"elem":8}])") {
    world.start();
    world.round();
    backend = {.snapshot = [this] { return world.supervisor->snapshot(); },
               .events = [this]() -> const EventLog& { return world.supervisor->events(); },
               .healthy = [this] { return healthy; },
               .reload = [this] { return world.supervisor->reload(); },
               .may_change = [this](const Peer&) { return allowed; }};
  }
  Answer ask(std::string_view method, std::string_view target) const { return answer(method, target, Peer{}, backend); }

  daemon_test::World world;
  bool healthy = true;
  bool allowed = true;
  Backend backend;
};

}  // namespace

TEST_CASE("every path of the interface answers JSON") {
  const Site site;
  CHECK(json::parse(site.ask("GET", "/v1/status").body)["schema"] == "slickqd.status/1");
  CHECK(json::parse(site.ask("GET", "/v1/queues").body)["queues"].size() == 1);
  CHECK(json::parse(site.ask("GET", "/v1/queues/a%20b?x=1").body)["capacity"] == 8);
  CHECK(json::parse(site.ask("GET", "/v1/events").body)[0]["event"] == "created");
  CHECK(json::parse(site.ask("GET", "/healthz").body)["ok"] == true);
  CHECK(json::parse(site.ask("POST", "/v1/reload").body) == json{{"ok", true}});
}

TEST_CASE("status has the keys of the interface") {
  const Site site;
  const json status = json::parse(site.ask("GET", "/v1/status").body);
  for (const char* key : {"schema", "version", "pid", "started", "interval_ms", "rounds", "last_round", "config", "shm",
                          "queues", "orphans"}) {
    CAPTURE(key);
    CHECK(status.contains(key));
  }
  for (const char* key : {"name", "state", "layout", "capacity", "element_size", "items_per_slot", "reserved_index",
                          "published_index", "last_published_index", "unpublished", "gap", "holes", "reserved_per_s",
                          "published_per_s", "holders", "cursors"}) {
    CAPTURE(key);
    CHECK(status["queues"][0].contains(key));
  }
}

TEST_CASE("what is not there is 404, a wrong method 405, an unhealthy daemon 503") {
  Site site;
  CHECK(site.ask("GET", "/").status == 404);
  CHECK(site.ask("GET", "/v1/queues/").status == 404);
  CHECK(site.ask("GET", "/v1/queues/nope").status == 404);
  CHECK(site.ask("GET", "/v1/queues/%").status == 404);
  CHECK(site.ask("GET", "/v1/queues/%4").status == 404);
  CHECK(site.ask("GET", "").status == 404);
  CHECK(site.ask("GET", "/v1/reload").status == 405);
  CHECK(site.ask("GET", "/v1/reload").allow == "POST");
  CHECK(site.ask("DELETE", "/v1/status").status == 405);
  site.healthy = false;
  CHECK(site.ask("GET", "/healthz").status == 503);
}

TEST_CASE("a refused reload tells file, line, column and pointer") {
  const Site site;
  std::ofstream(site.world.config_file) << "{\n  \"quues\": [] }";
  const Answer refused = site.ask("POST", "/v1/reload");
  CHECK(refused.status == 422);
  const json body = json::parse(refused.body);
  CHECK(body["ok"] == false);
  CHECK(body["file"] == site.world.config_file);
  CHECK(body["line"] == 2);
  CHECK(body["column"] == 3);
  CHECK(body["pointer"] == "/quues");
  CHECK(body["error"].get<std::string>().find("did you mean \"queues\"?") != std::string::npos);
}

TEST_CASE("who may not change anything gets 403 and nothing happens") {
  Site site;
  site.allowed = false;
  CHECK(site.ask("POST", "/v1/reload").status == 403);
  CHECK(site.world.count("reload_ok") == 0);
  CHECK(site.ask("GET", "/v1/status").status == 200);
}

TEST_CASE("root, the daemon's user and members of the group may change state, nobody else") {
  const auto peer = [](uid_t uid, gid_t gid, std::vector<gid_t> more) { return Peer{uid, gid, std::move(more)}; };
  CHECK(may_change(peer(0, 0, {}), 100, {}));
  CHECK(may_change(peer(100, 1, {}), 100, {}));
  CHECK_FALSE(may_change(peer(101, 50, {50}), 100, {}));
  CHECK(may_change(peer(101, 50, {}), 100, gid_t{50}));
  CHECK(may_change(peer(101, 1, {7, 50}), 100, gid_t{50}));
  CHECK_FALSE(may_change(peer(101, 1, {7}), 100, gid_t{50}));
  CHECK_FALSE(may_change(Peer{}, 100, {}));
}
