#include "plan.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace torture {
namespace {

using slickq::Geometry;

constexpr std::array<const char*, 8> kRoleNames{
    "producer", "unregistered producer", "only producer", "consumer", "sharer", "viewer", "original", "repairer"};

// Sharers of a ring that laps are only stopped: what one lost for all of them dies with it, and the sum with that.
bool may_be_killed(const StagePlan& stage, Role role) {
  return role != Role::original && (stage.waits || role != Role::sharer);
}

void cast(StagePlan& stage, Role role, std::uint64_t count, Dice& dice) {
  for (std::uint32_t k = 0; k < count; ++k) {
    const std::uint32_t number = role == Role::unregistered ? 3 : role == Role::viewer ? 3 : k;
    stage.actors.push_back({role, number, dice.next()});
  }
}

StagePlan plan_stage(Dice& dice, slickq::Layout layout, bool waits) {
  constexpr std::array<std::uint64_t, 4> elements{24, 64, 200, 512};
  constexpr std::array<std::uint64_t, 4> capacities{8, 32, 128, 1024};
  const std::uint64_t capacity = capacities[dice.below(capacities.size())];
  const std::uint64_t per_slot = slickq::has_shared_slots(layout) ? std::min<std::uint64_t>(capacity / 4, 4) : 1;
  StagePlan stage{waits ? "waits" : "laps",
                  Geometry::make(layout, capacity, elements[dice.below(elements.size())], per_slot),
                  waits,
                  dice.one_in(2) ? 0 : static_cast<std::uint32_t>(dice.below(300)),
                  1,
                  {}};
  stage.most_elements = dice.one_in(3) ? 1 : static_cast<std::uint32_t>(std::min<std::uint64_t>(capacity / 2, 8));
  if (dice.one_in(3)) {
    cast(stage, Role::only, 1, dice);
  } else {
    cast(stage, Role::producer, waits ? 2 : 3, dice);
    if (waits) cast(stage, Role::unregistered, 1, dice);
  }
  cast(stage, Role::consumer, waits ? 1 : 2, dice);
  cast(stage, Role::sharer, 2, dice);
  cast(stage, Role::viewer, 1, dice);
  cast(stage, Role::original, 1, dice);
  cast(stage, Role::repairer, dice.below(3), dice);  // none: what is dead stays until the end, and disturbs nobody
  return stage;
}

Blow plan_blow(Dice& dice, const std::vector<StagePlan>& stages, milliseconds at) {
  std::vector<const StagePlan*> stage_of;
  std::vector<Role> role_of;
  for (const StagePlan& stage : stages) {
    for (const ActorPlan& actor : stage.actors) {
      stage_of.push_back(&stage);
      role_of.push_back(actor.role);
    }
  }
  const auto target = static_cast<std::uint32_t>(dice.one_in(20) ? role_of.size() : dice.below(role_of.size()));
  const bool daemon = target == role_of.size();
  const bool killable = daemon || may_be_killed(*stage_of[target], role_of[target]);
  const bool falls = !daemon && produces(role_of[target]);
  Blow blow{Blow::Kind::stop, at, target, milliseconds(1 + dice.below(60))};
  if (killable && dice.one_in(2)) blow.kind = falls && dice.one_in(3) ? Blow::Kind::fall : Blow::Kind::kill;
  return blow;
}

}  // namespace

const char* to_string(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }

EpisodePlan plan_episode(std::uint64_t seed, slickq::Layout layout, milliseconds length) {
  Dice dice(seed);
  for (int k = 0; k < 4; ++k) dice.next();
  EpisodePlan plan;
  plan.length = length;
  plan.stages.push_back(plan_stage(dice, layout, false));
  plan.stages.push_back(plan_stage(dice, layout, true));
  for (milliseconds at(50); at < length; at += milliseconds(1 + dice.below(25))) {
    plan.blows.push_back(plan_blow(dice, plan.stages, at));
  }
  plan.daemon_repairs = dice.one_in(2);
  return plan;
}

void print(const EpisodePlan& plan) {
  constexpr std::array<const char*, 3> blows{"kill", "stop", "fall"};
  for (const StagePlan& stage : plan.stages) {
    std::printf("  %s: %s, pause %u us, at most %u elements\n   ", stage.name.c_str(),
                stage.geometry.describe().c_str(), stage.pause_us, stage.most_elements);
    for (const ActorPlan& actor : stage.actors) std::printf(" %s %u,", to_string(actor.role), actor.number);
    std::printf("\n");
  }
  std::printf("  the daemon %s stalls\n", plan.daemon_repairs ? "repairs" : "reports");
  for (const Blow& blow : plan.blows) {
    std::printf("  %5ld ms %s %u, %ld ms\n", static_cast<long>(blow.at.count()),
                blows[static_cast<std::size_t>(blow.kind)], blow.target, static_cast<long>(blow.length.count()));
  }
}

}  // namespace torture
