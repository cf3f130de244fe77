#include "plan.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

using namespace slickqd;
using slickq::Entry;
using slickq::EntryKind;
using slickq::Geometry;
using slickq::Layout;

namespace {

Entry queue_entry(const std::string& name, const Geometry& geometry) {
  Entry entry;
  entry.name = name;
  entry.path = "/dev/shm/" + name;
  entry.kind = EntryKind::queue;
  entry.geometry = geometry;
  entry.file.mode = 0660;
  entry.file.inode = 7;
  entry.file.resident_bytes = 8192;
  return entry;
}

Entry other_entry(const std::string& name, EntryKind kind) {
  Entry entry;
  entry.name = name;
  entry.path = "/dev/shm/" + name;
  entry.kind = kind;
  entry.explanation = "something else";
  return entry;
}

Config config_with(const std::string& more, const std::string& rest = "") {
  return parse_config("f.json", R"({"queues":[{"name":"q","size":8,"elem":4)" + more + "}]" + rest + "}");
}

std::vector<StepKind> kinds(const Plan& plan) {
  std::vector<StepKind> kinds;
  for (const Step& step : plan.steps) kinds.push_back(step.kind);
  return kinds;
}

using Kinds = std::vector<StepKind>;
const Geometry kWanted = Geometry::make(Layout::slq1, 8, 4);
const Geometry kOther = Geometry::make(Layout::slq1, 16, 4);

}  // namespace

TEST_CASE("what is not there is created, what fits is adopted") {
  const Config config = config_with(R"(,"cursors":["c"])");
  CHECK(kinds(make_plan(config, {}, {})) == Kinds{StepKind::create, StepKind::create_cursor});
  const std::vector<Entry> there{queue_entry("q", kWanted), other_entry("q@c", EntryKind::cursor)};
  const Plan plan = make_plan(config, there, {});
  CHECK(kinds(plan) == Kinds{StepKind::adopt, StepKind::adopt_cursor});
  CHECK(plan.steps[0].inode == 7);
}

TEST_CASE("who made the name first is told, when it was not us and nobody else was wanted") {
  Entry entry = queue_entry("q", kWanted);
  entry.file.owner = geteuid();
  CHECK(make_plan(config_with(""), std::vector{entry}, {}).steps[0].text.find("owner") == std::string::npos);
  entry.file.owner = geteuid() + 1;
  entry.owner = "squatter";
  const Plan plan = make_plan(config_with(""), std::vector{entry}, {});
  CHECK(kinds(plan) == Kinds{StepKind::adopt});
  CHECK(plan.steps[0].text.find("owner squatter instead of " + slickq::user_name(geteuid())) != std::string::npos);
}

TEST_CASE("an adopted queue keeps its permissions and the difference is told") {
  Entry entry = queue_entry("q", kWanted);
  entry.file.mode = 0600;
  const Plan plan = make_plan(config_with(""), std::vector{entry}, {});
  CHECK(plan.steps[0].text.find("mode 0600 instead of 0660") != std::string::npos);
}

TEST_CASE("another geometry follows on_mismatch") {
  const std::vector<Entry> there{queue_entry("q", kOther)};
  const Plan failing = make_plan(config_with(""), there, {});
  CHECK(failing.steps.empty());
  REQUIRE(failing.problems.size() == 1);
  CHECK(failing.problems[0].pointer == "/queues/0");
  CHECK(failing.problems[0].text.find(kOther.describe()) != std::string::npos);
  CHECK(failing.problems[0].text.find(kWanted.describe()) != std::string::npos);
  CHECK(kinds(make_plan(config_with(R"(,"on_mismatch":"keep")"), there, {})) == Kinds{StepKind::keep});
  CHECK(kinds(make_plan(config_with(R"(,"on_mismatch":"recreate_if_idle")"), there, {})) == Kinds{StepKind::recreate});
}

TEST_CASE("what is no queue by its bytes is never recreated") {
  const Config config = config_with(R"(,"on_mismatch":"recreate_if_idle")");
  for (const EntryKind kind : {EntryKind::foreign, EntryKind::special, EntryKind::cursor, EntryKind::unreadable}) {
    CHECK(kinds(make_plan(config, std::vector{other_entry("q", kind)}, {})) == Kinds{StepKind::keep});
  }
  CHECK(kinds(make_plan(config, std::vector{other_entry("q", EntryKind::damaged)}, {})) == Kinds{StepKind::recreate});
}

