// Whoever creates, attaches to, removes, adopts or repairs a segment has each of its system calls fail, in each way
// that the manual knows and that takes another way through the code. The caller is told, or does without; what is left
// is what a success or a refusal leaves, no descriptor and no mapping stays open, and nothing lies about.
#include <doctest/doctest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <new>
#include <string>
#include <vector>

#include "life_acts.hpp"
#include "slickq/error.hpp"
#include "support/call_moments.hpp"

using namespace life_test;

namespace {

// Calls that are not here have nothing to fail at that anybody could act on (close and munmap free what they free,
// whatever they return), or are not the library's.
const std::map<long, std::vector<int>>& faults() {
  static const std::map<long, std::vector<int>> table {
    {SYS_openat, {EMFILE, ENOMEM, EACCES, EINTR}}, {SYS_flock, {ENOLCK, EINTR}}, {SYS_fallocate, {ENOSPC, EINTR}},
        {SYS_ftruncate, {ENOSPC}},
#if !defined(__SANITIZE_ADDRESS__)  // whose own memory it would be
        {SYS_mmap, {ENOMEM, EAGAIN}},
#endif
        {SYS_madvise, {ENOMEM, EINVAL}}, {SYS_fchmod, {EPERM}}, {SYS_fchown, {EPERM}}, {SYS_linkat, {ENOSPC, EPERM}},
        {SYS_fcntl, {ENOLCK, EINVAL, EAGAIN}}, {SYS_renameat2, {EINVAL, ENOSPC}}, {SYS_unlink, {EPERM, EROFS}},
        {SYS_newfstatat, {ENOMEM}}, {SYS_fstat, {ENOMEM}}, {SYS_pread64, {EIO}}, {SYS_read, {EIO, EINTR}},
        {SYS_getdents64, {ENOMEM}}, {SYS_readlink, {ENOMEM}}, {SYS_statfs, {ENOSYS}}, {SYS_fstatfs, {ENOSYS}},
        {SYS_clock_nanosleep, {EINTR}},
  };
  return table;
}

struct Report {
  bool told = false;  ///< by an exception
  bool is_clear = false;
  std::size_t open_before = 0;
  std::size_t open_after = 0;
  std::size_t mapped_after = 0;
  char text[512] = "";
};

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::size_t mappings_of(const std::string& dir) {
  std::ifstream maps("/proc/self/maps");
  std::size_t found = 0;
  for (std::string line; std::getline(maps, line);) found += line.find(dir) == std::string::npos ? 0 : 1;
  return found;
}

void note(Report& report, const std::string& text, bool is_clear) {
  report.told = true;
  report.is_clear = is_clear;
  std::snprintf(report.text, sizeof report.text, "%s", text.c_str());
}

void run_reporting(const Act& act, const std::string& dir, Report& report) {
  try {
    act.run(dir);
  } catch (const slickq::Error& error) {
    // What another user may be allowed to do helps against nothing but a refusal.
    const bool good_advice =
        error.remedy().find("as root") == std::string::npos || error.code() == slickq::Errc::permission;
    note(report, error.what(), good_advice && !error.object().empty() && !error.cause().empty());
  } catch (const std::bad_alloc&) {  // the allocator's own mmap() failed
    note(report, "out of memory", true);
  } catch (const std::exception& error) {
    note(report, error.what(), false);
  }
}

struct Fault {
  test_support::CallMoment at;
  int error;
};

// Of a call that comes very often, which is one that reads /proc for the holders' names, the first and the last.
std::vector<Fault> faults_at(const std::vector<test_support::CallMoment>& moments) {
  constexpr std::uint64_t kOften = 20;
  std::map<long, std::uint64_t> times;
  for (const auto& moment : moments) times[moment.number] = std::max(times[moment.number], moment.time);
  std::vector<Fault> all;
  for (const auto& moment : moments) {
    const auto row = faults().find(moment.number);
    if (!moment.is_entry || row == faults().end()) continue;
    const std::uint64_t last = times[moment.number];
    if (last > kOften && moment.time > 1 && moment.time < last) continue;
    for (const int error : row->second) all.push_back({moment, error});
  }
  return all;
}

using Victim = std::function<void(const test_support::Gate&)>;

// Did it come to that? Of what /proc tells of others there may be less this time.
bool let_fail(const Victim& victim, const Fault& fault) {
  test_support::TracedChild child(victim);
  if (!test_support::lead(child, fault.at)) return false;
  child.fail_call(fault.error);
  child.run_to_the_end();
  child.leave_stopped();
  CHECK(child.go_on_to_the_end() == 0);
  return true;
}

void check_report(const Report& report) {
  CAPTURE(report.text);
  CHECK(report.open_after == report.open_before);
  CHECK(report.mapped_after == 0);
  if (report.told) CHECK(report.is_clear);
}

bool is_private(const std::string& name) { return name.starts_with(".slickq-"); }
bool any_private(const test_support::ShmDir& dir) {
  return std::ranges::any_of(test_support::names_in(dir), is_private);
}

// Sets the stage for an act, calls go() with the body of a TracedChild and what that reports, and checks what is left.
template <class Go>
void in_a_stage(const Act& act, const test_support::ShmDir& dir, Go go) {
  Stage stage{dir};
  act.prepare(stage);
  const test_support::Shared<Report> report;
  const Victim victim = [&](const test_support::Gate& gate) {
    report->open_before = open_descriptors();
    gate.begin();
    run_reporting(act, dir.path(), *report);
    gate.end();
    report->open_after = open_descriptors();
    report->mapped_after = mappings_of(dir.path());
  };
  go(victim, *report);
  act.check(stage);
  stage.user.reset();
  clear(dir);
}

}  // namespace

TEST_CASE("whichever system call fails, the caller is told or does without, and nothing is left behind") {
  if (!test_support::may_trace()) return;
  const test_support::ShmDir dir;
  std::map<std::string, std::uint64_t> told;
  std::uint64_t tried = 0;
  for (const Act& act : all_acts()) {
    CAPTURE(std::string(act.name));
    std::vector<test_support::CallMoment> moments;
    in_a_stage(act, dir, [&](const Victim& victim, Report&) { moments = test_support::moments_of(victim); });
    for (const Fault& fault : faults_at(moments)) {
      const std::string what = test_support::describe(fault.at) + ": " + std::strerror(fault.error);
      CAPTURE(what);
      CAPTURE(fault.at.time);
      in_a_stage(act, dir, [&](const Victim& victim, Report& report) {
        const bool had_private = any_private(dir);
        if (!let_fail(victim, fault)) return;
        ++tried;
        check_report(report);
        if (report.told) ++told[report.text];
        // What removes may have failed to remove what it had put aside: the next one does it.
        const bool removes = fault.at.number == SYS_unlink || fault.at.number == SYS_renameat2 || had_private;
        if (!removes) CHECK_FALSE(any_private(dir));
      });
    }
  }
  CHECK(told.size() > 10);
  MESSAGE(tried << " failures, " << told.size() << " different errors");
}
