#include "queue_state.hpp"

#include <doctest/doctest.h>

using namespace slickqd;

TEST_CASE(
    "the table has an answer to every sight in every state, and each leads to the state that fits the "
    "sight") {
  for (const Transition& row : kTransitions) {
    const QueueState next = row.reaction.next;
    switch (row.sight) {
      case Sight::absent: CHECK(next == QueueState::missing); break;
      case Sight::differs: CHECK(next == QueueState::mismatched); break;
      case Sight::flowing:
      case Sight::replaced: CHECK(next == QueueState::ready); break;
      case Sight::stuck: CHECK((next == QueueState::stalled || next == QueueState::ready)); break;
      case Sight::count: FAIL("not a sight"); break;
    }
  }
}

TEST_CASE("each change is announced once: the same sight again says nothing") {
  for (const Transition& row : kTransitions) {
    if (row.sight == Sight::replaced || row.sight == Sight::stuck) continue;  // those are news each time
    CHECK(react(row.reaction.next, row.sight).action == Action::none);
  }
}

TEST_CASE("a stall is announced only for a queue that was good before") {
  CHECK(react(QueueState::ready, Sight::stuck).action == Action::announce_stall);
  CHECK(react(QueueState::stalled, Sight::stuck).action == Action::announce_stall);
  CHECK(react(QueueState::missing, Sight::stuck).action == Action::announce_recreated);
}
