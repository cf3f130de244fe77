// A JSON text that can say where each of its values stands: line and column of every JSON pointer.
//
// Thread safety: immutable after parse(); const functions from any thread.
// Hostile input: any bytes give a Document or a ConfigError; size and depth are limited, so nothing recurses
// deeply.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace slickqd {

/// What is wrong with a config, and exactly where. what() reads "file:line:column: pointer: problem".
class ConfigError : public std::runtime_error {
 public:
  ConfigError(std::string file, std::size_t line, std::size_t column, std::string pointer, std::string problem);

  const std::string& file() const noexcept { return file_; }
  std::size_t line() const noexcept { return line_; }      ///< from 1; 0: the file as a whole
  std::size_t column() const noexcept { return column_; }  ///< from 1, in characters
  const std::string& pointer() const noexcept { return pointer_; }
  const std::string& problem() const noexcept { return problem_; }

 private:
  std::string file_;
  std::size_t line_;
  std::size_t column_;
  std::string pointer_;
  std::string problem_;
};

class Document {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
  static constexpr std::size_t kMaxDepth = 32;

  /// `file` is only a name for messages. Comments are accepted. Throws ConfigError: syntax, a key twice in
  /// one object.
  static Document parse(std::string file, std::string text);
  /// Reads the file first. Throws ConfigError, also when it cannot be read.
  static Document load(const std::string& file);

  const nlohmann::json& root() const noexcept { return root_; }
  const std::string& file() const noexcept { return file_; }

  enum class At { value, key };
  /// The error for what stands at `pointer` (its value, or its key); an absent one is blamed on its parent.
  ConfigError error(const std::string& pointer, std::string problem, At at = At::value) const;

 private:
  friend class PositionScanner;
  struct Offsets {
    std::size_t key = 0;
    std::size_t value = 0;
  };

  ConfigError error_at(std::size_t offset, std::string pointer, std::string problem) const;

  std::string file_;
  std::string text_;
  nlohmann::json root_;
  std::map<std::string, Offsets> offsets_;
};

/// `parent` + "/" + the key, escaped as RFC 6901 wants it.
std::string pointer_to(const std::string& parent, std::string_view key);

}  // namespace slickqd
