// Columns for people that stay parseable for scripts: no borders, two spaces between, numbers to the right.
//
// Thread safety: one thread.
#pragma once

#include <limits>
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
  /// The same as lines; none is wider than `width`.
  std::vector<std::string> lines(const Style& style, bool headings,
                                 std::size_t width = std::numeric_limits<std::size_t>::max()) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// `text` with everything that moves a terminal (a command's name may hold any) replaced by '?': see clean_text().
std::string printable(std::string_view text);

}  // namespace slickq::cli
