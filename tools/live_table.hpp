// The columns of `slickq watch` and `slickq top`: what stands in them, how they sort, and which of them a narrow
// terminal shows.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sampler.hpp"
#include "text_width.hpp"

namespace slickq::cli {

enum class Units : bool { plain, human };  ///< numbers for scripts, or at most five columns wide

struct LiveColumn {
  std::string_view title;
  bool number;          ///< stands to the right, sorts largest first
  unsigned importance;  ///< 0 is shown on the narrowest terminal
  std::size_t least;    ///< a terminal with less room for it does not show it
  char key;             ///< that sorts by it in `top`
  std::string (*cell)(const QueueSample&, Units);
  double (*value)(const QueueSample&);  ///< to sort by; null: by the text
};

/// Name, numbers, state; the sparkline of `top` is not among them.
std::span<const LiveColumn> live_columns() noexcept;

/// -1 and less are no numbers: what is not known sorts behind everything.
inline constexpr double kUnknownValue = -1;

struct PlacedColumn {
  std::size_t column = 0;  ///< in live_columns(), or their number for the sparkline
  std::size_t width = 0;
};

/// Which columns fit into `width`, in the order of live_columns(), two spaces between them. The most important comes
/// first of all, then others as long as there is room; what is left over makes the texts as wide as they are.
/// `natural`: of each column, how wide it would like to be. `trend`: with a sparkline behind the name.
std::vector<PlacedColumn> place_columns(std::span<const std::size_t> natural, std::size_t width, bool trend);

/// The widest of each column, its title included.
std::vector<std::size_t> natural_widths(const std::vector<QueueSample>& samples, Units units);

/// The text of a cell: clean, not yet cut.
std::string live_cell(const LiveColumn& column, const QueueSample& sample, Units units,
                      Charset charset = Charset::utf8);

/// One character per rate, the newest last, at most `width`; unknown ones (negative) are spaces. The tallest is the
/// largest of those shown.
std::string sparkline(std::span<const double> rates, std::size_t width, Charset charset);

}  // namespace slickq::cli
