#include "arguments.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "did_you_mean.hpp"
#include "slickq/error.hpp"

namespace slickq::cli {
namespace {

std::vector<std::string> split_names(const std::string& names) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  while (from <= names.size()) {
    const std::size_t comma = std::min(names.find(',', from), names.size());
    parts.push_back(names.substr(from, comma - from));
    from = comma + 1;
  }
  return parts;
}

// The longest spelling is the one errors are about.
std::string long_name(const std::string& names) { return split_names(names).back(); }

bool looks_like_number(const std::string& text) {
  return text.size() > 1 && text[0] == '-' && text[1] >= '0' && text[1] <= '9';
}

[[noreturn]] void usage_error(const std::string& object, const std::string& cause, std::string remedy) {
  throw Error(Errc::invalid_argument, object, cause, std::move(remedy));
}

}  // namespace

std::string not_empty(std::string_view flag, const std::string& text) {
  if (text.empty()) usage_error(std::string(flag), "is empty", {});
  return text;
}

Arguments::Arguments(std::string command, std::string summary)
    : command_(std::move(command)), summary_(std::move(summary)) {}

void Arguments::flag(std::string names, bool& target, std::string help) {
  Flag declared;
  declared.names = std::move(names);
  declared.help = std::move(help);
  declared.target = &target;
  flags_.push_back(std::move(declared));
}

void Arguments::option(std::string names, std::string type, Convert convert, std::string help, Times times) {
  Flag declared;
  declared.names = std::move(names);
  declared.type = std::move(type);
  declared.help = std::move(help);
  declared.convert = std::move(convert);
  declared.times = times;
  flags_.push_back(std::move(declared));
}

void Arguments::operand(std::string name, Convert convert, std::string help, Need need) {
  operands_.push_back({std::move(name), std::move(help), std::move(convert), need, false, {}});
}

void Arguments::operand_or_flag(std::string name, Convert convert, std::string help, Need need) {
  std::string flag_name = "--name";
  option(flag_name, name, convert, "the same as " + name);
  operands_.push_back({std::move(name), std::move(help), std::move(convert), need, false, std::move(flag_name)});
}

void Arguments::rest(std::string name, Convert convert, std::string help, Need need) {
  operands_.push_back({std::move(name), std::move(help), std::move(convert), need, true, {}});
}

std::optional<std::string> Arguments::parse(const std::vector<std::string>& arguments) {
  bool help_wanted = false;
  const std::vector<std::string> left = run_cli11(arguments, help_wanted);
  if (help_wanted) return help_text();
  const std::vector<std::string> operands = only_operands(left);
  convert_flags();
  convert_operands(operands);
  return std::nullopt;
}

