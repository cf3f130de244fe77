// The moments at which a process that makes system calls is worth killing: before and after each of them.
//
// Thread safety: one thread, as TracedChild.
#pragma once

#include <doctest/doctest.h>
#include <sys/syscall.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/traced_child.hpp"

namespace test_support {

/// The `time`-th stop at that side of that call. Told so and not by the number of stops, because what /proc tells of
/// other processes is of another length each time.
struct CallMoment {
  long number;
  bool is_entry;
  std::uint64_t time = 1;
};

inline std::string describe(const CallMoment& moment) {
  static const std::map<long, const char*> names{
      {SYS_openat, "openat"}, {SYS_flock, "flock"}, {SYS_fallocate, "fallocate"}, {SYS_mmap, "mmap"},
      {SYS_munmap, "munmap"}, {SYS_close, "close"}, {SYS_madvise, "madvise"},     {SYS_fchmod, "fchmod"},
      {SYS_linkat, "linkat"}, {SYS_fcntl, "fcntl"}, {SYS_renameat2, "renameat2"}, {SYS_unlink, "unlink"},
  };
  const auto known = names.find(moment.number);
  const std::string name = known == names.end() ? "call " + std::to_string(moment.number) : known->second;
  return (moment.is_entry ? "entry of " : "exit of ") + name;
}

/// All of them; but of a call that comes very often, which is one that reads /proc for the holders' names, the first
/// and the last and some in between. `victim` is the body of a TracedChild.
inline std::vector<CallMoment> moments_of(const std::function<void(const Gate&)>& victim) {
  constexpr std::uint64_t kEdge = 3;
  constexpr std::uint64_t kStride = 100;
  std::map<std::pair<long, bool>, std::uint64_t> times;
  TracedChild child(victim);
  for (TracedChild::Call call; child.next_call(call);) ++times[{call.number, call.is_entry}];
  std::vector<CallMoment> moments;
  for (const auto& [side, count] : times) {
    for (std::uint64_t time = 1; time <= count; ++time) {
      const bool at_edge = time <= kEdge || time + kEdge > count;
      if (at_edge || time % kStride == 0) moments.push_back({side.first, side.second, time});
    }
  }
  return moments;
}

/// On to that moment. False: the child had ended before.
inline bool lead(TracedChild& child, const CallMoment& moment) {
  std::uint64_t times = 0;
  for (TracedChild::Call call; child.next_call(call);) {
    times += call.number == moment.number && call.is_entry == moment.is_entry ? 1 : 0;
    if (times == moment.time) return true;
  }
  return false;
}

/// Kills at each moment of what a victim does. `in_a_stage(go)` sets the stage for one victim, calls go() with the body
/// of a TracedChild, and checks what is left; the first goes to its end. At both sides of each of `calls` somebody must
/// have been killed. Returns how many were.
template <class InAStage>
std::uint64_t kill_everywhere(const std::vector<long>& calls, InAStage in_a_stage) {
  using Victim = std::function<void(const Gate&)>;
  std::vector<CallMoment> moments;
  in_a_stage([&](const Victim& victim) { moments = moments_of(victim); });
  std::set<std::pair<long, bool>> hits;
  for (const CallMoment& moment : moments) {
    CAPTURE(describe(moment));
    CAPTURE(moment.time);
    in_a_stage([&](const Victim& victim) {
      TracedChild child(victim);
      if (lead(child, moment)) hits.emplace(moment.number, moment.is_entry);
      child.kill_now();
    });
  }
  for (const long number : calls) {
    for (const bool is_entry : {true, false}) {
      CHECK_MESSAGE(hits.count({number, is_entry}) != 0, "never killed at the ", describe({number, is_entry}));
    }
  }
  return moments.size();
}

}  // namespace test_support
