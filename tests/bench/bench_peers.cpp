// bench_peers: slickq and the queues one would take instead, in one run, by the same messages and the same checks.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <fstream>
#include <optional>

#include "arguments.hpp"
#include "bench/cpus.hpp"
#include "bench/crew.hpp"
#include "bench/progress.hpp"
#include "contest.hpp"
#include "exit_codes.hpp"
#include "interrupt.hpp"
#include "item.hpp"
#include "report.hpp"
#include "values.hpp"

namespace slickq::peers {
namespace {

using cli::Exit;
using cli::into;

struct Options {
  Plan plan;
  std::optional<std::chrono::nanoseconds> duration;
  std::optional<std::uint64_t> rest;
  std::string only;
  std::optional<std::string> save;
  std::vector<int> pin;
};

void declare(cli::Arguments& arguments, Options& options) {
  arguments.option("--only", "NAME,...", into(options.only), "these contestants alone (all)");
  arguments.option("--elem", "BYTES", into(options.plan.elem, cli::parse_size),
                   "bytes of a message: 8, 64 (default), 256");
  arguments.option("--reps", "R", into(options.plan.reps, cli::parse_number), "repetitions (10)");
  arguments.option("--msgs", "N", into(options.plan.msgs, cli::parse_size),
                   "messages of a repetition, instead of a time");
  arguments.option("--duration", "TIME", into(options.duration, cli::parse_duration), "time of a repetition (200ms)");
  arguments.option("--rest", "N", into(options.rest, cli::parse_number),
                   "pauses of a peer's consumer that found nothing (what is fastest; with --msgs 1)");
  arguments.option("--pin", "CPU,CPU", into(options.pin, bench::parse_cpus),
                   "producer and consumer; the first two cores");
  arguments.option("--save", "FILE", into(options.save), "the JSON as well, into this file");
  arguments.epilogue(
      "Everybody in turn, then everybody again; the median counts. Two laps of a queue are sent before anything is\n"
      "measured. Every message is checked; whatever is lost without being told, torn or out of order fails the run\n"
      "with exit code 1. Peers whose package is missing are skipped with a line. The first names: slickq,\n"
      "slickq_batch16, reference, boost_spsc; a wrong one shows all of them.");
}

// Throws Error(invalid_argument) with what works.
Plan settled(const cli::Session& session, const Options& options) {
  if (options.plan.msgs && options.duration) {
    throw Error(Errc::invalid_argument, "--duration", "does not go with --msgs: a repetition ends by one of them",
                "choose one of them");
  }
  if (options.rest.value_or(1) < 1 || options.rest.value_or(1) > 100'000) {
    throw Error(Errc::invalid_argument, "--rest", fmt::format("'{}' is not in 1..100000", *options.rest));
  }
  if (std::ranges::find(kSizes, options.plan.elem) == kSizes.end()) {
    const auto distance = [&](std::uint64_t size) {
      return size > options.plan.elem ? size - options.plan.elem : options.plan.elem - size;
    };
    throw Error(Errc::invalid_argument, "--elem",
                fmt::format("'{}' is none of {}", options.plan.elem, fmt::join(kSizes, ", ")),
                fmt::format("nearest: --elem {}", *std::ranges::min_element(kSizes, {}, distance)));
  }
  Plan plan = options.plan;
  plan.size = kCapacity;
  plan.shm_dir = session.globals.shm_dir;
  plan.duration = options.duration.value_or(std::chrono::milliseconds(200));
  plan.cpus = options.pin.empty() ? bench::usable_cpus() : options.pin;
  if (plan.cpus.size() > plan.workers()) plan.cpus.resize(plan.workers());
  bench::check(plan);
  return plan;
}

// Told before anything is measured when it cannot be written.
std::ofstream open_to_save(const std::optional<std::string>& path) {
  std::ofstream file;
  if (!path) return file;
  file.open(*path);
  if (!file) throw system_failure(*path, "open", errno);
  return file;
}

Exit contend(cli::Session& session, const Options& options) {
  const std::vector<const Contestant*> chosen = choose("--only", options.only);
  const Plan plan = settled(session, options);
  std::ofstream saved = open_to_save(options.save);
  cli::catch_interrupts();
  if (plan.crowded()) session.note("bench_peers: two workers on one CPU: who waits yields");
  try {
    Contest contest = prepare(plan, chosen);
    print_skipped(session, contest);
    {
      bench::ProgressBar bar(session);
      const auto progress = [&](std::size_t done, std::size_t all, const std::string& now) {
        bar.show(done, all, now);
      };
      if (options.rest || plan.msgs) {
        for (Entry& entry : contest.entries) entry.rest = static_cast<unsigned>(options.rest.value_or(1));
      } else {
        tune(contest, progress);
      }
      run(contest, progress);
    }
    if (session.globals.json) {
      cli::print_json(session, to_json(contest));
    } else {
      print_text(session, contest);
    }
    if (options.save && !(saved << to_json(contest).dump(2) << std::endl)) {
      throw Error(Errc::system, *options.save, "could not be written");
    }
  } catch (const bench::Interrupted&) {
    return Exit::interrupted;
  }
  return Exit::ok;
}

Exit run_command(cli::Session& session, const std::vector<std::string>& words) {
  cli::Arguments arguments("bench_peers", "slickq beside other queues, in one run");
  Options options;
  declare(arguments, options);
  declare_globals(arguments, session.globals);
  try {
    if (const auto help = arguments.parse(words)) {
      session.out.write(*help);
      session.out.flush();
      return Exit::ok;
    }
    session.settle();
    const Exit exit = contend(session, options);
    session.out.flush();
    return exit;
  } catch (const Error& error) {
    report(session, error);
    return cli::exit_for(error.code());
  } catch (const std::exception& error) {
    report(session, Error(Errc::system, {}, error.what()));
    return Exit::failed;
  }
}

}  // namespace
}  // namespace slickq::peers

int main(int argc, char** argv) {
  slickq::cli::Session session;
  session.verb = "bench_peers";
  return static_cast<int>(slickq::peers::run_command(session, std::vector<std::string>(argv + 1, argv + argc)));
}
