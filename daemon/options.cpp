#include "options.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <vector>

#include "exit_code.hpp"
#include "suggestion.hpp"

namespace slickqd {
namespace {

struct Flag {
  std::string_view name;
  std::string_view argument;  ///< empty: takes none
  std::string_view help;
  void (*apply)(Options& options, std::string_view value);
};

using Mode = Options::Mode;

constexpr std::array kFlags{
    Flag{"--config", "FILE", "the config (default /etc/slickq/slickqd.json)",
         [](Options& o, std::string_view value) { o.config = value; }},
    Flag{"--check-config", "", "read the config, say what is wrong with it, exit (0 or 78)",
         [](Options& o, std::string_view) { o.mode = Mode::check_config; }},
    Flag{"--dry-run", "", "print what would be created, adopted, left alone or is an orphan; exit",
         [](Options& o, std::string_view) { o.mode = Mode::dry_run; }},
    Flag{"--foreground", "", "for use at a terminal: log as text (slickqd never forks, with or without it)",
         [](Options& o, std::string_view) { o.foreground = true; }},
    Flag{"--version", "", "print the version and exit", [](Options& o, std::string_view) { o.mode = Mode::version; }},
    Flag{"--help", "", "print this and exit", [](Options& o, std::string_view) { o.mode = Mode::help; }},
};

std::string unknown(std::string_view argument) {
  std::vector<std::string_view> names;
  for (const Flag& flag : kFlags) names.push_back(flag.name);
  return fmt::format("unknown argument {}{} (see slickqd --help)", argument, suggestion(argument, names));
}

}  // namespace

Options parse_options(std::span<const char* const> arguments) {
  Options options;
  for (std::size_t k = 0; k < arguments.size(); ++k) {
    const std::string_view argument = arguments[k];
    const std::string_view name = argument.substr(0, argument.find('='));
    const Flag* flag = nullptr;
    for (const Flag& row : kFlags) {
      if (row.name == name) flag = &row;
    }
    if (flag == nullptr) throw Failure(ExitCode::usage, unknown(name));
    const bool inline_value = name.size() < argument.size();
    std::string_view value;
    if (flag->argument.empty()) {
      if (inline_value) throw Failure(ExitCode::usage, fmt::format("{} takes no value", name));
    } else if (inline_value) {
      value = argument.substr(name.size() + 1);
    } else if (k + 1 < arguments.size()) {
      value = arguments[++k];
    }
    if (!flag->argument.empty() && value.empty()) {
      throw Failure(ExitCode::usage, fmt::format("{} needs a value: {}", name, flag->argument));
    }
    flag->apply(options, value);
  }
  return options;
}

std::string usage() {
  std::string text = "slickqd - creates the configured queues, watches them, reports\n\nusage: slickqd [options]\n";
  for (const Flag& flag : kFlags) {
    text += fmt::format("  {:18}{}\n", fmt::format("{} {}", flag.name, flag.argument), flag.help);
  }
  return text +
         "\nSIGHUP reads the config again, SIGTERM ends. Exit codes: 0 ok, 64 usage, 69 unavailable, 70 "
         "defect,\n"
         "71 system error, 73 cannot create, 75 already running, 77 no permission, 78 config.\n";
}

}  // namespace slickqd
