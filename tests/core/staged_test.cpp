// Every half-done state that a death, a stop or an original can leave, put into the bytes by hand; read by every kind
// of reader, examined, repaired, and read and examined again. Rows of one table, in every layout.
//
// Where each hazard of the originals that our side must close is staged (document of the protocol, 1.3):
//    1 torn read                     consumer_test: "an item whose elements are being overwritten is lost, ..."
//                                    ring_test: "only a fresh C tells that elements were overwritten"
//    2 stale head                    here: "a stale head under a larger item"
//                                    consumer_test: "a stale head whose place later laps only cover ..."
//    3 size of another lap           here: "a size of the next lap beside an index of this one"
//                                    ring_test: "a size from shared memory never leads out of the ring"
//    4 overrun loses a lap           consumer_test: "an overrun consumer goes on at the oldest survivor ..."
//    5 a producer one lap late       hazards_test: "a producer that is a lap late publishes nothing ..."
//                                    here, an original's: "an original's publish, a lap late, over a newer item"
//    6 fewer published than reserved hazards_test: "fewer elements than were reserved ..."
//                                    here, an original's: "an original published fewer than it reserved"
//    7 a slot never goes backwards   ring_test: "a marker never moves a slot backwards"
//                                    hazards_test: "neither a marker nor a publish moves a slot backwards"
//    8 killed before the publish     hazards_test: "a producer killed between reserve and publish ..."; deaths_test
//    9 reset                         queue_test: "a reset is refused, ..."
//                                    consumer_test: "a reset under a consumer ..."
//   10 read_last outside of the ring drop_in_test: "read_last gives the newest published item, ..."
//                                    hazards_test: "the last published index is not trusted"
//   11 init state                    queue_test: "files that are no queues, ...", "a segment an original is still
//                                    making ..."; hazards_test: "a half-made segment is left as it is"
//   12 close and unlink              drop_in_test: "shared memory: ... the name stays until remove_shm"
//                                    hazards_test: "nobody's end takes the name away"
#include "stage.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "slickq/inspect.hpp"
#include "slickq/repair.hpp"
#include "slickq/scan.hpp"

using slickq::Finding;
using slickq::Owner;
using slickq::RepairRules;
using staged::EveryReader;
using staged::Items;
using staged::kShapes;
using staged::Shape;
using staged::Stage;

