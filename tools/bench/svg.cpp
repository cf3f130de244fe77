#include "svg.hpp"

#include <fmt/format.h>

#include <array>

namespace slickq::bench {
namespace {

struct Colours {
  std::string_view style;
  std::string_view light;
  std::string_view dark;
};
// Told apart by people who see few colours, too (after Okabe and Ito), each with enough contrast on its page.
constexpr std::array kColours{Colours{"page", "#ffffff", "#15181c"},    Colours{"ink", "#1f2328", "#e6e8ea"},
                              Colours{"faint", "#d3d8de", "#3a4149"},   Colours{"series0", "#0067a5", "#56b4e9"},
                              Colours{"series1", "#b64a00", "#e69f00"}, Colours{"series2", "#00734f", "#2fc495"},
                              Colours{"series3", "#9a3b78", "#e58cc0"}};
constexpr std::size_t kFirstSeries = 3;

std::string rules(bool dark) {
  std::string text;
  for (const Colours& colours : kColours) {
    const std::string_view colour = dark ? colours.dark : colours.light;
    text += fmt::format("line.{0},polyline.{0}{{stroke:{1}}}text.{0},circle.{0},rect.{0}{{fill:{1}}}\n", colours.style,
                        colour);
  }
  return text;
}

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      default: safe += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return safe;
}

constexpr std::array<std::string_view, 3> kAnchors{"start", "middle", "end"};

}  // namespace

std::string Svg::series_style(std::size_t k) {
  return std::string(kColours[kFirstSeries + k % (kColours.size() - kFirstSeries)].style);
}

void Svg::words(Point at, std::string_view text, std::string_view style, Anchor anchor, double turned) {
  const std::string turn =
      turned == 0 ? std::string() : fmt::format(" transform=\"rotate({:.0f} {:.1f} {:.1f})\"", turned, at.x, at.y);
  body_ += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", style, at.x,
                       at.y, kAnchors[static_cast<std::size_t>(anchor)], turn, escaped(text));
}

void Svg::line(Point from, Point to, std::string_view style) {
  body_ += fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", style, from.x,
                       from.y, to.x, to.y);
}

void Svg::path(const std::vector<Point>& points, std::string_view style) {
  body_ += fmt::format("<polyline class=\"{}\" points=\"", style);
  for (const Point& point : points) body_ += fmt::format("{:.1f},{:.1f} ", point.x, point.y);
  body_ += "\"/>\n";
}

void Svg::dot(Point at, std::string_view style) {
  body_ += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n", style, at.x, at.y);
}

std::string Svg::text() const {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n"
      "<style>\npolyline{{fill:none;stroke-width:2}}\n{2}@media (prefers-color-scheme:dark){{\n{3}}}\n</style>\n"
      "<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n{4}</svg>\n",
      width_, height_, rules(false), rules(true), body_);
}

}  // namespace slickq::bench
