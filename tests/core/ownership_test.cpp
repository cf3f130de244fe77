// Who owns a journal line, and for how long: across fork(), resets, deaths and the end of all indexes.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <memory>
#include <utility>
#include <vector>

#include "child_process.hpp"
#include "slickq/consumer.hpp"
#include "slickq/producer.hpp"
#include "slickq/repair.hpp"
#include "support/shm_dir.hpp"

using slickq::Geometry;
using slickq::Layout;
using slickq::Owner;
using slickq::Producer;
using slickq::Push;
using slickq::Queue;
using test_support::Child;
using test_support::ChildSide;
using test_support::ShmDir;

namespace {

constexpr std::array<std::byte, 8> kElement{};

Geometry ring_of_16() { return Geometry::make(Layout::slq1, 16, kElement.size()); }

Queue queue_in(const ShmDir& dir, Layout layout = Layout::slq1) {
  slickq::CreateOptions options;
  options.shm_dir = dir.path();
  return Queue::create("q", Geometry::make(layout, 8, kElement.size()), options);
}

/// Reserves one element and waits; publishes when it may go on, and ends with 0 when that was in time.
Child holder_of_one(const ShmDir& dir) {
  Child child([&dir](ChildSide& side) {
    Queue queue = Queue::open("q", dir.path());
    Producer producer(queue);
    auto reservation = producer.reserve(1);
    side.report_and_wait();
    return reservation.publish() == Push::pushed ? 0 : 1;
  });
  REQUIRE(child.reported());
  return child;
}

}  // namespace

TEST_CASE("a forked child that destroys what it inherited takes neither line nor reservation from its parent") {
  ShmDir dir;
  Queue queue = queue_in(dir);
  auto producer = std::make_unique<Producer>(queue);
  auto reservation = std::make_unique<slickq::Reservation>(producer->reserve(1));
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    reservation.reset();
    producer.reset();
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  slickq::Repairer repairer(queue);
  const auto plan = repairer.plan({.doubts_below = slickq::kEveryDoubt});
  CHECK(plan.repairs.empty());
  REQUIRE(plan.doubts.size() == 1);
  CHECK(plan.doubts[0].owner == Owner::live);
  Producer other(queue);  // does not get the parent's line
  CHECK(other.is_registered());
  CHECK(other.push(kElement) == Push::pushed);
  CHECK(reservation->publish() == Push::pushed);
  CHECK(producer->push(kElement) == Push::pushed);
}

TEST_CASE("claims of before a reset are not held against the living who reserve the same indexes again") {
  ShmDir dir;
  Queue queue = queue_in(dir);
  holder_of_one(dir).kill_now();
  queue.reset();
  Child lives = holder_of_one(dir);  // index 0 again
  REQUIRE(kill(lives.pid(), SIGSTOP) == 0);
  slickq::Repairer repairer(queue);
  const auto plan = repairer.plan();
  CHECK(plan.repairs.empty());
  REQUIRE(plan.doubts.size() == 1);
  CHECK(plan.doubts[0].owner == Owner::live);
  REQUIRE(kill(lives.pid(), SIGCONT) == 0);
  lives.go_on();
  CHECK(lives.join() == 0);
}

TEST_CASE("of two claims on one index the living one counts") {
  const slickq::LineSight dead{{slickq::JournalState::held, 4, 6}, 0, true};
  const slickq::LineSight live{{slickq::JournalState::held, 4, 5}, 1, false};
  for (const bool dead_first : {true, false}) {
    const auto lines = dead_first ? std::vector{dead, live} : std::vector{live, dead};
    CHECK(slickq::owner_of(4, ring_of_16(), lines) == slickq::Missing{4, 5, Owner::live, 1});
    CHECK(slickq::owner_of(5, ring_of_16(), lines) == slickq::Missing{5, 6, Owner::dead, 0});
  }
}

TEST_CASE("the lines of the dead are used again: of those who were idle, and of those whose work is lapped") {
  ShmDir dir;
  Queue queue = queue_in(dir);
  for (std::uint32_t k = 0; k < slickq::kJournalLines + 6; ++k) {
    Child idle([&dir](ChildSide& side) {
      Queue own = Queue::open("q", dir.path());
      Producer producer(own);
      if (!producer.is_registered() || producer.push(kElement) != Push::pushed) return 1;
      side.report_and_wait();
      return 0;
    });
    REQUIRE(idle.reported());
    idle.kill_now();
  }
  for (std::uint32_t k = 0; k < slickq::kJournalLines + 6; ++k) {
    holder_of_one(dir).kill_now();
    Producer producer(queue);
    REQUIRE(producer.is_registered());
    for (int lap = 0; lap < 20; ++lap) REQUIRE(producer.push(kElement) == Push::pushed);
  }
}

