#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "text_width.hpp"

namespace slickq::cli {

std::string printable(std::string_view text) { return clean_text(text); }

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::vector<std::string> Table::lines(const Style& style, bool headings, std::size_t most) const {
  std::vector<std::size_t> widths;
  for (std::size_t k = 0; k < columns_.size(); ++k) {
    std::size_t width = headings ? columns_[k].title.size() : 0;
    for (const auto& row : rows_) width = std::max(width, row[k].size());
    widths.push_back(width);
  }
  const auto line = [&](auto&& cell) {
    std::string text;
    for (std::size_t k = 0; k < columns_.size(); ++k) {
      if (k != 0) text += "  ";
      text += columns_[k].align == Align::right ? fmt::format("{:>{}}", cell(k), widths[k])
                                                : fmt::format("{:<{}}", cell(k), widths[k]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return clip_text(text, most);
  };
  std::vector<std::string> all;
  if (headings) all.push_back(style.bold(line([&](std::size_t k) { return columns_[k].title; })));
  for (const auto& row : rows_) all.push_back(line([&](std::size_t k) { return row[k]; }));
  return all;
}

void Table::print(Session& session, bool headings) const {
  for (const std::string& line : lines(session.style, headings)) session.out.line(line);
}

}  // namespace slickq::cli
