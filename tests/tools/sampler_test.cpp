#include "sampler.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "slickq/cursor.hpp"
#include "slickq/holders.hpp"
#include "slickq/producer.hpp"
#include "slickq/queue.hpp"
#include "support/shm_dir.hpp"

using namespace slickq;
using namespace slickq::cli;
using namespace std::chrono_literals;

namespace {

struct SamplerFixture {
  test_support::ShmDir dir;
  SampleTime now{};

  CreateOptions in_dir() const {
    CreateOptions create;
    create.shm_dir = dir.path();
    return create;
  }
  Queue make(const std::string& name, std::uint32_t capacity = 8) const {
    return Queue::create(name, Geometry::make(Layout::slq1, capacity, 8), in_dir());
  }
  NamedCursor make_cursor(const std::string& segment, std::uint64_t at) const {
    return NamedCursor::create(segment, at, in_dir());
  }
  static void push(Queue& queue, std::uint32_t elements) {
    const std::vector<std::byte> bytes(8);
    Producer producer(queue);
    for (std::uint32_t k = 0; k < elements; ++k) producer.push_block(bytes);
  }
  Sampler watching(std::vector<std::string> names = {}) const { return Sampler({dir.path(), std::move(names)}); }
  // A second later.
  std::vector<QueueSample> next(Sampler& sampler) {
    now += 1s;
    return sampler.round(now);
  }
  std::string states(Sampler& sampler) {
    std::string text;
    for (const QueueSample& sample : next(sampler)) text += sample.name + "=" + state_of_sample(sample) + ";";
    return text;
  }
};

}  // namespace

TEST_CASE_FIXTURE(SamplerFixture, "the rate is what was published since the round before, unknown in the first") {
  Queue queue = make("q", 1024);
  push(queue, 5);
  Sampler sampler = watching();
  const auto first = next(sampler);
  REQUIRE(first.size() == 1);
  CHECK(!first[0].published_per_s);
  CHECK(first[0].scan.reserved == 5);
  CHECK(first[0].scan.published == 5);
  push(queue, 100);
  now += 1s;  // two seconds in all
  const auto second = next(sampler);
  CHECK(second[0].published_per_s == 50.0);
  CHECK(next(sampler)[0].published_per_s == 0.0);
}

TEST_CASE_FIXTURE(SamplerFixture, "a ring that is lapped between two rounds has the right rate, too") {
  Queue queue = make("q", 8);
  Sampler sampler = watching();
  next(sampler);
  for (const std::uint32_t elements : {1000U, 13U, 3U, 8U, 16U}) {
    push(queue, elements);
    CHECK(next(sampler)[0].published_per_s == double(elements));
  }
}

TEST_CASE_FIXTURE(SamplerFixture, "between two rounds nobody holds the queue") {
  make("q");
  make_cursor("q@c", 0);
  Sampler sampler = watching();
  next(sampler);
  CHECK(next(sampler).size() == 1);
  const Holders queue = find_holders(dir.file("q"));
  CHECK(!queue.held);
  CHECK(!queue.by_caller);
  CHECK(!find_holders(dir.file("q@c")).by_caller);
}

TEST_CASE_FIXTURE(SamplerFixture, "a hole is in the state when it stays: reservations come and go") {
  Queue queue = make("q");
  Sampler sampler = watching();
  next(sampler);
  const auto reservation = queue.ring().reserve(2);
  auto sample = next(sampler)[0];
  CHECK(sample.gap() == 2);
  CHECK(sample.scan.unpublished == 2);
  CHECK(sample.scan.holes.size() == 1);
  CHECK(state_of_sample(sample) == "ok");
  sample = next(sampler)[0];
  CHECK(state_of_sample(sample) == "1 hole");
  CHECK(concern_of(sample) == Concern::notice);
  queue.ring().publish(reservation, 2);
  CHECK(states(sampler) == "q=ok;");
  // Who begins to watch cannot tell, and says so.
  queue.ring().reserve(1);
  Sampler late = watching();
  CHECK(states(late) == "q=1 hole;");
}

TEST_CASE_FIXTURE(SamplerFixture, "loss is what a cursor's lag passes the capacity by, per second and in all") {
  Queue queue = make("q", 8);
  NamedCursor cursor = make_cursor("q@c", 0);
  push(queue, 8);
  Sampler sampler = watching();
  auto sample = next(sampler)[0];
  CHECK(sample.lost == 0);
  CHECK(!sample.lost_per_s);
  CHECK(sample.worst_cursor()->lag == 8);
  CHECK(sample.worst_cursor()->lag_percent == 100.0);
  CHECK(state_of_sample(sample) == "ok");

  push(queue, 3);
  sample = next(sampler)[0];
  CHECK(sample.lost == 3);
  CHECK(sample.lost_per_s == 3.0);
  CHECK(sample.cursors[0].lost == 3);
  CHECK(state_of_sample(sample) == "overrun");
  CHECK(concern_of(sample) == Concern::alarm);

  sample = next(sampler)[0];  // nothing new is lost, it still stands there
  CHECK(sample.lost == 3);
  CHECK(sample.lost_per_s == 0.0);
  cursor.cursor().store(11);
  push(queue, 9);
  sample = next(sampler)[0];
  CHECK(sample.lost == 4);
  CHECK(sample.lost_per_s == 1.0);

  // What was lost before this one began to watch is told, too.
  Sampler late = watching();
  CHECK(next(late)[0].lost == 1);
  // Its losses stay when the cursor goes.
  unlink(dir.file("q@c").c_str());
  sample = next(sampler)[0];
  CHECK(sample.lost == 4);
  CHECK(sample.worst_cursor() == nullptr);
}

