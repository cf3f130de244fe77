#include "split_brain.hpp"

#include <algorithm>

namespace slickqd {
namespace {

constexpr std::size_t kRemembered = 8;  // somebody may make and remove it in a loop

}  // namespace

bool SplitBrainWatch::look(const std::string& name, std::optional<slickq::FileId> there, const HolderPass& holders,
                           Monotonic now) {
  remember(there, now);
  // Who was seen with it before it lost its name may have left with it.
  std::erase_if(former_, [&](const Former& former) {
    return holders.made_at() > former.left && holders.of_file(former.file).empty();
  });
  holders_.clear();
  if (there) {
    for (const slickq::FileId file : holders.removed_of(name)) add_holders_of(file, holders);
    for (const Former& former : former_) {
      if (holders.made_at() > former.left) add_holders_of(former.file, holders);
    }
  }
  return episode_.update(!holders_.empty(), holders_.empty());
}

void SplitBrainWatch::remember(std::optional<slickq::FileId> there, Monotonic now) {
  if (last_ && last_ != there) {
    if (former_.size() == kRemembered) former_.erase(former_.begin());
    former_.push_back({*last_, now});
  }
  last_ = there;
  // Moved away and back: it has its name again.
  std::erase_if(former_, [&](const Former& former) { return there && former.file == *there; });
}

void SplitBrainWatch::add_holders_of(slickq::FileId file, const HolderPass& holders) {
  for (const slickq::Holder& holder : holders.of_file(file)) {
    const auto known =
        std::find_if(holders_.begin(), holders_.end(), [&](const SplitHolder& h) { return h.pid == holder.pid; });
    if (known == holders_.end()) holders_.push_back({holder.pid, holder.command});
  }
}

}  // namespace slickqd
