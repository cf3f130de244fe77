// slickq top: all queues on a full screen, with keys. What is shown is top_model.hpp's, the terminal screen.hpp's.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "../interrupt.hpp"
#include "../sampler.hpp"
#include "../screen.hpp"
#include "../top_model.hpp"
#include "../values.hpp"
#include "../verbs.hpp"

namespace slickq::cli {
namespace {

using Clock = std::chrono::steady_clock;

void require_terminal(const Session& session) {
  if (session.globals.json) {
    throw Error(Errc::invalid_argument, "--json", "is not for a full screen", "lines of JSON: slickq watch --json");
  }
  if (!session.style.terminal) {
    throw Error(Errc::invalid_argument, "standard output", "is not a terminal", "for pipes and files: slickq watch");
  }
  if (isatty(STDIN_FILENO) != 1) {
    throw Error(Errc::invalid_argument, "standard input", "is not a terminal: no key can be read",
                "without keys: slickq watch");
  }
}

void show_queues(Screen& screen, TopModel& model, Sampler& sampler, std::vector<QueueSample> first) {
  auto last = Clock::now();
  model.add_round(std::move(first));
  while (!model.has_quit() && !interrupted()) {
    screen.draw(model.render(screen.width(), screen.height()));
    // A key may change the interval: the deadline counts from the last round.
    const auto left = std::max<Clock::duration>(last + model.interval() - Clock::now(), Clock::duration::zero());
    const Screen::Wake wake = screen.wait(left);
    if (wake == Screen::Wake::hangup) return;
    while (const auto key = screen.next_key()) model.press(*key);
    if (wake != Screen::Wake::time) continue;
    last = Clock::now();
    model.add_round(sampler.round(last));
  }
}

Exit run_top(Session& session, TopOptions& options) {
  options.shm_dir = session.globals.shm_dir;
  options.charset = Screen::charset();
  TopModel model(options);
  require_terminal(session);
  Sampler sampler({options.shm_dir});
  auto first = sampler.round(Clock::now());  // a directory that cannot be read is told before the screen is taken
  Screen screen(session.style.colour);
  show_queues(screen, model, sampler, std::move(first));
  return Exit::ok;
}

}  // namespace

Run declare_top(Arguments& arguments) {
  const auto options = std::make_shared<TopOptions>();
  arguments.option("--interval", "TIME", into(options->interval, parse_interval), "time between two rounds; 1s");
  arguments.option("--sort", "COLUMN", into(options->sort), "sort by this column; rate");
  arguments.option("--filter", "TEXT", into(options->filter), "only queues whose names hold TEXT");
  std::vector<std::string_view> titles;
  for (const LiveColumn& column : live_columns()) titles.push_back(column.title);
  arguments.epilogue(fmt::format("columns: {}\n", fmt::join(titles, ",")) +
                     "keys: q quit, h help, / filter, < > sort, R reverse, space pause, + - interval.\n"
                     "A narrow terminal shows the columns that matter most. Never writes to a queue, nor holds it.");
  return [options](Session& session) { return run_top(session, *options); };
}

}  // namespace slickq::cli