TEST_CASE_FIXTURE(SamplerFixture, "the cursors are those of the queue, the worst is the farthest behind") {
  Queue queue = make("q");
  make("other");
  make_cursor("q@a", 3);
  make_cursor("q@b", 1);
  make_cursor("other@c", 0);
  push(queue, 4);
  std::ofstream(dir.file("q@text")) << "longer than a cursor";
  Sampler sampler = watching({"q"});
  const auto samples = next(sampler);
  REQUIRE(samples.size() == 1);
  REQUIRE(samples[0].cursors.size() == 2);
  CHECK(samples[0].cursors[0].cursor == "a");
  CHECK(samples[0].worst_cursor()->cursor == "b");
  CHECK(samples[0].worst_cursor()->lag == 3);
}

TEST_CASE_FIXTURE(SamplerFixture,
                  "globs find what comes later, and tell once of what goes; a plain name is told each time") {
  make("tick1");
  make("other");
  Sampler globbing = watching({"tick*"});
  Sampler plain = watching({"/tick1"});
  CHECK(states(globbing) == "tick1=ok;");
  CHECK(states(plain) == "tick1=ok;");
  make("tick2");
  CHECK(states(globbing) == "tick1=ok;tick2=ok;");
  unlink(dir.file("tick1").c_str());
  CHECK(states(globbing) == "tick1=gone;tick2=ok;");
  CHECK(states(globbing) == "tick2=ok;");
  CHECK(states(plain) == "tick1=gone;");
  CHECK(states(plain) == "tick1=gone;");
  Queue again = make("tick1");
  push(again, 3);
  const auto back = next(plain);
  CHECK(state_of_sample(back[0]) == "made anew");
  CHECK(!back[0].published_per_s);
  CHECK(states(plain) == "tick1=ok;");
}

TEST_CASE_FIXTURE(SamplerFixture, "made anew and reset are told once, and are no negative rate") {
  {
    Queue queue = make("q");
    push(queue, 6);
  }
  make_cursor("q@c", 6);
  Sampler sampler = watching();
  next(sampler);
  unlink(dir.file("q").c_str());
  Queue queue = make("q");
  push(queue, 2);
  auto sample = next(sampler)[0];
  CHECK(state_of_sample(sample) == "made anew, cursor ahead");
  CHECK(!sample.published_per_s);
  CHECK(sample.lost == 0);
  push(queue, 4);
  CHECK(next(sampler)[0].published_per_s == 4.0);
  queue.reset();
  push(queue, 1);
  sample = next(sampler)[0];
  CHECK(state_of_sample(sample) == "reset, cursor ahead");
  CHECK(!sample.published_per_s);
}

TEST_CASE_FIXTURE(SamplerFixture, "a plain name that was never there, or is no queue, is an error") {
  make_cursor("q@c", 6);
  const auto code_of = [&](const std::string& name) {
    try {
      Sampler sampler = watching({name});
      next(sampler);
    } catch (const Error& error) {
      return error.code();
    }
    return Errc::system;
  };
  CHECK(code_of("none") == Errc::not_found);
  CHECK(code_of("q@c") == Errc::corrupt);
  CHECK(code_of("") == Errc::invalid_argument);
  CHECK(code_of(dir.file("none")) == Errc::not_found);  // a path
  Sampler sampler = watching({"no*"});
  CHECK(next(sampler).empty());
  Sampler nowhere({dir.file("none")});
  CHECK_THROWS_AS(next(nowhere), Error);
}

TEST_CASE_FIXTURE(SamplerFixture, "what a queue became is a reason, other files are nobody's business") {
  make("q");
  std::ofstream(dir.file("diary")) << "not a queue";
  mkdir(dir.file("folder").c_str(), 0700);
  mkfifo(dir.file("fifo").c_str(), 0600);
  Sampler sampler = watching();
  CHECK(states(sampler) == "q=ok;");
  REQUIRE(truncate(dir.file("q").c_str(), 100) == 0);
  const auto samples = next(sampler);
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].sight == QueueSample::Sight::unreadable);
  CHECK(state_of_sample(samples[0]).starts_with("unreadable: "));
  CHECK(concern_of(samples[0]) == Concern::alarm);
}
