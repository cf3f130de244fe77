// Who uses which segment, asked no more often than it may cost.
//
// Thread safety: none.
// A pass over /proc takes some 25 us for each process of the machine, and a holder that cannot be named costs
// several: all of it together gets 1/kShare of the time. Between two passes the last answers stand.
#pragma once

#include <map>
#include <string>

#include "clock.hpp"
#include "slickq/holders.hpp"

namespace slickqd {

class HolderPass {
 public:
  static constexpr int kShare = 400;

  explicit HolderPass(const Clock& clock) : clock_(clock) {}

  /// Forgets the answers and looks again when the time has come.
  void begin_round(const std::string& shm_dir);
  /// Throws slickq::Error when the segment is gone.
  const slickq::Holders& of(const std::string& path);

 private:
  void charge(Monotonic begun);

  const Clock& clock_;
  slickq::HolderMap map_;
  std::map<std::string, slickq::Holders> answers_;  // by path, since the last pass
  Monotonic next_{};
};

}  // namespace slickqd
