#include "document.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <utility>

namespace slickqd {
namespace {

std::string describe(const std::string& file, std::size_t line, std::size_t column, const std::string& pointer,
                     const std::string& problem) {
  std::string text = file;
  if (line > 0) text += fmt::format(":{}:{}", line, column);
  if (!pointer.empty()) text += ": " + pointer;
  return text + ": " + problem;
}

// nlohmann words a syntax error as "[code] parse error at line L, column C: what"; we say the place
// ourselves.
std::string syntax_problem(std::string_view what) {
  const std::size_t place = what.find("parse error");
  const std::size_t colon = what.find(": ", place == std::string_view::npos ? 0 : place);
  return std::string(colon == std::string_view::npos ? what : what.substr(colon + 2));
}

// As read(), of what was opened with O_NONBLOCK; fails with EAGAIN after a second without news.
ssize_t read_or_wait(int fd, char* to, std::size_t most) {
  const ssize_t got = read(fd, to, most);
  if (got >= 0 || errno != EAGAIN) return got;
  pollfd awaited{fd, POLLIN, 0};
  poll(&awaited, 1, 1000);
  return read(fd, to, most);
}

std::string read_text(const std::string& file) {
  const auto failed = [&file](const char* action) {
    return ConfigError(file, 0, 0, "", fmt::format("{}: {}", action, std::strerror(errno)));
  };
  // A pipe nobody writes to must not stop a daemon that reloads: it is empty. A writer who is at work is waited for.
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) throw failed("cannot open");
  std::string text(Document::kMaxBytes + 1, '\0');  // one more: tells "too long" from "exactly full"
  std::size_t have = 0;
  ssize_t got = 0;
  while (have < text.size() && (got = read_or_wait(fd, text.data() + have, text.size() - have)) > 0) {
    have += static_cast<std::size_t>(got);
  }
  const int error = errno;
  close(fd);
  errno = error;
  if (got < 0) throw failed("cannot read");
  text.resize(have);
  return text;
}

}  // namespace

// Walks a text that nlohmann already accepted, so it need not check syntax: it only notes where things begin.
class PositionScanner {
 public:
  explicit PositionScanner(Document& document) : document_(document), text_(document.text_) {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
  }

  void scan() { value("", 0, 0); }

 private:
  void value(const std::string& pointer, std::size_t key_offset, std::size_t depth) {
    skip_space();
    if (depth > Document::kMaxDepth) {
      throw document_.error_at(at_, pointer, fmt::format("nested deeper than {} levels", Document::kMaxDepth));
    }
    document_.offsets_[pointer] = {pointer.empty() ? at_ : key_offset, at_};
    if (peek() == '{') return object(pointer, depth);
    if (peek() == '[') return array(pointer, depth);
    if (peek() == '"') return skip_string();
    const std::size_t begin = at_;
    while (at_ < text_.size() && std::strchr(",]} \t\r\n/", text_[at_]) == nullptr) ++at_;
    // The two readers of a text differ: better an error than to stand here for ever.
    if (at_ == begin) throw document_.error_at(at_, pointer, "no value here");
  }

  void object(const std::string& pointer, std::size_t depth) {
    ++at_;
    for (skip_space(); at_ < text_.size() && peek() != '}'; skip_space()) {
      const std::size_t begin = at_;
      skip_string();
      // Escapes in a key are decoded by the parser that decoded it for everybody else.
      const auto key = nlohmann::json::parse(text_.substr(begin, at_ - begin)).get<std::string>();
      const std::string child = pointer_to(pointer, key);
      if (document_.offsets_.contains(child)) {
        throw document_.error_at(begin, child, fmt::format("the key \"{}\" is there twice", key));
      }
      skip_space();
      ++at_;  // ':'
      value(child, begin, depth + 1);
      skip_space();
      if (peek() == ',') ++at_;
    }
    ++at_;
  }

  void array(const std::string& pointer, std::size_t depth) {
    ++at_;
    std::size_t index = 0;
    for (skip_space(); at_ < text_.size() && peek() != ']'; skip_space()) {
      value(pointer + "/" + std::to_string(index++), at_, depth + 1);
      skip_space();
      if (peek() == ',') ++at_;
    }
    ++at_;
  }

  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }

  void skip_space() {
    for (;;) {
      while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
      const std::string_view here = text_.substr(std::min(at_, text_.size()), 2);
      if (here == "//") {
        at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
      } else if (here == "/*") {
        const std::size_t end = text_.find("*/", at_ + 2);
        at_ = end == std::string_view::npos ? text_.size() : end + 2;
      } else {
        return;
      }
    }
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  Document& document_;
  std::string_view text_;
  std::size_t at_ = 0;
};

ConfigError::ConfigError(std::string file, std::size_t line, std::size_t column, std::string pointer,
                         std::string problem)
    : std::runtime_error(describe(file, line, column, pointer, problem)),
      file_(std::move(file)),
      line_(line),
      column_(column),
      pointer_(std::move(pointer)),
      problem_(std::move(problem)) {}

Document Document::parse(std::string file, std::string text) {
  Document document;
  document.file_ = std::move(file);
  document.text_ = std::move(text);
  if (document.text_.size() > kMaxBytes) {
    throw ConfigError(document.file_, 0, 0, "", fmt::format("longer than {} bytes", kMaxBytes));
  }
  // The parser takes it for the end of the text, and would never see what is behind it.
  if (const std::size_t zero = document.text_.find('\0'); zero != std::string::npos) {
    throw document.error_at(zero, "", "a zero byte: this is no text");
  }
  try {
    document.root_ = nlohmann::json::parse(document.text_, nullptr, true, /*ignore_comments=*/true);
  } catch (const nlohmann::json::exception& error) {
    const auto* syntax = dynamic_cast<const nlohmann::json::parse_error*>(&error);
    // `byte` counts from 1 and points at the last byte read.
    const std::size_t offset = syntax != nullptr && syntax->byte > 0 ? syntax->byte - 1 : 0;
    throw document.error_at(offset, "", syntax_problem(error.what()));
  }
  PositionScanner(document).scan();
  return document;
}

Document Document::load(const std::string& file) { return parse(file, read_text(file)); }

ConfigError Document::error(const std::string& pointer, std::string problem, At at) const {
  auto found = offsets_.find(pointer);
  for (std::string parent = pointer; found == offsets_.end() && !parent.empty();) {
    parent.resize(parent.rfind('/'));
    found = offsets_.find(parent);
  }
  if (found == offsets_.end()) return ConfigError(file_, 0, 0, pointer, std::move(problem));
  return error_at(at == At::key ? found->second.key : found->second.value, pointer, std::move(problem));
}

ConfigError Document::error_at(std::size_t offset, std::string pointer, std::string problem) const {
  const std::string_view before = std::string_view(text_).substr(0, offset);
  std::size_t line = 1;
  std::size_t column = 1;
  for (const char c : before) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0u) != 0x80u) {
      ++column;  // continuation bytes of UTF-8 are no characters of their own
    }
  }
  return ConfigError(file_, line, column, std::move(pointer), std::move(problem));
}

std::string pointer_to(const std::string& parent, std::string_view key) {
  std::string pointer = parent + "/";
  for (const char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

}  // namespace slickqd
