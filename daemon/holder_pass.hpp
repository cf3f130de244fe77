// Who uses which segment, asked no more often than it may cost.
//
// Thread safety: none.
// A pass over /proc takes 25 to 100 us for each process of the machine, and a question some 50 us: all of it together
// gets 1/kShare of the time; but however many questions there are, they put the next pass off by kLongest at most.
// Between two passes the last answers stand. When names came and went, or somebody came whom the last pass did not see,
// the next pass may come sooner: it gets 1/kHastyShare then. Who has died meanwhile is taken out in each round, which
// takes one question for each process that is named. Whatever somebody opens, a round gives a pass kBudget of its time,
// and the next one goes on where it ended; until the first pass is through, users are known by their locks alone.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clock.hpp"
#include "slickq/holders.hpp"

namespace slickqd {

class HolderPass {
 public:
  static constexpr int kShare = 400;
  static constexpr int kHastyShare = 20;
  static constexpr std::chrono::milliseconds kBudget{50};
  static constexpr std::chrono::seconds kLongest{60};

  explicit HolderPass(const Clock& clock, std::chrono::milliseconds budget = kBudget)
      : clock_(clock), budget_(budget) {}

  /// Forgets the answers and looks again when the time has come.
  void begin_round(const std::string& shm_dir);
  /// Something was removed or made: the answers are worth little.
  void hurry() noexcept { hurry_ = true; }
  /// Throws slickq::Error when the segment is gone.
  const slickq::Holders& of(const std::string& path);

  /// When the last pass began; what is told from here on is what it saw.
  Monotonic made_at() const noexcept { return made_at_; }
  const std::vector<slickq::Holder>& of_file(slickq::FileId file) const noexcept { return map_.of(file); }
  /// Removed segments of that name which somebody still has.
  std::vector<slickq::FileId> removed_of(const std::string& name) const;

 private:
  void go_on();
  void forget_the_dead();
  void charge(Monotonic begun);

  const Clock& clock_;
  std::chrono::milliseconds budget_;
  std::optional<slickq::HolderScan> scan_;  // under way
  Monotonic scan_begun_{};
  slickq::HolderMap map_;
  std::multimap<std::string, slickq::FileId> removed_;
  std::map<std::string, slickq::Holders> answers_;  // by path, since the last pass
  std::set<std::string> unnamed_;                   // held by nobody we know, before and after the last pass
  Monotonic made_at_{};
  std::chrono::steady_clock::duration cost_{};  // since the last pass began
  Monotonic next_{};
  Monotonic latest_{};  // next_ at the most
  bool hurry_ = false;
};

}  // namespace slickqd
