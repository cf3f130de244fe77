#include "routes.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "fixture.hpp"
#include "slickq/error.hpp"

using namespace slickqd;
using nlohmann::json;

namespace {

struct Site {
  Site() : world(R"([{"name":"a b","size":8,"elem":8}])") {
    world.start();
    world.round();
    backend = {.snapshot = [this] { return world.supervisor->snapshot(); },
               .events = [this]() -> const EventLog& { return world.supervisor->events(); },
               .history = [this](std::string_view name) { return world.supervisor->history_of(name); },
               .reload = [this] { return world.supervisor->reload(); },
               .plan = [this] { return world.supervisor->plan_reload(); },
               .repair = [this](std::string_view name,
                                const RepairWish& wish) { return world.supervisor->repair_as_asked(name, wish); },
               .collect_orphans = [this](bool dry_run) { return world.supervisor->collect_orphans(dry_run); },
               .may_change = [this](const Peer&) { return allowed; }};
  }
  Answer ask(std::string_view method, std::string_view target, std::string_view accept = {}) const {
    return answer({.method = method, .target = target, .accept = accept}, backend);
  }

  daemon_test::World world;
  bool allowed = true;
  Backend backend;
};

}  // namespace

TEST_CASE("every path of the interface answers JSON") {
  const Site site;
  CHECK(json::parse(site.ask("GET", "/v1/status").body)["schema"] == "slickqd.status/1");
  CHECK(json::parse(site.ask("GET", "/v1/queues").body)["queues"].size() == 1);
  CHECK(json::parse(site.ask("GET", "/v1/queues/a%20b?x=1").body)["capacity"] == 8);
  CHECK(json::parse(site.ask("GET", "/v1/history/a%20b").body)["published_per_s"].size() == 1);
  CHECK(json::parse(site.ask("GET", "/v1/events").body)[0]["event"] == "created");
  CHECK(json::parse(site.ask("GET", "/healthz").body)["ok"] == true);
  CHECK(json::parse(site.ask("POST", "/v1/reload").body) == json{{"ok", true}});
}

TEST_CASE("the page is HTML under a policy that names its own script and style and nothing else") {
  const Site site;
  const Answer page = site.ask("GET", "/");
  CHECK(page.status == 200);
  CHECK(page.content_type == "text/html; charset=utf-8");
  CHECK(page.body.starts_with("<!DOCTYPE html>"));
  CHECK(page.body.size() < 60 * 1024);
  CHECK(page.content_policy.starts_with("default-src 'none'; script-src 'sha256-"));
  CHECK(page.content_policy.find("unsafe") == std::string_view::npos);
  CHECK(page.body.find('@' + std::string("POLICY@")) == std::string::npos);
  CHECK(site.ask("GET", "/v1/status").content_policy.empty());
}

TEST_CASE("status has the keys of the interface") {
  const Site site;
  const json status = json::parse(site.ask("GET", "/v1/status").body);
  for (const char* key :
       {"schema", "version", "pid", "host", "started", "interval_ms", "rounds", "last_round", "config", "shm", "queues",
        "orphans", "orphans_seen", "orphans_complete", "orphans_detected", "orphans_removed"}) {
    CAPTURE(key);
    CHECK(status.contains(key));
  }
  for (const char* key : {"name",
                          "state",
                          "blind_s",
                          "layout",
                          "capacity",
                          "element_size",
                          "items_per_slot",
                          "reserved_index",
                          "published_index",
                          "last_published_index",
                          "unpublished",
                          "gap",
                          "holes",
                          "reserved_per_s",
                          "published_per_s",
                          "holders",
                          "cursors",
                          "laps",
                          "turnover_s",
                          "split_brain",
                          "resident_bytes"}) {
    CAPTURE(key);
    CHECK(status["queues"][0].contains(key));
  }
}

