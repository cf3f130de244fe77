// One value of a config document, read as what it should be. Every function either returns a good value or
// throws ConfigError with the value's place, what was found and what is wanted.
//
// Thread safety: const functions from any thread; the Document outlives the Node.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "document.hpp"

namespace slickqd {

template <class E>
struct Choice {
  std::string_view word;
  E value;
};

class Node {
 public:
  Node(const Document& document, const nlohmann::json& value, std::string pointer)
      : document_(&document), value_(&value), pointer_(std::move(pointer)) {}

  bool is_null() const noexcept { return value_->is_null(); }
  bool boolean() const;
  std::uint64_t integer(std::uint64_t least, std::uint64_t most) const;
  std::string text() const;
  std::string absolute_path() const;
  std::chrono::milliseconds duration(std::chrono::milliseconds least) const;
  double percent() const;
  mode_t mode() const;
  /// A name or a number. Throws slickq::Error when the name service could not be asked.
  uid_t user() const;
  gid_t group() const;
  std::vector<Node> elements() const;
  std::vector<std::pair<std::string, Node>> members() const;

  template <class E>
  E one_of(std::span<const Choice<E>> choices) const {
    const std::string word = text();
    std::vector<std::string_view> words;
    for (const Choice<E>& choice : choices) {
      if (choice.word == word) return choice.value;
      words.push_back(choice.word);
    }
    throw fail(none_of(word, words));
  }

  const std::string& pointer() const noexcept { return pointer_; }
  ConfigError fail(std::string problem) const { return document_->error(pointer_, std::move(problem)); }
  ConfigError fail_at_key(std::string problem) const {
    return document_->error(pointer_, std::move(problem), Document::At::key);
  }

 private:
  static std::string none_of(const std::string& word, std::span<const std::string_view> words);
  ConfigError wrong_type(std::string_view wanted) const;

  const Document* document_;
  const nlohmann::json* value_;
  std::string pointer_;
};

/// One key an object may have, and how to read it.
template <class T>
struct Field {
  std::string_view key;
  bool required;
  void (*read)(const Node& node, T& out);
};

/// Unknown keys are refused before any value is read: the typo is what the person has to see first.
ConfigError unknown_key(const Node& member, const std::string& key, std::span<const std::string_view> known);
ConfigError missing_key(const Node& object, std::string_view key);

template <class T>
void read_object(const Node& node, std::span<const Field<T>> fields, T& out) {
  std::vector<std::string_view> known;
  for (const Field<T>& field : fields) known.push_back(field.key);
  const auto members = node.members();
  std::vector<const Node*> found(fields.size(), nullptr);
  for (const auto& [key, member] : members) {
    std::size_t k = 0;
    while (k < known.size() && known[k] != key) ++k;
    if (k == known.size()) throw unknown_key(member, key, known);
    found[k] = &member;
  }
  for (std::size_t k = 0; k < fields.size(); ++k) {
    if (found[k] != nullptr) {
      fields[k].read(*found[k], out);
    } else if (fields[k].required) {
      throw missing_key(node, fields[k].key);
    }
  }
}

}  // namespace slickqd