namespace {

/// [from, to), in slots.
struct Range {
  std::uint64_t from;
  std::uint64_t to;
  friend bool operator==(const Range&, const Range&) = default;
};
using Ranges = std::vector<Range>;

constexpr RepairRules kProof{};
constexpr RepairRules kNobodyElse{.dead_below = slickq::kEveryDoubt};
constexpr RepairRules kForce{.doubts_below = slickq::kEveryDoubt};

/// Oddities of a row.
struct But {
  std::uint64_t from = 0;        ///< readers start at this slot
  RepairRules rules = kProof;    ///< of the repair
  std::uint32_t lines_left = 0;  ///< journal lines that are not free after the repair
  bool ours_only = false;        ///< the originals' read tears or is lost here, as it always did
  Stage::Tail tail = Stage::Tail::annex;
};

struct State {
  const char* name;
  void (*stage)(Stage& s);
  Items before;    ///< every reader's, before the repair
  Ranges holes;    ///< what scan, inspect and verify find
  Ranges repairs;  ///< of a plan on proof alone
  Ranges doubts;   ///< of the same
  Items after;
  But but{};
};

// Two items, a hole at 2, two items.
void one_hole(Stage& s) { s.items(0, 2).items(3, 5).reserved(5).last_published(4); }
// A whole lap, then the same hole a lap later, at 10.
void one_hole_lapped(Stage& s) { s.items(0, 10).items(11, 13).reserved(13).last_published(12); }

const std::vector<State>& all_states() {
  static const std::vector<State> states{
      // name, stage; before, holes, repairs, doubts, after, but
      // clang-format off
      {"reserved, and nothing written",
       [](Stage& s) { one_hole(s), s.held(2, 3); },
       {0, 1}, {{2, 3}}, {{2, 3}}, {}, {0, 1, 3, 4}},
      {"the first reservation of all", [](Stage& s) { s.reserved(1).held(0, 1); }, {}, {{0, 1}}, {{0, 1}}, {}, {}},
      {"the journal says reserving, and C is as it was",
       [](Stage& s) { s.items(0, 2).reserved(2).last_published(1).reserving(2); },
       {0, 1}, {}, {}, {}, {0, 1}},
      {"the journal says reserving, and C is further",
       [](Stage& s) { one_hole(s), s.reserving(2); },
       {0, 1}, {{2, 3}}, {{2, 3}}, {}, {0, 1, 3, 4}},
      {"half of its elements written",
       [](Stage& s) { one_hole(s), s.elements(2, 1, false).held(2, 3); },
       {0, 1}, {{2, 3}}, {{2, 3}}, {}, {0, 1, 3, 4}},
      {"all of its elements written",
       [](Stage& s) { one_hole(s), s.elements(2).held(2, 3); },
       {0, 1}, {{2, 3}}, {{2, 3}}, {}, {0, 1, 3, 4}},
      {"the size stored, the index not",
       [](Stage& s) { one_hole(s), s.elements(2).size(2, 1).held(2, 3); },
       {0, 1}, {{2, 3}}, {{2, 3}}, {}, {0, 1, 3, 4}},
      {"the same a lap later, over an item that was read",
       [](Stage& s) { one_hole_lapped(s), s.elements(10).size(10, 2).held(10, 11); },
       {8, 9}, {{10, 11}}, {{10, 11}}, {}, {8, 9, 11, 12}, {.from = 8}},
      {"published, and the journal still says held",
       [](Stage& s) { one_hole(s), s.item(2).held(2, 3); },
       {0, 1, 2, 3, 4}, {}, {}, {}, {0, 1, 2, 3, 4}},
      {"published, and last_published not raised",
       [](Stage& s) { s.items(0, 5).reserved(5).last_published(1).held(4, 5); },
       {0, 1, 2, 3, 4}, {}, {}, {}, {0, 1, 2, 3, 4}},
      {"over the end of the ring, and no jump marker yet",
       [](Stage& s) { s.items(0, 6).item(11).reserved(12).last_published(11).reserving(6); },
       {4, 5}, {{6, 11}}, {{6, 11}}, {}, {4, 5, 11}, {.from = 4}},
      {"over the end of the ring, the marker is there and the item is not",
       [](Stage& s) { s.items(0, 6).marker(6, 8).item(11).reserved(12).last_published(11).held(8, 11); },
       {4, 5}, {{8, 11}}, {{8, 11}}, {}, {4, 5, 11}, {.from = 4}},
      {"a hole of the whole ring",
       [](Stage& s) { s.items(0, 8).reserved(16).last_published(7).held(8, 16); },
       {}, {{8, 16}}, {{8, 16}}, {}, {}, {.from = 8}},
      {"a hole that reaches over the end of the ring",
       [](Stage& s) { s.items(0, 7).items(9, 11).reserved(11).last_published(10).held(7, 9); },
       {3, 4, 5, 6}, {{7, 9}}, {{7, 9}}, {}, {3, 4, 5, 6, 9, 10}, {.from = 3}},
      {"two dead neighbours",
       [](Stage& s) { s.items(0, 2).item(5).reserved(6).last_published(5).held(2, 3).held(3, 5); },
       {0, 1}, {{2, 5}}, {{2, 5}}, {}, {0, 1, 5}},
      {"the dead beside the living",
       [](Stage& s) { s.items(0, 2).item(5).reserved(6).last_published(5).held(2, 3).held(3, 5).alive(); },
       {0, 1}, {{2, 5}}, {{2, 3}}, {{3, 5}}, {0, 1}, {.rules = kForce, .lines_left = 1}},
      {"the hole of somebody who lives: not even by force",
       [](Stage& s) { one_hole(s), s.held(2, 3).alive(); },
       {0, 1}, {{2, 3}}, {}, {{2, 3}}, {0, 1}, {.rules = kForce, .lines_left = 1}},
      {"the living may have reserved it: not even by force",
       [](Stage& s) { one_hole(s), s.reserving(2).alive(); },
       {0, 1}, {{2, 3}}, {}, {{2, 3}}, {0, 1}, {.rules = kForce, .lines_left = 1}},
      {"one dead who was reserving, and two holes that may be his",
       [](Stage& s) { s.items(0, 2).item(3).item(5).reserved(6).last_published(5).reserving(2); },
       {0, 1}, {{2, 3}, {4, 5}}, {}, {{2, 3}, {4, 5}}, {0, 1}, {.lines_left = 1}},
      {"the same, by force",
       [](Stage& s) { s.items(0, 2).item(3).item(5).reserved(6).last_published(5).reserving(2); },
       {0, 1}, {{2, 3}, {4, 5}}, {}, {{2, 3}, {4, 5}}, {0, 1, 3, 5}, {.rules = kForce}},
      {"two dead who were reserving, and two holes",
       [](Stage& s) { s.items(0, 2).item(3).item(5).reserved(6).last_published(5).reserving(2).reserving(4); },
       {0, 1}, {{2, 3}, {4, 5}}, {{2, 3}, {4, 5}}, {}, {0, 1, 3, 5}},
      {"a dead who was reserving further on cannot have made a hole before",
       [](Stage& s) { one_hole(s), s.reserving(4); },
       {0, 1}, {{2, 3}}, {}, {{2, 3}}, {0, 1}},
      {"the marker behind fewer elements is there, the item is not",
       [](Stage& s) { s.items(0, 2).marker(3, 5).item(5).reserved(6).last_published(5).held(2, 5); },
       {0, 1}, {{2, 3}}, {{2, 3}}, {}, {0, 1, 5}},
      {"a repair that came half-way down",
       [](Stage& s) { s.items(0, 2).marker(5, 6).marker(4, 6).item(6).reserved(7).last_published(6).held(2, 6); },
       {0, 1}, {{2, 4}}, {{2, 4}}, {}, {0, 1, 6}},
      {"a repair of the whole ring that lacks the last hop",
       [](Stage& s) {
         s.items(0, 8).reserved(16).last_published(7).held(8, 16);
         for (std::uint64_t at = 9; at < 16; ++at) s.marker(at, 16);
       },
       {}, {{8, 9}}, {{8, 9}}, {}, {}, {.from = 8}},
      {"all markers are there, the line of the dead is not free",
       [](Stage& s) { s.items(0, 2).marker(2, 4).marker(3, 4).item(4).reserved(5).last_published(4).held(2, 4); },
       {0, 1, 4}, {}, {}, {}, {0, 1, 4}},
      {"an original published late, behind the repair",
       [](Stage& s) { one_hole(s), s.marker(2, 3).item(2); },
       {0, 1, 2, 3, 4}, {}, {}, {}, {0, 1, 2, 3, 4}},
      {"an original published late into a chain of markers",
       [](Stage& s) { s.items(0, 2).marker(3, 5).marker(4, 5).item(2, 3).item(5).reserved(6).last_published(5); },
       {0, 1, 2, 5}, {}, {}, {}, {0, 1, 2, 5}},
      {"an original's publish, a lap late, over a newer item",
       [](Stage& s) { one_hole_lapped(s), s.item(10).elements(2).slot(2, 2 * s.step(), s.step()); },
       {8, 9}, {{10, 11}}, {}, {{10, 11}}, {8, 9, 11, 12}, {.from = 8, .rules = kForce}},
      {"an original published fewer than it reserved",
       [](Stage& s) { s.items(0, 2).item(2).item(5).reserved(6).last_published(5); },
       {0, 1, 2}, {{3, 5}}, {}, {{3, 5}}, {0, 1, 2, 5}, {.rules = kForce}},
      {"an original's segment, and nobody has it",
       one_hole,
       {0, 1}, {{2, 3}}, {}, {{2, 3}}, {0, 1, 3, 4}, {.rules = kNobodyElse, .tail = Stage::Tail::none}},
      {"an original's segment, and somebody has it",
       one_hole,
       {0, 1}, {{2, 3}}, {}, {{2, 3}}, {0, 1}, {.tail = Stage::Tail::none}},
      {"a stale head under a larger item",
       [](Stage& s) { s.items(0, 8).item(8, 4).reserved(12).last_published(8); },
       {5, 6, 7, 8}, {}, {}, {}, {5, 6, 7, 8}, {.from = 1, .ours_only = true}},
      {"a size of the next lap beside an index of this one",
       [](Stage& s) {
         s.items(0, 8).size(3, 5).marker(8, 9).items(9, 11).reserved(16).last_published(10).held(11, 16);
       },
       {9, 10}, {{11, 16}}, {{11, 16}}, {}, {9, 10}, {.from = 3, .ours_only = true}},
      {"a full journal of the dead who were idle",
       [](Stage& s) {
         s.items(0, 2).reserved(2).last_published(1);
         while (s.lines() < slickq::kJournalLines) s.idle();
       },
       {0, 1}, {}, {}, {}, {0, 1}},
      // clang-format on
  };
  return states;
}

Ranges ranges_of(const auto& runs, std::uint64_t step, auto end) {
  Ranges ranges;
  for (const auto& run : runs) ranges.push_back({run.index / step, run.*end / step});
  return ranges;
}

std::string text_of(const Items& items) {
  std::string text;
  for (const std::uint64_t item : items) text += std::to_string(item) + ' ';
  return text;
}

void check_readers(Stage& stage, const State& state, const Items& expected) {
  const EveryReader readers(stage, state.but.from, state.but.ours_only);
  for (const auto& [kind, items] : readers.all()) {
    CAPTURE(std::string(kind));
    CHECK(text_of(items) == text_of(expected));
  }
}

// Holes as scan and inspect list them. verify is silent about what nothing was published behind: that is in flight.
void check_examination(const Stage& stage, const Ranges& holes) {
  const slickq::View view = stage.view();
  CHECK(ranges_of(slickq::scan(view).holes, stage.step(), &slickq::Hole::next) == holes);
  CHECK(ranges_of(slickq::inspect(view).scan.holes, stage.step(), &slickq::Hole::next) == holes);
  Ranges found;
  for (const Finding& finding : slickq::verify(view, 0)) {
    CHECK_MESSAGE(finding.kind == Finding::Kind::hole, finding.text);
    if (finding.kind == Finding::Kind::hole) found.push_back({finding.where / stage.step(), 0});
  }
  std::size_t expected = 0;
  for (const Range& hole : holes) {
    if (hole.to * stage.step() >= view.reserved_index()) continue;
    REQUIRE(expected < found.size());
    CHECK(found[expected++].from == hole.from);
  }
  CHECK(found.size() == expected);
}

void check_plan(const Stage& stage, const State& state, const slickq::RepairPlan& plan) {
  CHECK(ranges_of(plan.repairs, stage.step(), &slickq::Missing::end) == state.repairs);
  CHECK(ranges_of(plan.doubts, stage.step(), &slickq::Missing::end) == state.doubts);
}

void check_state(const State& state, const Shape& shape) {
  Stage stage(shape, state.but.tail);
  state.stage(stage);
  check_readers(stage, state, state.before);
  check_examination(stage, state.holes);

  slickq::Repairer repairer(stage.queue());
  check_plan(stage, state, repairer.plan());
  CHECK(repairer.apply(repairer.plan(state.but.rules)));

  check_readers(stage, state, state.after);
  const auto left = repairer.plan(state.but.rules);
  CHECK(left.repairs.empty());
  CHECK(slickq::look_at_journal(stage.view()).size() == state.but.lines_left);
  check_examination(stage, ranges_of(left.doubts, stage.step(), &slickq::Missing::end));
}

}  // namespace

TEST_CASE("every half-done state is read as far as it is sound, found out, and repaired when its owner is dead") {
  for (const State& state : all_states()) {
    for (const Shape& shape : kShapes) {
      CAPTURE(std::string(state.name));
      CAPTURE(std::string(slickq::to_string(shape.layout)));
      CAPTURE(shape.items_per_slot);
      check_state(state, shape);
    }
  }
}
