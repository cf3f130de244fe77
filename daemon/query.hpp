// The part of a request target behind the '?'.
//
// Thread safety: const functions from any thread.
// Hostile input: any bytes; what is not understood is told by BadQuery, for the answer 400.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace slickqd {

struct BadQuery : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// %XX of a path or a query; an incomplete one stands for itself.
std::string percent_decoded(std::string_view text);

class Query {
 public:
  Query() = default;
  /// "dry_run=1&force=1"
  explicit Query(std::string_view text);

  /// "?key=1" and "?key" are yes, "?key=0" and nothing are no. Throws BadQuery for all else.
  bool flag(const std::string& key) const;
  std::uint64_t number(const std::string& key, std::uint64_t otherwise) const;
  /// Who changes something must not have his misspelt "dry_run" passed over. Throws BadQuery for any other key.
  void allow_only(std::initializer_list<std::string_view> keys) const;

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace slickqd
