// Who still works on a removed segment that had a queue's name, while another has it now? What he writes nobody reads.
//
// Thread safety: none.
// A removed segment is known by the name /proc shows for it, or by having been under the name in an earlier round: who
// made it may be shown without a name. Seen with each pass over /proc, as far as we may look into processes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "clock.hpp"
#include "episode.hpp"
#include "holder_pass.hpp"
#include "snapshot.hpp"

namespace slickqd {

class SplitBrainWatch {
 public:
  /// `there`: what the name leads to now. True: announce it now.
  bool look(const std::string& name, std::optional<slickq::FileId> there, const HolderPass& holders, Monotonic now);
  const std::vector<SplitHolder>& holders() const noexcept { return holders_; }

 private:
  struct Former {
    slickq::FileId file;
    Monotonic left;  ///< when it was first missed
  };
  void remember(std::optional<slickq::FileId> there, Monotonic now);
  void add_holders_of(slickq::FileId file, const HolderPass& holders);

  std::optional<slickq::FileId> last_;
  std::vector<Former> former_;
  std::vector<SplitHolder> holders_;
  Episode episode_;
};

}  // namespace slickqd
