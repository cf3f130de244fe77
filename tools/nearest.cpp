#include "nearest.hpp"

#include <algorithm>
#include <vector>

namespace slickq::cli {

std::size_t edit_distance(std::string_view from, std::string_view to) {
  // Three rows of the classic matrix are enough: a swap looks back two.
  std::vector<std::size_t> before_last(to.size() + 1), last(to.size() + 1), row(to.size() + 1);
  for (std::size_t k = 0; k <= to.size(); ++k) last[k] = k;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (std::size_t k = 1; k <= to.size(); ++k) {
      const std::size_t replace = last[k - 1] + (from[i - 1] == to[k - 1] ? 0 : 1);
      row[k] = std::min({last[k] + 1, row[k - 1] + 1, replace});
      const bool swapped = i > 1 && k > 1 && from[i - 1] == to[k - 2] && from[i - 2] == to[k - 1];
      if (swapped) row[k] = std::min(row[k], before_last[k - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[to.size()];
}

std::string nearest(std::string_view word, std::span<const std::string> known) {
  if (word.empty()) return {};
  const auto starts_with_word = [&](const std::string& candidate) { return candidate.starts_with(word); };
  if (std::ranges::count_if(known, starts_with_word) == 1) return *std::ranges::find_if(known, starts_with_word);
  if (word.size() < 3) return {};  // one edit away is then anything
  const std::size_t limit = word.size() / 3;
  std::string best;
  std::size_t best_distance = limit + 1;
  for (const std::string& candidate : known) {
    // The cheap bound first: a shm directory may hold thousands of names.
    const std::size_t longer = std::max(candidate.size(), word.size());
    if (longer - std::min(candidate.size(), word.size()) >= best_distance) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
  const std::string found = nearest(word, known);
  return found.empty() ? std::string() : "did you mean " + found + "?";
}

}  // namespace slickq::cli
