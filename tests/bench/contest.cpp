#include "contest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bench/control.hpp"
#include "bench/crew.hpp"
#include "slickq/error.hpp"
#include "together.hpp"

namespace slickq::peers {
namespace {

using bench::Control;
using bench::Crew;
using bench::Report;
using bench::Sample;

[[noreturn]] void unsound(const Contestant& contestant, std::string what) {
  throw Error(Errc::system, std::string(contestant.name), std::move(what), "the run counts for nothing");
}

// As in `slickq bench`: from the first worker's start to the last message.
Sample collect(const Contestant& contestant, const Control& control) {
  const Report& producer = control.reports[0];
  const Report& consumer = control.reports[1];
  if (consumer.torn != 0) unsound(contestant, fmt::format("{} messages were torn", consumer.torn));
  if (consumer.received + consumer.missing != producer.sent) {
    unsound(contestant, fmt::format("received {} + missing {} messages != sent {}", consumer.received, consumer.missing,
                                    producer.sent));
  }
  if (consumer.missing != producer.lost) {
    unsound(contestant, fmt::format("{} messages did not come, the queue told of {} that it lost", consumer.missing,
                                    producer.lost));
  }
  Sample sample;
  sample.add(consumer);
  sample.lost = producer.lost;
  sample.sent = producer.sent;
  const std::uint64_t started = std::min(producer.started, consumer.started);
  sample.seconds = 1e-9 * static_cast<double>(std::max(consumer.ended, started + 1) - started);
  sample.delivered_per_s = static_cast<double>(sample.received) / sample.seconds;
  return sample;
}

Sample run_peer(const Contestant& contestant, const Plan& plan, unsigned rest) {
  const std::unique_ptr<Link> link = contestant.make(plan);
  link->rest = rest;
  const bench::SharedControl control;
  const auto cpu = [&](std::size_t worker) { return plan.cpus[worker % plan.cpus.size()]; };
  const auto post = [&](std::size_t worker) { return Post{&plan, &*control, {}, 0, &control->reports[worker]}; };
  Crew crew;
  if (contestant.where == Where::process) {
    crew.start("producer", cpu(0), control->reports[0], [&] { link->produce(post(0)); });
    crew.start("consumer", cpu(1), control->reports[1], [&] { link->consume(post(1)); });
  } else {
    crew.start("threads", cpu(1), control->reports[1],
               [&] { produce_and_consume(*link, post(0), cpu(0), post(1), cpu(1)); });
  }
  crew.wait_until_all_in(control->opened);
  bench::arrive(control->go);
  crew.wait();
  return collect(contestant, *control);
}

Sample run_entry(const Entry& entry) {
  const Contestant& contestant = *entry.contestant;
  try {
    return contestant.is_ours() ? bench::run_once(entry.plan) : run_peer(contestant, entry.plan, entry.rest);
  } catch (const Error& error) {
    if (error.object() == contestant.name) throw;
    throw Error(error.code(), fmt::format("{}: {}", contestant.name, error.object()), error.cause(), error.remedy());
  }
}

Entry entry_of(const Plan& common, const Contestant& contestant) {
  Entry entry{&contestant, common};
  if (contestant.is_ours()) {
    contestant.shape(entry.plan);
    bench::check(entry.plan);
    return entry;
  }
  entry.plan.batch = contestant.batch;
  if (contestant.message_bytes != 0) {
    entry.plan.elem = contestant.message_bytes;
    if (common.msgs) entry.plan.msgs = std::max<std::uint64_t>(1, *common.msgs * common.elem / entry.plan.elem);
  }
  const std::unique_ptr<Link> link = contestant.make(entry.plan);
  entry.plan.size = link->capacity();
  entry.remark = link->remark();
  return entry;
}

}  // namespace

bench::Spread Entry::speed() const {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.delivered_per_s);
  return bench::spread_of(std::move(values));
}

Sample Entry::total() const {
  Sample total;
  for (const Sample& sample : samples) {
    total.add(sample);
    total.sent += sample.sent;
  }
  return total;
}

Contest prepare(const Plan& plan, const std::vector<const Contestant*>& chosen) {
  Contest contest{plan};
  for (const Contestant* contestant : chosen) {
    if (!contestant->is_ours() && contestant->make == nullptr) {
      contest.skipped.push_back({contestant, fmt::format("{} was not there at build time", contestant->package)});
      continue;
    }
    try {
      contest.entries.push_back(entry_of(plan, *contestant));
    } catch (const Absent& absent) {
      contest.skipped.push_back({contestant, absent.what()});
    }
  }
  return contest;
}

void tune(Contest& contest, const bench::Progress& progress) {
  constexpr std::array<unsigned, 3> kRests{1, 16, 128};
  constexpr std::size_t kTries = 3;
  std::size_t done = 0;
  for (Entry& entry : contest.entries) {
    const std::string now = fmt::format("tuning {}", entry.contestant->name);
    if (entry.contestant->is_ours() || entry.contestant->is_hidden()) continue;
    Entry trial = entry;
    trial.plan.duration = std::chrono::milliseconds(20);
    double best = 0;
    for (const unsigned rest : kRests) {
      trial.rest = rest;
      trial.samples.clear();
      for (std::size_t k = 0; k < kTries; ++k) {
        progress(done++, contest.entries.size() * kRests.size() * kTries, now);
        trial.samples.push_back(run_entry(trial));
      }
      if (trial.speed().median <= best) continue;
      best = trial.speed().median;
      entry.rest = rest;
    }
  }
}

void run(Contest& contest, const bench::Progress& progress) {
  const std::size_t all = contest.entries.size() * contest.plan.reps;
  std::size_t done = 0;
  for (std::uint64_t round = 0; round < contest.plan.reps; ++round) {
    for (Entry& entry : contest.entries) {
      progress(done++, all, std::string(entry.contestant->name));
      entry.samples.push_back(run_entry(entry));
    }
  }
  progress(all, all, {});
}

}  // namespace slickq::peers
