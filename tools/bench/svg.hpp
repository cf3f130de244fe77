// A picture as text: lines, dots and words in SVG, with colours for light and dark pages.
//
// Thread safety: one thread.
// Contract: text() is a whole document, whatever was drawn; words are escaped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slickq::bench {

struct Point {
  double x;
  double y;
};

class Svg {
 public:
  Svg(double width, double height) : width_(width), height_(height) {}

  enum class Anchor { start, middle, end };
  /// `style`: "ink", "faint", or one of series_style().
  void words(Point at, std::string_view text, std::string_view style = "ink", Anchor anchor = Anchor::start,
             double turned = 0);
  void line(Point from, Point to, std::string_view style);
  void path(const std::vector<Point>& points, std::string_view style);
  void dot(Point at, std::string_view style);

  std::string text() const;

  /// The style of the k-th thing to be told apart.
  static std::string series_style(std::size_t k);

 private:
  double width_;
  double height_;
  std::string body_;
};

}  // namespace slickq::bench
