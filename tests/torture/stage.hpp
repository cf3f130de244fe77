// One queue and all that its processes share; what each kind of process does with it.
//
// Thread safety: made by the director before it forks; see board.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "board.hpp"
#include "plan.hpp"
#include "support/fork.hpp"

namespace torture {

inline constexpr std::uint32_t kMostBatch = 16;  ///< items a reader takes at once
inline constexpr const char* kCursorName = "shared";

struct Stage {
  Stage(StagePlan stage_plan, std::string shm_dir) : plan(std::move(stage_plan)), dir(std::move(shm_dir)) {}

  std::uint64_t step() const { return plan.geometry.items_per_slot(); }
  std::uint64_t bit_of(std::uint64_t index) const { return index / step() % kMostIndexes; }
  bool is_unregistered(std::uint32_t producer) const { return plan.waits && producer == 3; }
  std::string cursor_segment() const { return plan.name + "@" + kCursorName; }

  StagePlan plan;
  std::string dir;
  test_support::Shared<Board> board;
  Bits published;  ///< by index: surely
  Bits taken;      ///< by index: by a sharer
  Bits shared_lost;
  std::array<Bits, kMostReaders> seen;    ///< by index, of each own-cursor reader's present life
  std::array<Bits, kMostReaders> told;    ///< the same: told to be lost
  std::array<Bits, kMostProducers> sent;  ///< by sequence: surely published
  std::array<Bits, kMostProducers> got;   ///< by sequence: by a sharer
};

// Each is the whole life of a process; throws when it cannot begin.
void produce(Stage& stage, const ActorPlan& actor, std::uint64_t life);
void consume(Stage& stage, const ActorPlan& actor, std::uint64_t life);
void share(Stage& stage, const ActorPlan& actor, std::uint64_t life);
void view(Stage& stage, const ActorPlan& actor, std::uint64_t life);
void read_as_the_originals(Stage& stage, const ActorPlan& actor, std::uint64_t life);
void repair(Stage& stage, const ActorPlan& actor, std::uint64_t life);

}  // namespace torture
