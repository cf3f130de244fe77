// A repairer's life: plan, sometimes dawdle until the plan is old, apply.
#include <unistd.h>

#include "slickq/repair.hpp"
#include "stage.hpp"

namespace torture {

void repair(Stage& stage, const ActorPlan& actor, std::uint64_t life) {
  Dice dice(actor.seed + life);
  slickq::Queue queue = slickq::Queue::open(stage.plan.name, stage.dir);
  slickq::Repairer repairer(queue);
  while (!stage.board->stop_repairing.load(std::memory_order_relaxed)) {
    const slickq::RepairPlan plan = repairer.plan();
    if (dice.one_in(4)) usleep(static_cast<useconds_t>(dice.below(3000)));
    if (!plan.repairs.empty() || !plan.dead.empty()) {
      if (repairer.apply(plan) && !plan.repairs.empty()) stage.board->repairs.fetch_add(1);
    }
    usleep(static_cast<useconds_t>(dice.below(2000)));
  }
}

}  // namespace torture
