#include "holder_pass.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace slickqd {

void HolderPass::begin_round(const std::string& shm_dir) {
  const Monotonic now = clock_.monotonic();
  forget_the_dead();
  const bool hasty = hurry_ && now >= made_at_ + cost_ * kHastyShare;
  if (!scan_ && now < next_ && !hasty) return;
  if (!scan_) {
    hurry_ = false;
    cost_ = {};
    next_ = {};
    scan_.emplace(shm_dir);
    scan_begun_ = now;
  }
  go_on();
  charge(now);
  latest_ = std::max(next_, clock_.monotonic() + kLongest);
}

void HolderPass::go_on() {
  const Monotonic end = clock_.monotonic() + budget_;
  if (!scan_->step([&] { return clock_.monotonic() >= end; })) return;
  unnamed_.clear();
  for (const auto& [path, holders] : answers_) {
    if (holders.held && holders.processes.empty()) unnamed_.insert(path);
  }
  map_ = scan_->take();
  scan_.reset();
  made_at_ = scan_begun_;
  answers_.clear();
  removed_.clear();
  for (const auto& [file, name] : map_.removed) removed_.emplace(name, file);
}

void HolderPass::forget_the_dead() {
  std::map<pid_t, bool> asked;
  const auto is_dead = [&](const slickq::Holder& holder) {
    const auto [known, fresh] = asked.try_emplace(holder.pid, false);
    if (fresh) known->second = access(fmt::format("/proc/{}", holder.pid).c_str(), F_OK) != 0 && errno == ENOENT;
    return known->second;
  };
  const Monotonic begun = clock_.monotonic();
  bool anybody = false;
  for (auto& [file, holders] : map_.files) anybody |= std::erase_if(holders, is_dead) > 0;
  // Whom a question found by his lock alone is in no map.
  std::erase_if(answers_, [&](const auto& answer) {
    return std::any_of(answer.second.processes.begin(), answer.second.processes.end(), is_dead);
  });
  if (!asked.empty()) charge(begun);
  if (anybody) hurry();
}

const slickq::Holders& HolderPass::of(const std::string& path) {
  const auto known = answers_.find(path);
  if (known != answers_.end()) return known->second;
  const Monotonic begun = clock_.monotonic();
  // Without the lease, which would make other processes' open() wait, and without a pass of its own: a hundred programs
  // that started together would cost a hundred.
  const auto fresh = answers_.emplace(path, slickq::holders_by_lock(path, map_)).first;
  const slickq::Holders& holders = fresh->second;
  // The next pass names who came after the last. Whom that did not see, either, is where we cannot look.
  if (holders.held && holders.processes.empty() && !unnamed_.contains(path)) hurry();
  charge(begun);
  next_ = std::min(next_, latest_);  // however many questions there are
  return fresh->second;
}

std::vector<slickq::FileId> HolderPass::removed_of(const std::string& name) const {
  std::vector<slickq::FileId> files;
  const auto [begin, end] = removed_.equal_range(name);
  for (auto found = begin; found != end; ++found) files.push_back(found->second);
  return files;
}

void HolderPass::charge(Monotonic begun) {
  const Monotonic now = clock_.monotonic();
  cost_ += now - begun;
  next_ = std::max(next_, now) + (now - begun) * kShare;
}

}  // namespace slickqd
