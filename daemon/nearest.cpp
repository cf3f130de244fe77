#include "nearest.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace slickqd {
namespace {

// A hostile word may be as long as the config: the table below stays small.
constexpr std::size_t kLongestWord = 64;

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replace});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.empty() || word.size() > kLongestWord) return std::nullopt;
  std::optional<std::string_view> best;
  // A third of the word may be wrong, two letters always (but never all of it).
  std::size_t limit = std::min(std::max<std::size_t>(2, word.size() / 3), word.size() - 1);
  for (const std::string_view candidate : known) {
    // A beginning is meant whatever its length: "elem" for "element_size".
    const bool begins = word.size() >= 3 && (candidate.starts_with(word) || word.starts_with(candidate));
    const std::size_t apart = begins ? 1 : distance(word, candidate);
    if (apart > limit || (best && apart == limit)) continue;
    best = candidate;
    limit = apart;
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> known) {
  const auto best = nearest(word, known);
  return best ? "; did you mean \"" + std::string(*best) + "\"?" : std::string();
}

}  // namespace slickqd
