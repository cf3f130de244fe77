// The flags and operands of one verb: declared once, parsed by CLI11, explained by --help.
//
// Thread safety: one thread.
// Contract: targets given to the declaring functions outlive parse(). Every mistake on the command line is an
// Error(invalid_argument) whose object is the flag and whose remedy is the nearest flag or `--help`. An
// operand that looks like a negative number is an operand.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slickq::cli {

/// Takes one value given to `flag`; throws Error(invalid_argument).
using Convert = std::function<void(std::string_view flag, const std::string& text)>;

/// `text`; throws when it is empty: a variable of a script that is not set must not mean the default.
std::string not_empty(std::string_view flag, const std::string& text);

inline Convert into(std::string& target) {
  return [&target](std::string_view flag, const std::string& text) { target = not_empty(flag, text); };
}
inline Convert into(std::optional<std::string>& target) {
  return [&target](std::string_view flag, const std::string& text) { target = not_empty(flag, text); };
}
inline Convert append_to(std::vector<std::string>& target) {
  return [&target](std::string_view, const std::string& text) { target.push_back(text); };
}
/// `parse(flag, text)` into `target`.
template <class Target, class Value>
Convert into(Target& target, Value (*parse)(std::string_view, std::string_view)) {
  return [&target, parse](std::string_view flag, const std::string& text) { target = parse(flag, text); };
}

class Arguments {
 public:
  /// `command`: as typed, "slickq create". `summary`: one line for --help.
  Arguments(std::string command, std::string summary);

  enum class Need : bool { optional, required };
  enum class Times : bool { once, many };

  /// `names` as in "-n,--count". Without `help` --help does not tell of it: it is for the program's own use.
  void flag(std::string names, bool& target, std::string help);
  void option(std::string names, std::string type, Convert convert, std::string help, Times times = Times::once);
  /// The next positional argument; one that has a `--flag` of the same name may be given either way.
  void operand(std::string name, Convert convert, std::string help, Need need = Need::required);
  /// The next positional argument, or `--name`.
  void operand_or_flag(std::string name, Convert convert, std::string help, Need need = Need::required);
  /// All positional arguments that are left.
  void rest(std::string name, Convert convert, std::string help, Need need = Need::required);
  /// Examples and remarks at the end of --help.
  void epilogue(std::string text) { epilogue_ = std::move(text); }

  /// What was declared, for completion: flags with their spellings (the long one last) and the type of their value,
  /// empty for a switch; operands with their name as the type. What --help does not tell of is left out.
  struct Known {
    std::vector<std::string> names;
    std::string type;
    std::string help;
    bool many = false;
  };
  std::vector<Known> known_flags() const;
  std::vector<Known> known_operands() const;

  /// Returns the help text when --help was given, else nothing.
  std::optional<std::string> parse(const std::vector<std::string>& arguments);

 private:
  struct Flag {
    std::string names;
    std::string type;  // empty: a switch
    std::string help;
    Convert convert;
    bool* target = nullptr;
    Times times = Times::once;
    std::vector<std::string> given;
  };
  struct Operand {
    std::string name;
    std::string help;
    Convert convert;
    Need need = Need::required;
    bool all_left = false;
    std::string flag;  // "--name" when it may be given so
  };

  std::string help_text() const;
  std::vector<std::string> run_cli11(const std::vector<std::string>& arguments, bool& help_wanted);
  std::vector<std::string> only_operands(const std::vector<std::string>& left) const;
  void convert_flags();
  void convert_operands(const std::vector<std::string>& operands);
  std::vector<std::string> all_flag_names() const;

  std::string command_;
  std::string summary_;
  std::string epilogue_;
  std::vector<Flag> flags_;
  std::vector<Operand> operands_;
};

}  // namespace slickq::cli
