// One panel of a picture: values over a few named places, on a logarithmic scale, a line for each series.
//
// Thread safety: one thread.
#pragma once

#include <string>
#include <vector>

#include "svg.hpp"

namespace slickq::bench {

struct Curve {
  std::string name;
  std::vector<double> values;  ///< one for each place; not above zero: no dot there
};

struct Chart {
  std::string title;
  std::string x_title;
  std::string y_title;
  std::vector<std::string> places;  ///< along the x axis, evenly spaced
  std::vector<Curve> curves;
  std::string (*label)(double value);  ///< of the y axis
};

/// Into the rectangle from `corner` on, legend below the axis included.
void draw(Svg& svg, const Chart& chart, Point corner, double width, double height);

}  // namespace slickq::bench
