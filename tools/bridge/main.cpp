// slickq-bridge: a queue goes on on another machine, by a stream of NATS JetStream.
#include <fmt/format.h>
#include <malloc.h>
#include <nats/nats.h>
#include <signal.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "exit_codes.hpp"
#include "in.hpp"
#include "interrupt.hpp"
#include "options.hpp"
#include "out.hpp"
#include "slickq/error.hpp"
#include "slickq/truncation.hpp"

namespace {

using namespace slickq;
using namespace slickq::bridge;
using slickq::cli::Exit;

// A segment that somebody made shorter under us gives zeros: what was made of them must not cross the network as items.
template <class Bridge>
Exit run(const Options& options) {
  Status status(options.direction, options.queue, without_secrets(options.endpoint.servers), options.stream.name,
                options.stream.subject, options.places);
  const TruncationCheck truncation;
  Bridge bridge(options, status);
  return run_sessions(
      status,
      [&] {
        truncation.require_whole(options.queue);
        return bridge.session();
      },
      [&] { return status.counters.messages; });
}

Exit act(const Options& options) {
  const bool out = options.direction == Direction::out;
  if (options.status) return print_status(options.places.status_file, options.json);
  if (options.check) return out ? check_out(options) : check_in(options);
  cli::catch_interrupts();
  return out ? run<OutBridge>(options) : run<InBridge>(options);
}

Exit start(const std::vector<std::string>& words) {
  const Parsed parsed = parse_options(words);
  if (!parsed.help) return act(parsed.options);
  std::fputs(parsed.help->c_str(), stdout);
  return Exit::ok;
}

Exit fail(Exit exit, const std::string& object, const std::string& cause, const std::string& remedy) {
  std::string line = "slickq-bridge: ";
  if (!object.empty()) line += object + ": ";
  line += cause + "\n";
  if (!remedy.empty()) line += "  " + remedy + "\n";
  std::fputs(line.c_str(), stderr);
  return exit;
}

Exit run_all(const std::vector<std::string>& words) {
  try {
    return start(words);
  } catch (const Error& error) {
    return fail(cli::exit_for(error.code()), error.object(), error.cause(), error.remedy());
  } catch (const std::exception& error) {
    return fail(Exit::failed, "", error.what(), "");
  }
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  // A batch of messages comes and goes many times a second: its pages are not given back each time.
  mallopt(M_TRIM_THRESHOLD, 32 * 1024 * 1024);
  mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
  survive_truncation();
  const Exit exit = run_all(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  nats_CloseAndWait(2000);
  return static_cast<int>(exit);
}