TEST_CASE("what is not there is 404, a wrong method 405, an unhealthy daemon 503") {
  Site site;
  CHECK(site.ask("GET", "/index.html").status == 404);
  CHECK(site.ask("GET", "/v1/queues/").status == 404);
  CHECK(site.ask("GET", "/v1/queues/nope").status == 404);
  CHECK(site.ask("GET", "/v1/history/nope").status == 404);
  CHECK(site.ask("GET", "/v1/queues/%").status == 404);
  CHECK(site.ask("GET", "/v1/queues/%4").status == 404);
  CHECK(site.ask("GET", "").status == 404);
  CHECK(site.ask("GET", "/v1/reload").status == 405);
  CHECK(site.ask("GET", "/v1/reload").allow == "POST");
  CHECK(site.ask("DELETE", "/v1/status").status == 405);
  std::filesystem::rename(site.world.shm.path(), site.world.shm.path() + ".away");
  site.world.round();
  std::filesystem::rename(site.world.shm.path() + ".away", site.world.shm.path());
  const Answer ill = site.ask("GET", "/healthz");
  CHECK(ill.status == 503);
  CHECK(json::parse(ill.body)["error"].get<std::string>().find(site.world.shm.path()) == 0);
  site.world.round();
  CHECK(site.ask("GET", "/healthz").status == 200);
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

TEST_CASE("a plan is answered as the reload would be, with its steps, to who may reload") {
  Site site;
  const Answer good = site.ask("GET", "/v1/plan");
  CHECK(good.status == 200);
  CHECK(json::parse(good.body)["ok"] == true);
  CHECK(json::parse(good.body)["steps"][0]["action"] == "keep");
  CHECK(json::parse(good.body)["steps"][0]["name"] == "a b");
  CHECK(site.ask("GET", "/v1/plan?dry_run=1").status == 400);
  CHECK(site.ask("POST", "/v1/plan").status == 405);
  std::ofstream(site.world.config_file) << "{\n  \"quues\": [] }";
  const Answer planned = site.ask("GET", "/v1/plan");
  const Answer refused = site.ask("POST", "/v1/reload");
  CHECK(planned.status == refused.status);
  json body = json::parse(planned.body);
  CHECK(body["steps"].empty());
  body.erase("steps");
  CHECK(body == json::parse(refused.body));
}

TEST_CASE("who may not change anything gets 403 and nothing happens") {
  Site site;
  site.allowed = false;
  for (const char* target : {"/v1/reload", "/v1/repair/a%20b", "/v1/gc", "/v1/gc?dry_run=1", "/v1/gc?nonsense"}) {
    CAPTURE(target);
    CHECK(site.ask("POST", target).status == 403);
  }
  CHECK(site.ask("GET", "/v1/plan").status == 403);  // changes nothing, but costs as much
  CHECK(site.world.count("reload_ok") == 0);
  CHECK(site.ask("GET", "/v1/status").status == 200);
}

TEST_CASE("who may not repair is told so by the word for it") {
  Site site;
  site.backend.may_change = [](const Peer&) { return false; };
  const Answer refused = site.ask("POST", "/v1/repair/a%20b");
  CHECK(refused.status == 403);
  CHECK(refused.body.find(" may not repair: ") != std::string::npos);
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

TEST_CASE("repair and removal of orphans are answered with the plan; what is misspelt is refused") {
  const Site site;
  const Answer planned = site.ask("POST", "/v1/repair/a%20b?dry_run=1");
  CHECK(planned.status == 200);
  CHECK(json::parse(planned.body)["dry_run"] == true);
  CHECK(json::parse(planned.body)["repairs"].empty());
  CHECK(json::parse(site.ask("POST", "/v1/repair/a%20b?force=1").body)["forced"] == true);
  CHECK(site.ask("POST", "/v1/repair/nope").status == 404);
  CHECK(json::parse(site.ask("POST", "/v1/gc?dry_run=1").body)["removed"].empty());
  for (const char* target :
       {"/v1/repair/a%20b?dryrun=1", "/v1/repair/a%20b?dry_run=yes", "/v1/gc?dry-run=1", "/v1/reload?dry_run=1"}) {
    CAPTURE(target);
    CHECK(site.ask("POST", target).status == 400);
  }
  CHECK(site.ask("GET", "/v1/repair/a%20b").status == 405);
  std::filesystem::remove(site.world.shm.file("a b"));
  CHECK(site.ask("POST", "/v1/repair/a%20b").status == 409);
}

TEST_CASE("events come as an array, or as a stream that begins with the newest ones asked for") {
  const Site site;
  site.ask("POST", "/v1/reload");  // created, reload_ok
  const Answer all = site.ask("GET", "/v1/events");
  CHECK_FALSE(all.stream);
  CHECK(json::parse(all.body).size() == 2);
  CHECK(json::parse(site.ask("GET", "/v1/events?n=1").body)[0]["event"] == "reload_ok");

  const Answer lines = site.ask("GET", "/v1/events?follow=1&n=9");
  CHECK(lines.stream == StreamFormat::json_lines);
  CHECK(lines.content_type == "application/x-ndjson");
  CHECK(json::parse(lines.body.substr(0, lines.body.find('\n')))["event"] == "created");
  CHECK(site.ask("GET", "/v1/events?follow=1").body.empty());

  const Answer browser = site.ask("GET", "/v1/events?n=1", "text/html, text/event-stream");
  CHECK(browser.stream == StreamFormat::server_sent);
  CHECK(browser.content_type == "text/event-stream");
  CHECK(browser.body.starts_with("data: {"));
  CHECK(browser.body.ends_with("}\n\n"));
  CHECK(site.ask("GET", "/v1/events?n=x").status == 400);
}

TEST_CASE("what came by a way without credentials may only GET, whatever the method and the path") {
  const Site site;
  for (const char* method : {"POST", "PUT", "HEAD", ""}) {
    CAPTURE(method);
    CHECK(answer({.method = method, .target = "/v1/reload", .read_only = true}, site.backend).status == 403);
  }
  CHECK(answer({.method = "GET", .target = "/v1/status", .read_only = true}, site.backend).status == 200);
  CHECK(answer({.method = "GET", .target = "/v1/plan", .read_only = true}, site.backend).status == 403);
  CHECK(site.world.count("reload_ok") == 0);
}

TEST_CASE("an error of the shm directory is an answer, and ends nothing") {
  Site site;
  site.backend.collect_orphans = [](bool) -> nlohmann::ordered_json {
    throw slickq::Error(slickq::Errc::not_found, "/dev/shm", "is away");
  };
  const Answer answer = site.ask("POST", "/v1/gc");
  CHECK(answer.status == 503);
  CHECK(json::parse(answer.body)["error"].get<std::string>().find("is away") != std::string::npos);
}
