#include "check.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

namespace slickq::bridge {

cli::Exit run_check(const Options& options, const std::function<void(CheckReport&)>& look) {
  CheckReport report;
  cli::Exit exit = cli::Exit::ok;
  std::string state = "ok";
  std::string detail;
  try {
    look(report);
  } catch (const Trouble& trouble) {
    exit = exit_for(trouble);
    state = to_string(trouble.state());
    detail = trouble.what();
  }
  const std::string server = without_secrets(options.endpoint.servers);
  if (options.json) {
    const nlohmann::ordered_json told{{"schema", "slickq.bridge-check/1"},
                                      {"direction", to_string(options.direction)},
                                      {"queue", options.queue},
                                      {"server", server},
                                      {"stream", options.stream.name},
                                      {"state", state},
                                      {"detail", detail},
                                      {"queue_found", report.queue},
                                      {"stream_found", report.stream}};
    std::puts(told.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  } else if (exit == cli::Exit::ok) {
    std::puts(fmt::format("queue   {}: {}\nserver  {}: connected\nstream  {}: {}", options.queue, report.queue, server,
                          options.stream.name, report.stream)
                  .c_str());
  } else {
    std::fputs(fmt::format("slickq-bridge: {} {}: {}: {}\n", to_string(options.direction), options.queue, state, detail)
                   .c_str(),
               stderr);
  }
  return exit;
}

}  // namespace slickq::bridge
