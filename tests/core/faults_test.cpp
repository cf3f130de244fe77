// Whoever creates, attaches to, removes, adopts or repairs a segment has each of its system calls fail, in each way
// that the manual knows and that takes another way through the code. The caller is told, or does without; what is left
// is what a success or a refusal leaves, no descriptor and no mapping stays open, and nothing lies about.
#include <doctest/doctest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <new>
#include <string>
#include <vector>

#include "life_acts.hpp"
#include "slickq/error.hpp"
#include "support/call_faults.hpp"

using namespace life_test;

namespace {

struct Report {
  bool told = false;  ///< by an exception
  bool is_clear = false;
  std::size_t open_before = 0;
  std::size_t open_after = 0;
  std::size_t mapped_after = 0;
  char text[512] = "";
};

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

using test_support::Victim;

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
    report->open_before = test_support::open_descriptors();
    gate.begin();
    run_reporting(act, dir.path(), *report);
    gate.end();
    report->open_after = test_support::open_descriptors();
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
    for (const test_support::CallFault& fault : test_support::faults_at(moments)) {
      CAPTURE(test_support::describe(fault));
      in_a_stage(act, dir, [&](const Victim& victim, Report& report) {
        const bool had_private = any_private(dir);
        if (!test_support::let_fail(victim, fault)) return;
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
