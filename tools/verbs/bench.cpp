// slickq bench: how fast a queue is here, with every check switched on.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "../bench/cpus.hpp"
#include "../bench/crew.hpp"
#include "../bench/instructions.hpp"
#include "../bench/picture.hpp"
#include "../bench/plan.hpp"
#include "../bench/probe.hpp"
#include "../bench/progress.hpp"
#include "../bench/result.hpp"
#include "../interrupt.hpp"
#include "../values.hpp"
#include "../verbs.hpp"

namespace slickq::cli {
namespace {

using bench::Mode;
using bench::Plan;
using bench::Series;

struct Options {
  Plan plan;
  std::optional<std::uint64_t> reps;
  std::optional<std::chrono::nanoseconds> duration;
  std::optional<double> rate;
  std::vector<int> pin;
  bool csv = false;
  bool vs_reference = false;
  bool instructions = false;
  std::optional<std::string> plot;
  std::optional<std::string> probe;  // what --instructions runs itself with
};

[[noreturn]] void refuse(std::string flag, std::string cause, std::string remedy) {
  throw Error(Errc::invalid_argument, std::move(flag), std::move(cause), std::move(remedy));
}

void check_flags(const Session& session, const Options& options) {
  if (options.csv && session.globals.json) refuse("--csv", "does not go with --json", "choose one of them");
  if (options.plan.msgs && options.duration) {
    refuse("--duration", "does not go with --msgs: a repetition ends by one of them", "choose one of them");
  }
  if (options.rate && options.plan.mode != Mode::rate) {
    refuse("--rate", fmt::format("mode {} has no rate", bench::to_string(options.plan.mode)), "use --mode rate");
  }
  if (options.vs_reference && options.plan.mode != Mode::paced) {
    refuse("--vs-reference",
           fmt::format("mode {} is paced otherwise than the reference path, so that a ratio would say "
                       "nothing",
                       bench::to_string(options.plan.mode)),
           "use --mode paced");
  }
}

Plan settled(const Session& session, const Options& options) {
  Plan plan = options.plan;
  plan.shm_dir = session.globals.shm_dir;
  plan.reps = options.reps.value_or(plan.reps);
  plan.duration = options.duration.value_or(plan.duration);
  plan.rate = options.rate.value_or(plan.rate);
  plan.cpus = options.pin.empty() ? bench::usable_cpus() : options.pin;
  if (plan.cpus.size() > plan.workers()) plan.cpus.resize(plan.workers());
  bench::check(plan);
  return plan;
}

// The sweep is shortened unless told how long to be.
bench::SweepLength sweep_length(const Options& options) {
  bench::SweepLength length;
  length.msgs = options.plan.msgs;
  if (options.duration) length.duration = *options.duration;
  if (options.reps) length.reps = *options.reps;
  return length;
}

bench::Result measure(Session& session, const Options& options, const Plan& plan) {
  bench::ProgressBar bar(session);
  std::vector<Series> series{{"slickq", plan}};
  if (options.vs_reference) series.push_back({"reference", reference_of(plan)});
  if (plan.mode == Mode::reference) series.front().name = "reference";
  if (plan.mode == Mode::pingpong) {
    Plan bare = plan;
    bare.mode = Mode::bare;
    series.push_back({"two bare lines", bare});
  }
  const std::size_t companions = series.size();
  if (options.plot) bench::add_sweep(series, plan, sweep_length(options));
  bench::run_in_turn(series,
                     [&](std::size_t done, std::size_t all, const std::string& now) { bar.show(done, all, now); });

  bench::Result result{std::move(series.front()), {}, {}, {}, {}, {}, bench::this_machine()};
  if (options.vs_reference) result.reference = std::move(series[1]);
  if (plan.mode == Mode::pingpong) result.bare = std::move(series[1]);
  const auto sweep = series.begin() + static_cast<std::ptrdiff_t>(companions);
  result.sweep.assign(std::make_move_iterator(sweep), std::make_move_iterator(series.end()));
  if (options.plot) {
    bench::write_picture(*options.plot, result);
    result.picture = *options.plot;
  }
  if (options.instructions) result.instructions = bench::count_instructions(plan);
  return result;
}

Exit run_bench(Session& session, const Options& options) {
  check_flags(session, options);
  const Plan plan = settled(session, options);
  if (options.probe) {
    bench::run_probe(*options.probe, plan);
    return Exit::ok;
  }
  if (options.plot) bench::require_writable(*options.plot);
  catch_interrupts();
  if (plan.crowded()) {
    session.note(fmt::format("slickq: bench: {} workers on {}: who waits yields", plan.workers(),
                             count_of(plan.cpus.size(), "CPU")));
  }
  try {
    const bench::Result result = measure(session, options, plan);
    if (options.csv) {
      print_csv(session, result);
    } else if (session.globals.json) {
      print_json(session, result);
    } else {
      print_text(session, result);
    }
  } catch (const bench::Interrupted&) {
    return Exit::interrupted;
  }
  return Exit::ok;
}

void declare_shape(Arguments& arguments, Plan& plan) {
  arguments.option("--mode", "MODE", into(plan.mode, bench::parse_mode_of_bench),
                   "paced (lossless; default), flood, pingpong, rate, reference");
  arguments.option("--producers", "P", into(plan.producers, parse_number), "producer processes (1)");
  arguments.option("--consumers", "C", into(plan.consumers, parse_number), "consumer processes, each gets all (1)");
  arguments.option("--producer", "KIND", into(plan.producer, bench::parse_producer_kind),
                   "multi (default), or single: declared to be the only one");
  arguments.option("--batch", "K", into(plan.batch, parse_size), "push and pop K messages by one call (1)");
  arguments.option("--burst", "K", into(plan.burst, parse_size), "reserve for K messages, publish each at once (1)");
  arguments.option("--read", "HOW", into(plan.read, bench::parse_read_kind), "copy (default), or zero-copy");
  arguments.option("--elem", "BYTES", into(plan.elem, parse_size), "bytes of a message (64)");
  arguments.option("--size", "N", into(plan.size, parse_size), "elements in the ring (65536)");
  arguments.option("--layout", "LAYOUT", into(plan.layout, bench::parse_bench_layout),
                   "slq1 (default), slq0, packed, wide");
  arguments.option("--wait", "STRATEGY", into(plan.wait, bench::parse_wait), "spin (default), yield, backoff, block");
}

}  // namespace

Run declare_bench(Arguments& arguments) {
  const auto options = std::make_shared<Options>();
  declare_shape(arguments, options->plan);
  arguments.option("--msgs", "N", into(options->plan.msgs, parse_size), "messages of a repetition, instead of a time");
  arguments.option("--duration", "TIME", into(options->duration, parse_duration), "time of a repetition (500ms)");
  arguments.option("--rate", "R", into(options->rate, parse_rate), "with --mode rate: messages a second (1000000)");
  arguments.option("--reps", "R", into(options->reps, parse_number), "repetitions (10)");
  arguments.option("--pin", "CPU,CPU", into(options->pin, bench::parse_cpus),
                   "where the workers run, producers first; the first CPUs there are");
  arguments.flag("--vs-reference", options->vs_reference, "the original's way in turn with it, and the ratio");
  arguments.flag("--instructions", options->instructions, "count the instructions of push and pop (valgrind)");
  arguments.flag("--csv", options->csv, "one row for each repetition");
  arguments.option("--plot", "FILE", into(options->plot),
                   "also run over sizes and batches, and draw it: an SVG picture (under a minute)");
  arguments.option("--probe", "KIND", into(options->probe), "");
  arguments.epilogue(
      "Each worker is a process of its own, on a CPU of its own. Two laps of the ring are sent before anything\n"
      "counts. Told are the median, the least and the greatest of the repetitions, never the best alone. Every\n"
      "message is checked; a run in which one is torn, out of order or unaccounted for fails with exit code 1.\n"
      "The queue is a temporary one. Ctrl-C ends with 130 and no numbers.\n"
      "examples: slickq bench --vs-reference\n"
      "          slickq bench --producer single --batch 16 --elem 256\n"
      "          slickq bench --mode pingpong --json\n"
      "          slickq bench --mode rate --rate 100000 --wait block\n"
      "          slickq bench --plot bench.svg");
  return [options](Session& session) { return run_bench(session, *options); };
}

}  // namespace slickq::cli