// CLI11 sorts the words; what they mean is ours to say, in our own error style. Returns what is no known
// flag.
std::vector<std::string> Arguments::run_cli11(const std::vector<std::string>& arguments, bool& help_wanted) {
  CLI::App app;
  app.set_help_flag();
  app.add_flag("-h,--help", help_wanted);
  app.allow_extras();
  for (Flag& declared : flags_) {
    if (declared.target != nullptr) {
      app.add_flag(declared.names, *declared.target);
      continue;
    }
    const CLI::callback_t take = [&declared](const CLI::results_t& values) {
      declared.given = values;
      return true;
    };
    CLI::Option* option = app.add_option(declared.names, take)->type_name(declared.type);
    option->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  try {
    std::vector<std::string> backwards(arguments.rbegin(),
                                       arguments.rend());  // CLI11 takes words from the end
    app.parse(std::move(backwards));
  } catch (const CLI::ArgumentMismatch& error) {  // "--size: 1 required N missing"
    const std::string text = error.what();
    usage_error(text.substr(0, text.find(':')), "needs a value", fmt::format("'{} --help' lists the flags", command_));
  } catch (const CLI::ParseError& error) {
    if (help_wanted) return {};
    usage_error({}, error.what(), fmt::format("'{} --help' lists the flags", command_));
  }
  return app.remaining();
}

// Throws for what looks like a flag and is none.
std::vector<std::string> Arguments::only_operands(const std::vector<std::string>& left) const {
  std::vector<std::string> operands;
  bool flags_ended = false;
  for (const std::string& word : left) {
    if (!flags_ended && word == "--") {
      flags_ended = true;
    } else if (!flags_ended && word.size() > 1 && word[0] == '-' && !looks_like_number(word)) {
      const std::string name = word.substr(0, word.find('='));
      const std::string meant = did_you_mean(name, all_flag_names());
      usage_error(name, "unknown flag", meant.empty() ? fmt::format("'{} --help' lists the flags", command_) : meant);
    } else {
      operands.push_back(word);
    }
  }
  return operands;
}

void Arguments::convert_flags() {
  for (Flag& declared : flags_) {
    if (declared.given.empty()) continue;
    const std::string name = long_name(declared.names);
    if (declared.times == Times::once && declared.given.size() > 1) {
      usage_error(name, "given more than once", {});
    }
    for (const std::string& value : declared.given) declared.convert(name, value);
  }
}

void Arguments::convert_operands(const std::vector<std::string>& operands) {
  std::size_t next = 0;
  for (const Operand& declared : operands_) {
    const bool by_flag = std::ranges::any_of(flags_, [&](const Flag& flag) {
      return !declared.flag.empty() && flag.names == declared.flag && !flag.given.empty();
    });
    if (by_flag) continue;
    if (next == operands.size() && declared.need == Need::required) {
      usage_error(declared.name, "missing", fmt::format("'{} --help' shows how", command_));
    }
    const std::size_t end = declared.all_left ? operands.size() : std::min(next + 1, operands.size());
    for (; next < end; ++next) declared.convert(declared.name, operands[next]);
  }
  if (next < operands.size()) {
    usage_error(operands[next], "one argument too many", fmt::format("'{} --help' shows how", command_));
  }
}

std::vector<Arguments::Known> Arguments::known_flags() const {
  std::vector<Known> known;
  for (const Flag& declared : flags_) {
    if (declared.help.empty()) continue;
    known.push_back({split_names(declared.names), declared.type, declared.help, declared.times == Times::many});
  }
  return known;
}

std::vector<Arguments::Known> Arguments::known_operands() const {
  std::vector<Known> known;
  for (const Operand& declared : operands_) known.push_back({{}, declared.name, declared.help, declared.all_left});
  return known;
}

std::vector<std::string> Arguments::all_flag_names() const {
  std::vector<std::string> names{"--help"};
  for (Known& flag : known_flags()) {
    for (std::string& name : flag.names) names.push_back(std::move(name));
  }
  return names;
}

std::string Arguments::help_text() const {
  std::string text = fmt::format("{}: {}\n\nusage: {}", command_, summary_, command_);
  for (const Operand& declared : operands_) {
    const std::string shown = declared.name + (declared.all_left ? "..." : "");
    text += fmt::format(fmt::runtime(declared.need == Need::required ? " {}" : " [{}]"), shown);
  }
  text += " [flags]\n\n";
  for (const Operand& declared : operands_) text += fmt::format("  {:<26} {}\n", declared.name, declared.help);
  for (const Flag& declared : flags_) {
    if (declared.help.empty()) continue;
    std::string left = declared.names;
    for (std::size_t at = left.find(','); at != std::string::npos; at = left.find(',', at + 2))
      left.insert(at + 1, 1, ' ');
    if (!declared.type.empty()) left += ' ' + declared.type;
    text += fmt::format("  {:<26} {}\n", left, declared.help);
  }
  text += fmt::format("  {:<26} {}\n", "-h, --help", "this text");
  if (!epilogue_.empty()) text += fmt::format("\n{}\n", epilogue_);
  return text;
}

}  // namespace slickq::cli
