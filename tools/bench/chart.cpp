#include "chart.hpp"

#include "axis.hpp"

namespace slickq::bench {
namespace {

constexpr double kLeft = 64;
constexpr double kTop = 34;
constexpr double kBelow = 64;
constexpr double kRight = 14;

struct Frame {
  Point corner;
  double width;
  double height;

  double x(std::size_t place, std::size_t places) const {
    const double steps = places > 1 ? static_cast<double>(places - 1) : 1;
    return corner.x + width * static_cast<double>(place) / steps;
  }
  double y(double share) const { return corner.y + height * (1 - share); }
};

std::vector<double> values_of(const Chart& chart) {
  std::vector<double> values;
  for (const Curve& curve : chart.curves) values.insert(values.end(), curve.values.begin(), curve.values.end());
  return values;
}

void draw_axes(Svg& svg, const Chart& chart, const Frame& frame, const Range& range) {
  for (const double tick : ticks(range)) {
    const double y = frame.y(position(range, tick));
    svg.line({frame.corner.x, y}, {frame.corner.x + frame.width, y}, "faint");
    svg.words({frame.corner.x - 6, y + 4}, chart.label(tick), "ink", Svg::Anchor::end);
  }
  for (std::size_t k = 0; k < chart.places.size(); ++k) {
    svg.words({frame.x(k, chart.places.size()), frame.corner.y + frame.height + 16}, chart.places[k], "ink",
              Svg::Anchor::middle);
  }
  const double middle = frame.corner.x + frame.width / 2;
  svg.words({middle, frame.corner.y + frame.height + 34}, chart.x_title, "ink", Svg::Anchor::middle);
  svg.words({frame.corner.x - 52, frame.corner.y + frame.height / 2}, chart.y_title, "ink", Svg::Anchor::middle, -90);
  svg.words({middle, frame.corner.y - 14}, chart.title, "ink", Svg::Anchor::middle);
  svg.line({frame.corner.x, frame.y(0)}, {frame.corner.x + frame.width, frame.y(0)}, "ink");
  svg.line({frame.corner.x, frame.y(0)}, {frame.corner.x, frame.y(1)}, "ink");
}

void draw_curve(Svg& svg, const Curve& curve, const Frame& frame, const Range& range, const std::string& style) {
  std::vector<Point> points;
  for (std::size_t k = 0; k < curve.values.size(); ++k) {
    if (!(curve.values[k] > 0)) continue;
    points.push_back({frame.x(k, curve.values.size()), frame.y(position(range, curve.values[k]))});
  }
  svg.path(points, style);
  for (const Point& point : points) svg.dot(point, style);
}

}  // namespace

void draw(Svg& svg, const Chart& chart, Point corner, double width, double height) {
  const Frame frame{{corner.x + kLeft, corner.y + kTop}, width - kLeft - kRight, height - kTop - kBelow};
  const Range range = range_over(values_of(chart));
  draw_axes(svg, chart, frame, range);
  const double room = chart.curves.empty() ? 0 : frame.width / static_cast<double>(chart.curves.size());
  for (std::size_t k = 0; k < chart.curves.size(); ++k) {
    const std::string style = Svg::series_style(k);
    draw_curve(svg, chart.curves[k], frame, range, style);
    const Point legend{frame.corner.x + room * static_cast<double>(k), corner.y + height - 8};
    svg.dot({legend.x, legend.y - 4}, style);
    svg.words({legend.x + 8, legend.y}, chart.curves[k].name);
  }
}

}  // namespace slickq::bench
