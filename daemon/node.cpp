#include "node.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <limits>
#include <optional>
#include <system_error>

#include "json_text.hpp"
#include "slickq/error.hpp"
#include "suggestion.hpp"
#include "units.hpp"

namespace slickqd {
namespace {

// Long values would bury the message.
std::string shown(const nlohmann::json& value) {
  std::string text = json_text(value);
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return text;
}

std::optional<std::uint32_t> as_id(const std::string& text) {
  std::uint32_t id = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return id;
}

// To the kernel that number is nobody: "leave the owner as he is".
constexpr std::uint32_t kUnchanged = std::numeric_limits<std::uint32_t>::max();

// Behind getpwnam() and getgrnam() that found nothing. Several numbers say that there is nothing to find (getpwnam(3));
// the others, that the service which knows was not to be had. That is no fault of the config, and may pass.
void require_an_answer(const char* what, const std::string& name, int error) {
  constexpr std::array kNotThere{0, ENOENT, ESRCH, EBADF, EPERM};
  if (std::ranges::count(kNotThere, error) > 0) return;
  throw slickq::Error(
      slickq::Errc::system, name,
      fmt::format("the name service could not be asked for this {}: {}", what, std::generic_category().message(error)),
      fmt::format("a number instead of the name needs no name service: getent {} {}",
                  std::string_view(what) == "user" ? "passwd" : "group", name),
      error);
}

}  // namespace

ConfigError Node::wrong_type(std::string_view wanted) const {
  return fail(fmt::format("{} is {}, {} is wanted", shown(*value_), value_->type_name(), wanted));
}

bool Node::boolean() const {
  if (!value_->is_boolean()) throw wrong_type("true or false");
  return value_->get<bool>();
}

std::uint64_t Node::integer(std::uint64_t least, std::uint64_t most) const {
  const std::string wanted = fmt::format("a whole number of {} to {}", least, most);
  if (!value_->is_number()) throw wrong_type(wanted);
  if (!value_->is_number_unsigned()) throw fail(fmt::format("{} is not {}", shown(*value_), wanted));
  const auto number = value_->get<std::uint64_t>();
  if (number < least || number > most) throw fail(fmt::format("{} is not {}", number, wanted));
  return number;
}

std::string Node::text() const {
  if (!value_->is_string()) throw wrong_type("a string");
  auto text = value_->get<std::string>();
  if (text.empty()) throw fail("an empty string has no meaning here");
  if (text.find('\0') != std::string::npos) throw fail("the string contains a NUL character");
  return text;
}

std::string Node::absolute_path() const {
  std::string path = text();
  if (path.front() != '/') throw fail(fmt::format("\"{}\" is no absolute path: begin it with '/'", path));
  return path;
}

std::chrono::milliseconds Node::duration(std::chrono::milliseconds least) const {
  const std::string word = text();
  const auto value = parse_duration(word);
  if (!value) throw fail(fmt::format("\"{}\" is no duration: write \"500ms\", \"2s\", \"10m\" or \"1h\"", word));
  if (*value < least) throw fail(fmt::format("\"{}\" is too short: at least {} ms", word, least.count()));
  return *value;
}

double Node::percent() const {
  const std::string word = text();
  const auto value = parse_percent(word);
  if (!value) throw fail(fmt::format("\"{}\" is no percentage: write \"0%\" to \"100%\"", word));
  return *value;
}

mode_t Node::mode() const {
  const std::string word = text();
  const auto value = parse_mode(word);
  if (!value) throw fail(fmt::format("\"{}\" is no mode: write three or four octal digits, \"0660\"", word));
  return *value;
}

uid_t Node::user() const {
  const std::string name = text();
  if (const auto id = as_id(name)) {
    if (*id == kUnchanged) throw fail(fmt::format("{} is no user's number", name));
    return *id;
  }
  errno = 0;
  const passwd* entry = getpwnam(name.c_str());
  if (entry == nullptr) {
    require_an_answer("user", name, errno);
    throw fail(fmt::format("there is no user \"{}\" on this machine: create it or name another", name));
  }
  return entry->pw_uid;
}

gid_t Node::group() const {
  const std::string name = text();
  if (const auto id = as_id(name)) {
    if (*id == kUnchanged) throw fail(fmt::format("{} is no group's number", name));
    return *id;
  }
  errno = 0;
  const ::group* entry = getgrnam(name.c_str());
  if (entry == nullptr) {
    require_an_answer("group", name, errno);
    throw fail(fmt::format("there is no group \"{}\" on this machine: create it or name another", name));
  }
  return entry->gr_gid;
}

std::vector<Node> Node::elements() const {
  if (!value_->is_array()) throw wrong_type("an array");
  std::vector<Node> nodes;
  for (std::size_t k = 0; k < value_->size(); ++k) {
    nodes.emplace_back(*document_, (*value_)[k], pointer_ + "/" + std::to_string(k));
  }
  return nodes;
}

std::vector<std::pair<std::string, Node>> Node::members() const {
  if (!value_->is_object()) throw wrong_type("an object");
  std::vector<std::pair<std::string, Node>> members;
  for (const auto& [key, value] : value_->items()) {
    members.emplace_back(key, Node(*document_, value, pointer_to(pointer_, key)));
  }
  return members;
}

std::string Node::none_of(const std::string& word, std::span<const std::string_view> words) {
  return fmt::format("\"{}\" is none of {}{}", word, fmt::join(words, ", "), suggestion(word, words));
}

ConfigError unknown_key(const Node& member, const std::string& key, std::span<const std::string_view> known) {
  const std::string meant = suggestion(key, known);
  return member.fail_at_key(meant.empty()
                                ? fmt::format("unknown key \"{}\"; known here: {}", key, fmt::join(known, ", "))
                                : fmt::format("unknown key \"{}\"{}", key, meant));
}

ConfigError missing_key(const Node& object, std::string_view key) {
  return object.fail(fmt::format("the key \"{}\" is missing", key));
}

}  // namespace slickqd