TEST_CASE("a cursor's name that leads to something else is a problem or kept, never removed") {
  const std::vector<Entry> there{queue_entry("q", kWanted), other_entry("q@c", EntryKind::foreign)};
  const Plan failing = make_plan(config_with(R"(,"cursors":["c"])"), there, {});
  REQUIRE(failing.problems.size() == 1);
  CHECK(failing.problems[0].pointer == "/queues/0/cursors/0");
  const Config keeping = config_with(R"(,"cursors":["c"],"on_mismatch":"recreate_if_idle")");
  CHECK(kinds(make_plan(keeping, there, {})) == Kinds{StepKind::adopt, StepKind::keep_cursor});
}

TEST_CASE("what cannot be looked into for the moment is no mismatch, whatever the config says of one") {
  for (const std::string mismatch : {"fail", "keep", "recreate_if_idle"}) {
    for (const int error : {EWOULDBLOCK, EMFILE, ENFILE, ENOMEM}) {
      const Config config = config_with(R"(,"cursors":["c"],"on_mismatch":")" + mismatch + "\"");
      std::vector<Entry> there{other_entry("q", EntryKind::unreadable), other_entry("q@c", EntryKind::unreadable)};
      for (Entry& entry : there) entry.error = error;
      CHECK(kinds(make_plan(config, there, {})) == Kinds{StepKind::unseen, StepKind::unseen});
    }
  }
}

TEST_CASE("what may not be looked into is a problem, in a sentence") {
  Entry entry = other_entry("q", EntryKind::unreadable);
  entry.error = EACCES;
  entry.explanation = "cannot look into it: Permission denied";
  const Plan plan = make_plan(config_with(""), std::vector{entry}, {});
  REQUIRE(plan.problems.size() == 1);
  CHECK(plan.problems[0].text.find("q: cannot look into it: Permission denied; configured") != std::string::npos);
}

TEST_CASE("of what others have in the directory a plan looks at possible orphans and their queues only") {
  const Config config = config_with(R"(,"cursors":["c"])", R"(,"orphans":{"match":["*@job"]})");
  const std::vector<std::string> there{"a@job", "b", "job", "q"};
  CHECK(names_to_look_at(config, there) == std::vector<std::string>{"q", "q@c", "a@job", "a"});
}

TEST_CASE("orphans are queues and cursors that match, are not configured and not held") {
  const Config config = config_with("", R"(,"orphans":{"match":["job-*","q*"]})");
  Entry held = queue_entry("job-held", kOther);
  held.holders = slickq::Holders{true, slickq::Proof::flock, {}};
  const std::vector<Entry> there{queue_entry("q", kWanted),
                                 queue_entry("job-1", kOther),
                                 queue_entry("other", kOther),
                                 other_entry("job-2", EntryKind::foreign),
                                 other_entry("job-3@c", EntryKind::cursor),
                                 other_entry("job-4", EntryKind::cursor),
                                 other_entry("q@c", EntryKind::cursor),
                                 held};
  const Plan plan = make_plan(config, there, {});
  CHECK(kinds(plan) == Kinds{StepKind::adopt, StepKind::orphan, StepKind::orphan});
  CHECK(plan.steps[1].segment == "job-1");
  CHECK(plan.steps[2].segment == "job-3@c");
  const std::string text = describe(plan);
  CHECK(text.find("adopt     q ") != std::string::npos);
  CHECK(text.find("orphan    job-1") != std::string::npos);
}

TEST_CASE("a plan that does not fit into the directory is a problem before anything is done") {
  const Config config = parse_config("f", R"({"queues":[{"name":"a","size":1024,"elem":1024}]})");
  CHECK(make_plan(config, {}, std::uint64_t{1} << 21).problems.empty());
  const Plan plan = make_plan(config, {}, std::uint64_t{1} << 20);
  REQUIRE(plan.problems.size() == 1);
  CHECK(plan.problems[0].text.find("free are 1.0 MiB") != std::string::npos);
}

TEST_CASE("what is half-made is recreated when it says so itself, and kept when it could be anybody's") {
  const Config config = config_with(R"(,"on_mismatch":"recreate_if_idle")");
  Entry entry = other_entry("q", EntryKind::initialising);
  CHECK(kinds(make_plan(config, std::vector{entry}, {})) == Kinds{StepKind::keep});
  entry.init_state = slickq::InitState::initialising;
  CHECK(kinds(make_plan(config, std::vector{entry}, {})) == Kinds{StepKind::recreate});
}
