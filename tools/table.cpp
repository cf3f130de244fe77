#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slickq::cli {

std::string printable(std::string_view text) {
  std::string clean(text);
  std::ranges::replace_if(
      clean, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return clean;
}

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

void Table::print(Session& session, bool headings) const {
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
    return text;
  };
  if (headings) session.out.line(session.style.bold(line([&](std::size_t k) { return columns_[k].title; })));
  for (const auto& row : rows_) session.out.line(line([&](std::size_t k) { return row[k]; }));
}

}  // namespace slickq::cli
