// The declared only producer: who else is refused, what its death leaves, what it writes.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "child_process.hpp"
#include "slickq/consumer.hpp"
#include "slickq/error.hpp"
#include "slickq/producer.hpp"
#include "slickq/repair.hpp"
#include "slickq/scan.hpp"
#include "support/shm_dir.hpp"

using slickq::Consumer;
using slickq::Errc;
using slickq::Geometry;
using slickq::Layout;
using slickq::Pop;
using slickq::Producer;
using slickq::ProducerMode;
using slickq::ProducerOptions;
using slickq::Push;
using slickq::Queue;
using test_support::Child;
using test_support::ChildSide;
using test_support::ShmDir;

namespace {

constexpr std::array kLayouts{Layout::wide, Layout::packed, Layout::slq0, Layout::slq1, Layout::slq2, Layout::slq3};

Geometry geometry_of(Layout layout, std::uint64_t slots) {
  const std::uint32_t step = slickq::has_shared_slots(layout) ? 2 : 1;
  return Geometry::make(layout, slots * step, 8, step);
}

Queue queue_in(const ShmDir& dir, Layout layout = Layout::slq1) {
  slickq::CreateOptions options;
  options.shm_dir = dir.path();
  return Queue::create("q", geometry_of(layout, 8), options);
}

ProducerOptions alone() {
  ProducerOptions options;
  options.mode = ProducerMode::single;
  return options;
}

std::optional<Errc> refusal(Queue& queue, ProducerOptions options) {
  try {
    const Producer producer(queue, std::move(options));
    return std::nullopt;
  } catch (const slickq::Error& error) {
    return error.code();
  }
}

// From here on nothing can be opened: in a child, which has its limits for itself.
void open_no_more_files() {
  const int next = dup(STDIN_FILENO);
  close(next);
  rlimit limit{};
  if (next < 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0) throw std::runtime_error("no descriptor to begin with");
  limit.rlim_cur = static_cast<rlim_t>(next);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || dup(STDIN_FILENO) >= 0) throw std::runtime_error("still one more");
}

Push push(Producer& producer, std::uint64_t value) { return producer.push(std::as_bytes(std::span(&value, 1))); }

}  // namespace

TEST_CASE("beside the declared only producer every other one is refused, and it beside every other") {
  const ShmDir dir;
  Queue here = queue_in(dir);
  Queue there = Queue::open("q", dir.path());
  for (Queue* const other : {&here, &there}) {  // through the same open file, and through another
    {
      const Producer producer(here, alone());
      CHECK(refusal(*other, {}) == Errc::busy);
      CHECK(refusal(*other, alone()) == Errc::busy);
    }
    {
      const Producer first(here);
      const auto second = std::make_unique<Producer>(there);
      CHECK(refusal(*other, alone()) == Errc::busy);
      CHECK(refusal(*other, {}) == std::nullopt);
    }
    CHECK(refusal(*other, alone()) == std::nullopt);
  }
}

TEST_CASE("one of several producers that ends does not open the door for one that wants to be alone") {
  const ShmDir dir;
  Queue here = queue_in(dir);
  Queue there = Queue::open("q", dir.path());
  const Producer stays(here);
  { const Producer goes(here); }
  CHECK(refusal(there, alone()) == Errc::busy);
}

TEST_CASE("one that cannot open the segment once more shares unseen by nobody, until it and its like have ended") {
  const ShmDir dir;
  Queue queue = queue_in(dir);
  Child child([&](ChildSide& side) {
    Queue mine = Queue::open("q", dir.path());
    open_no_more_files();
    {
      const Producer stays(mine);
      { const Producer goes(mine); }
      if (refusal(mine, alone()) != Errc::busy) return 1;
      side.report_and_wait();
    }
    side.report_and_wait();  // the queue is still open
    return 0;
  });
  REQUIRE(child.reported());
  CHECK(refusal(queue, alone()) == Errc::busy);
  CHECK(refusal(queue, {}) == std::nullopt);
  child.go_on();
  REQUIRE(child.reported());
  CHECK(refusal(queue, alone()) == std::nullopt);
  child.go_on();
  CHECK(child.join() == 0);
}

TEST_CASE("one that cannot open the segment once more is alone if declared so, and finds who is") {
  const ShmDir dir;
  Queue queue = queue_in(dir);
  Child child([&](ChildSide& side) {
    Queue mine = Queue::open("q", dir.path());
    open_no_more_files();
    side.report_and_wait();
    if (refusal(mine, {}) != Errc::busy || refusal(mine, alone()) != Errc::busy) return 1;
    side.report_and_wait();
    {
      const Producer only(mine, alone());
      if (refusal(mine, {}) != Errc::busy || refusal(mine, alone()) != Errc::busy) return 2;
      side.report_and_wait();
    }
    if (refusal(mine, {}) != std::nullopt || refusal(mine, alone()) != std::nullopt) return 3;
    side.report_and_wait();
    return 0;
  });
  REQUIRE(child.reported());
  {
    const Producer only(queue, alone());
    child.go_on();
    REQUIRE(child.reported());
  }
  child.go_on();
  REQUIRE(child.reported());
  CHECK(refusal(queue, {}) == Errc::busy);
  CHECK(refusal(queue, alone()) == Errc::busy);
  child.go_on();
  REQUIRE(child.reported());
  CHECK(refusal(queue, alone()) == std::nullopt);
  child.go_on();
  CHECK(child.join() == 0);
}

TEST_CASE("on a local queue, too") {
  Queue queue = Queue::local(geometry_of(Layout::slq1, 8));
  const Producer producer(queue, alone());
  CHECK(refusal(queue, {}) == Errc::busy);
}

