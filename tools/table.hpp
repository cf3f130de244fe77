// Columns for people that stay parseable for scripts: no borders, two spaces between, numbers to the right.
//
// Thread safety: one thread.
#pragma once

#include <string>
#include <vector>

#include "session.hpp"

namespace slickq::cli {

class Table {
 public:
  enum class Align : bool { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// As many cells as columns. Control characters are replaced: a cell never breaks its line.
  void add(std::vector<std::string> cells);
  bool empty() const noexcept { return rows_.empty(); }
  void print(Session& session, bool headings = true) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// `text` with control characters (a command's name may hold any) replaced by '?'.
std::string printable(std::string_view text);

}  // namespace slickq::cli
