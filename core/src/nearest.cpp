#include "slickq/nearest.hpp"

#include <algorithm>
#include <vector>

namespace slickq {
namespace {

// A word may come from a hostile file; no name, flag or key is longer.
constexpr std::size_t kLongestWord = 255;
// Fewer letters than this tell nothing.
constexpr std::size_t kTelling = 3;

// "elem" for "element_size", "warn" for "warning".
std::string_view longest_beginning(std::string_view word, std::span<const std::string_view> known) {
  std::string_view longest;
  for (const std::string_view candidate : known) {
    const bool begins = candidate.size() >= kTelling && word.starts_with(candidate);
    if (begins && candidate.size() > longest.size()) longest = candidate;
  }
  return longest;
}

}  // namespace

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

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.empty() || word.size() > kLongestWord) return {};
  const auto begins_with_word = [&](std::string_view candidate) { return candidate.starts_with(word); };
  if (std::ranges::count_if(known, begins_with_word) == 1) return *std::ranges::find_if(known, begins_with_word);
  if (word.size() < kTelling) return {};  // one edit away is then anything
  if (const std::string_view beginning = longest_beginning(word, known); !beginning.empty()) return beginning;
  std::size_t best_distance = word.size() / 3 + 1;
  std::string_view best;
  for (const std::string_view candidate : known) {
    // The cheap bound first: a shm directory may hold thousands of names.
    const std::size_t longer = std::max(candidate.size(), word.size());
    if (longer - std::min(candidate.size(), word.size()) >= best_distance) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

}  // namespace slickq