TEST_CASE("a death frees the place at once") {
  const ShmDir dir;
  Queue queue = queue_in(dir);
  Child child([&](ChildSide& side) {
    Queue mine = Queue::open("q", dir.path());
    const Producer producer(mine, alone());
    side.report_and_wait();
    return 0;
  });
  REQUIRE(child.reported());
  CHECK(refusal(queue, {}) == Errc::busy);
  REQUIRE(kill(child.pid(), SIGKILL) == 0);
  child.join();
  CHECK(refusal(queue, {}) == std::nullopt);
}

TEST_CASE("what it writes is what any reader reads: items, blocks over the end, batches, abandoned ones, fewer") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    Queue queue = Queue::local(geometry_of(layout, 16));
    const std::uint64_t step = queue.geometry().items_per_slot();
    Producer producer(queue, alone());
    Consumer consumer(queue);
    std::array<std::uint64_t, 64> out{};
    std::uint64_t value = 1;
    for (int round = 0; round < 40; ++round) {
      std::vector<std::uint64_t> block(3 * step);
      for (auto& word : block) word = value++;
      REQUIRE(producer.push_block(std::as_bytes(std::span(block))) == Push::pushed);
      const auto result = consumer.pop_into(std::as_writable_bytes(std::span(out)));
      REQUIRE(result.what == Pop::item);
      REQUIRE(result.count == block.size());
      REQUIRE(std::memcmp(out.data(), block.data(), block.size() * 8) == 0);

      { auto given_up = producer.reserve(2); }
      auto fewer = producer.reserve(static_cast<std::uint32_t>(2 * step));
      std::memcpy(fewer.data().data(), &value, 8);
      REQUIRE(fewer.publish(1) == Push::pushed);
      REQUIRE(consumer.pop_into(std::as_writable_bytes(std::span(out))).what == Pop::item);
      REQUIRE(out[0] == value++);

      const std::array<std::uint64_t, 4> batch{value, value + 1, value + 2, value + 3};
      REQUIRE(producer.push_batch(std::as_bytes(std::span(batch))) == Push::pushed);
      for (int k = 0; k < 4; ++k) {
        REQUIRE(consumer.pop_into(std::as_writable_bytes(std::span(out))).what == Pop::item);
        REQUIRE(out[0] == value++);
      }
    }
    CHECK(consumer.lost_elements() == 0);
    CHECK(consumer.cursor() == queue.ring().reserved_index());
    if (slickq::has_last_published(layout)) CHECK(queue.ring().last_published() == producer.last_index());
  }
}

TEST_CASE("killed between reserve and publish it leaves a hole that is provably its own, wherever in the ring") {
  for (const Layout layout : kLayouts) {
    for (const std::uint64_t before : {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{29}}) {
      CAPTURE(slickq::to_string(layout));
      CAPTURE(before);
      const ShmDir dir;
      Queue queue = queue_in(dir, layout);
      Child child([&](ChildSide& side) {
        Queue mine = Queue::open("q", dir.path());
        Producer producer(mine, alone());
        for (std::uint64_t k = 0; k < before; ++k) (void)push(producer, k);
        const auto open = producer.reserve(1);
        side.report_and_wait();
        return 0;
      });
      REQUIRE(child.reported());
      slickq::Repairer repairer(queue);
      CHECK(repairer.plan().repairs.empty());  // it lives
      REQUIRE(kill(child.pid(), SIGKILL) == 0);
      child.join();
      const auto report = repairer.repair();
      CHECK(report.complete);
      CHECK(report.repaired == queue.geometry().items_per_slot());
      Consumer consumer(queue);
      Producer next(queue, alone());
      REQUIRE(push(next, 77) == Push::pushed);
      std::uint64_t value = 0;
      while (value != 77) REQUIRE(consumer.pop_into(std::as_writable_bytes(std::span(&value, 1))).what == Pop::item);
    }
  }
}

TEST_CASE("all that a block jumps over is marked: who begins in the middle of it finds no hole") {
  for (const Layout layout : kLayouts) {
    CAPTURE(slickq::to_string(layout));
    const ShmDir dir;
    Queue queue = queue_in(dir, layout);
    const std::uint64_t step = queue.geometry().items_per_slot();
    const auto view = slickq::View::open_segment("q", dir.path());
    Producer producer(queue, alone());
    for (std::uint64_t k = 0; k < 5; ++k) REQUIRE(push(producer, k) == Push::pushed);
    const std::vector<std::uint64_t> block(4 * step);
    REQUIRE(producer.push_block(std::as_bytes(std::span(block))) == Push::pushed);  // from slot 8 on: 5, 6, 7 are empty
    for (int k = 0; k < 4; ++k) {
      CHECK(slickq::scan(view).holes.empty());
      REQUIRE(push(producer, 1) == Push::pushed);  // the oldest slots are 4, 5, 6, 7 in turn
    }
    for (std::uint64_t slot = 5; slot < 8; ++slot) CHECK(queue.ring().look(slot * step).what != slickq::Look::nothing);
  }
}

TEST_CASE("a reset under it is noticed: it goes on at 0") {
  Queue queue = Queue::local(geometry_of(Layout::slq1, 8));
  Producer producer(queue, alone());
  for (std::uint64_t k = 0; k < 20; ++k) REQUIRE(push(producer, k) == Push::pushed);
  queue.reset();
  REQUIRE(push(producer, 5) == Push::pushed);
  CHECK(producer.last_index() == 0);
  CHECK(queue.ring().reserved_index() == 1);
}