TEST_CASE("lines of the dead are used again also where somebody went round them before anybody knew they were dead") {
  ShmDir dir;
  Queue queue = queue_in(dir);
  Producer bystander(queue);
  for (std::uint32_t k = 0; k < slickq::kJournalLines + 6; ++k) {
    Child dies = holder_of_one(dir);
    dies.kill_now();
    for (int lap = 0; lap < 20; ++lap) REQUIRE(bystander.push(kElement) == Push::pushed);
  }
  const Producer last(queue);
  CHECK(last.is_registered());
}

TEST_CASE("at the end of all indexes a refused push moves nothing, and what is there can be read") {
  for (const Layout layout : {Layout::wide, Layout::packed, Layout::slq0, Layout::slq1}) {
    CAPTURE(slickq::to_string(layout));
    ShmDir dir;
    Queue queue = queue_in(dir, layout);
    const std::uint64_t start = slickq::kMaxIndex - 4;
    auto* word = reinterpret_cast<std::uint64_t*>(queue.ring().base());
    *word = layout == Layout::wide ? start : slickq::pack_reserved(start, 1);
    Producer producer(queue);
    slickq::Consumer consumer(queue, {slickq::Start::At::index, start});
    const std::array<std::byte, 24> three{};
    for (int k = 0; k < 4; ++k) CHECK(producer.push(kElement) == Push::pushed);
    for (int k = 0; k < 12; ++k) {
      CHECK(producer.push(kElement) == Push::exhausted);
      CHECK(producer.push_block(three) == Push::exhausted);
      CHECK(producer.push_batch(three) == Push::exhausted);
    }
    CHECK(queue.ring().reserved_index() == slickq::kMaxIndex);
    std::array<std::byte, 8> element;
    for (int k = 0; k < 4; ++k) CHECK(consumer.pop_into(element).what == slickq::Pop::item);
    CHECK(consumer.lost_elements() == 0);
  }
}

namespace {

struct Runs {
  std::vector<slickq::Missing> repairs;
  std::vector<slickq::Missing> doubts;
};

// A line that died at `reserving` with this bound; C is 9.
Runs judged(const std::vector<std::uint64_t>& missing, const slickq::RepairRules& rules, std::uint64_t bound = 2) {
  const slickq::LineSight line{{slickq::JournalState::reserving, bound, 0}, 0, true};
  const auto plan = slickq::detail::judge(9, ring_of_16(), missing, {line}, rules, slickq::kNoIndex);
  return {plan.repairs, plan.doubts};
}

}  // namespace

TEST_CASE("what is inferred to be of the dead is theirs below a limit of age, and in doubt from there on") {
  using slickq::Missing;
  const std::vector<Missing> none;
  const auto dead = [](std::uint64_t from, std::uint64_t to, bool inferred = true) {
    return std::vector<Missing>{{from, to, Owner::dead, slickq::kNoLine, inferred}};
  };
  const auto doubt = [](std::uint64_t from, std::uint64_t to) {
    return std::vector<Missing>{{from, to, Owner::unknown, slickq::kNoLine, true}};
  };
  const std::vector<std::uint64_t> three{4, 5, 6};
  for (const std::uint64_t limit : {slickq::kEveryDoubt, std::uint64_t{7}}) {
    const Runs runs = judged(three, {.inferred_below = limit});
    CHECK(runs.repairs == dead(4, 7));
    CHECK(runs.doubts == none);
  }
  // What grew at the end of it meanwhile is young.
  const Runs grown = judged(three, {.inferred_below = 5});
  CHECK(grown.repairs == dead(4, 5));
  CHECK(grown.doubts == doubt(5, 7));
  for (const std::uint64_t limit : {0u, 4u}) {
    const Runs young = judged(three, {.inferred_below = limit});
    CHECK(young.repairs == none);
    CHECK(young.doubts == doubt(4, 7));
  }
  // Proof, and force, go by their own limits.
  const Runs proven = judged(three, {.dead_below = 6, .inferred_below = 0});
  CHECK(proven.repairs == dead(4, 6, false));
  CHECK(proven.doubts == doubt(6, 7));
  CHECK(judged(three, {.doubts_below = 6, .inferred_below = 0}).repairs == doubt(4, 6));
  // Before the bound it was never the dead one's.
  CHECK(judged({4}, {}, 5).doubts == std::vector<Missing>{{4, 5, Owner::unknown}});
}
