// A consumer that sleeps: what it costs while nothing comes, and how soon it wakes when something does, pushed by
// slickq (which wakes it) and as the originals push (who wake nobody).
//
//   bench_wake [--messages N] [--idle MILLISECONDS] [--pin CPU,CPU]
//
// JSON on standard output. Exit code 1 when a message did not come, or came in another order.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstring>
#include <exception>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/control.hpp"
#include "bench/cpus.hpp"
#include "bench/crew.hpp"
#include "bench/payload.hpp"
#include "bench/plan.hpp"
#include "bench/reference.hpp"
#include "bench/temporary_queue.hpp"
#include "slickq/consumer.hpp"
#include "slickq/names.hpp"
#include "slickq/producer.hpp"

using namespace slickq;
using namespace slickq::bench;

namespace {

struct Message {
  std::uint64_t number;
  std::uint64_t sent_at;
};

struct Task {
  std::uint64_t messages = 500;  // of each kind
  std::uint64_t idle_ms = 2000;
  std::string pin{};
};

constexpr std::chrono::seconds kPatience(10);

// CPU time of this process, and how often it went to sleep.
struct Usage {
  double cpu_s;
  std::uint64_t sleeps;
};

Usage usage_now() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return {seconds(used.ru_utime) + seconds(used.ru_stime), static_cast<std::uint64_t>(used.ru_nvcsw)};
}

// Fields of the Control that mean something else here: sent is how often the consumer went to sleep while idle, cpu_s
// what that cost.
void sleep_and_receive(const Task& task, Control& control, const std::string& name, const std::string& shm_dir) {
  const Queue queue = Queue::open(name, shm_dir);
  Consumer consumer(queue);
  Message message{};
  const std::span<std::byte> buffer = std::as_writable_bytes(std::span(&message, 1));
  arrive(control.opened);
  wait_for(control.go, 1, true);
  Report& report = control.reports[0];
  const Usage before = usage_now();
  if (consumer.pop_wait(buffer, std::chrono::milliseconds(task.idle_ms), Wait::block()).what != Pop::empty) {
    throw CheckFailed("something came that nobody sent");
  }
  const Usage after = usage_now();
  report.cpu_s = after.cpu_s - before.cpu_s;
  report.sent = after.sleeps - before.sleeps;
  arrive(control.warm);
  for (std::uint64_t k = 0; k < 2 * task.messages; ++k) {
    const PopResult result = consumer.pop_wait(buffer, kPatience, Wait::block());
    const std::uint64_t now = now_ns();
    if (result.what != Pop::item || message.number != k) throw CheckFailed(fmt::format("message {} did not come", k));
    control.latency[k / task.messages].record(now - message.sent_at);
  }
}

// One to three milliseconds after the last, when the consumer sleeps.
template <class Push>
void send_now_and_then(std::uint64_t from, std::uint64_t messages, Push push) {
  for (std::uint64_t k = from; k < from + messages; ++k) {
    std::this_thread::sleep_for(std::chrono::microseconds(1000 + k * 617 % 2000));
    const Message message{k, now_ns()};
    push(std::as_bytes(std::span(&message, 1)));
  }
}

void send(const Task& task, Control& control, const std::string& name, const std::string& shm_dir) {
  Queue queue = Queue::open(name, shm_dir);
  arrive(control.opened);
  wait_for(control.warm, 1, true);
  {
    Producer producer(queue);
    send_now_and_then(0, task.messages, [&](std::span<const std::byte> bytes) {
      if (producer.push(bytes) != Push::pushed) throw CheckFailed("a message was not pushed");
    });
  }
  ReferenceWriter original(RawRing(queue.segment().data(), queue.geometry()));
  send_now_and_then(task.messages, task.messages, [&](std::span<const std::byte> bytes) { original.push(bytes); });
}

nlohmann::ordered_json percentiles_of(const Histogram& latency) {
  return {{"messages", latency.count()},
          {"p50", latency.percentile(50)},
          {"p90", latency.percentile(90)},
          {"p99", latency.percentile(99)},
          {"max", latency.max()}};
}

void run(const Task& task) {
  Plan plan;
  plan.elem = sizeof(Message);
  plan.size = 1024;
  plan.shm_dir = default_shm_dir();
  const std::vector<int> cpus = task.pin.empty() ? usable_cpus() : parse_cpus("--pin", task.pin);
  TemporaryQueue temporary(plan);
  const SharedControl control;
  Crew crew;
  crew.start("consumer", cpus[1 % cpus.size()], control->reports[0],
             [&] { sleep_and_receive(task, *control, temporary.name(), plan.shm_dir); });
  crew.start("producer", cpus.front(), control->reports[1],
             [&] { send(task, *control, temporary.name(), plan.shm_dir); });
  crew.wait_until_all_in(control->opened);
  temporary.lose_name();
  arrive(control->go);
  crew.wait();
  const double idle_s = 1e-3 * static_cast<double>(task.idle_ms);
  nlohmann::ordered_json found;
  found["schema"] = "slickq.bench_wake/1";
  found["idle"] = {{"seconds", idle_s},
                   {"cpu_share", control->reports[0].cpu_s / idle_s},
                   {"sleeps_per_s", static_cast<double>(control->reports[0].sent) / idle_s}};
  found["wake_ns"] = {{"slickq", percentiles_of(control->latency[0])},
                      {"original", percentiles_of(control->latency[1])}};
  fmt::print("{}\n", found.dump(2));
}

}  // namespace

int main(int argc, char** argv) {
  Task task;
  CLI::App app("What a sleeping consumer costs, and how soon it wakes.");
  app.add_option("--messages", task.messages, "of each kind of producer")->check(CLI::PositiveNumber);
  app.add_option("--idle", task.idle_ms, "milliseconds in which nothing comes")->check(CLI::PositiveNumber);
  app.add_option("--pin", task.pin, "CPU of the producer, CPU of the consumer");
  CLI11_PARSE(app, argc, argv);
  try {
    run(task);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_wake: {}\n", error.what());
    return 1;
  }
  return 0;
}
