// Whoever creates, attaches to, removes, adopts or repairs a segment is killed at the entry into and at the exit from
// each of its system calls: at the entry the call is never made, at the exit it was. What is left is a whole segment
// under its name, one in quarantine that the next adoption finishes, or nothing; a segment in use is never lost.
#include <doctest/doctest.h>

#include <string>

#include "life_acts.hpp"
#include "support/call_moments.hpp"

using namespace life_test;

TEST_CASE("whoever is killed at any system call leaves a whole segment, a quarantined one, or nothing") {
  if (!test_support::may_trace()) return;
  test_support::ShmDir dir;
  std::uint64_t kills = 0;
  for (const Act& act : all_acts()) {
    CAPTURE(std::string(act.name));
    const auto victim = [&](const test_support::Gate& gate) {
      gate.begin();
      act.run(dir.path());
      gate.end();
    };
    kills += test_support::kill_everywhere(act.calls, [&](auto go) {
      Stage stage{dir};
      act.prepare(stage);
      go(victim);
      act.check(stage);
      stage.user.reset();
      clear(dir);
    });
  }
  MESSAGE(kills << " killed");
}
