// slickqd: pre-creates queues, watches them, reports. Never in the data path.
#include <fmt/format.h>

#include <boost/system/system_error.hpp>
#include <cstdio>
#include <exception>
#include <span>
#include <string>

#include "clock.hpp"
#include "config.hpp"
#include "exit_code.hpp"
#include "log.hpp"
#include "notify.hpp"
#include "options.hpp"
#include "plan.hpp"
#include "service.hpp"
#include "slickq/error.hpp"
#include "slickq/platform.hpp"
#include "slickq/version.hpp"
#include "supervisor.hpp"
#include "units.hpp"

namespace {

using namespace slickqd;

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

void check_config(const Options& options) {
  const Config config = load_config(options.config);
  print(fmt::format("{}: ok, {}\n", options.config, count_of_queues(config.queues.size())));
}

void dry_run(const Options& options) {
  const Config config = load_config(options.config);
  const Plan plan = plan_for(config, Depth::holders);
  print(describe(plan));
  for (const Problem& problem : plan.problems) {
    std::fprintf(stderr, "slickqd: %s\n", config.source->error(problem.pointer, problem.text).what());
  }
  if (!plan.problems.empty()) throw Failure(ExitCode::config, "nothing would be done: the plan has problems");
}

void run(const Options& options) {
  const auto platform = slickq::check_platform_support();
  if (!platform.supported) throw Failure(ExitCode::unavailable, platform.message);
  const SystemClock clock;
  Log log(clock, options.foreground);
  Config config = load_config(options.config);
  log.configure(config.log);
  const Notify notify = Notify::from_environment();
  run_service(std::move(config), clock, log, notify);
}

void act(const Options& options) {
  switch (options.mode) {
    case Options::Mode::run: return run(options);
    case Options::Mode::check_config: return check_config(options);
    case Options::Mode::dry_run: return dry_run(options);
    case Options::Mode::help: return print(usage());
    case Options::Mode::version: return print("slickqd " SLICKQ_VERSION "\n");
  }
}

int fail(ExitCode code, const char* message) {
  std::fprintf(stderr, "slickqd: %s\n", message);
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::span<const char* const> arguments(argv, static_cast<std::size_t>(argc));
    act(parse_options(arguments.subspan(arguments.empty() ? 0 : 1)));
    return static_cast<int>(ExitCode::ok);
  } catch (const Failure& failure) {
    return fail(failure.code(), failure.what());
  } catch (const ConfigError& error) {
    return fail(ExitCode::config, error.what());
  } catch (const slickq::Error& error) {
    return fail(exit_code_for(error.code()), error.what());
  } catch (const boost::system::system_error& error) {
    return fail(ExitCode::os_error, error.what());  // of the loop, its timers and sockets
  } catch (const std::exception& error) {
    return fail(ExitCode::software, error.what());
  }
}
