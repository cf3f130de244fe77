#include "episode.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <memory>

#include "account.hpp"
#include "cast.hpp"
#include "daemon/daemon_process.hpp"
#include "slickq/cursor.hpp"
#include "slickq/repair.hpp"

namespace torture {
namespace {

std::atomic<const char*> the_phase{"nothing yet"};

using Actor = Cast::Actor;

bool is_producer(const Actor& actor) { return produces(actor.plan->role); }

slickq::CreateOptions in(const std::string& dir) {
  slickq::CreateOptions options;
  options.shm_dir = dir;
  return options;
}

std::string config_of(const std::vector<std::unique_ptr<Stage>>& stages, bool daemon_repairs) {
  std::string queues;
  for (const auto& stage : stages) {
    const slickq::Geometry& geometry = stage->plan.geometry;
    const auto layout = slickq::to_string(geometry.layout());
    // The config names a layout by its family: slq2 is slq0 with several items a slot.
    const std::string family = layout == "slq2" ? "slq0" : layout == "slq3" ? "slq1" : std::string(layout);
    queues += std::string(queues.empty() ? "" : ",") + R"({"name":")" + stage->plan.name + R"(","size":)" +
              std::to_string(geometry.capacity()) + R"(,"elem":)" + std::to_string(geometry.element_size()) +
              R"(,"items_per_slot":)" + std::to_string(geometry.items_per_slot()) + R"(,"layout":")" + family +
              R"(","mode":"0600","cursors":[")" + kCursorName + R"("],"stall":{"after":"20ms","action":")" +
              (daemon_repairs ? "repair" : "report") + R"("}})";
  }
  return "[" + queues + "]";
}

class Episode {
 public:
  explicit Episode(const EpisodePlan& plan) : plan_(plan) {
    for (const StagePlan& stage : plan.stages) {
      slickq::Queue::create(stage.name, stage.geometry, in(place_.shm.path()));
      slickq::NamedCursor::create(stage.name + "@" + kCursorName, 0, in(place_.shm.path()));
      stages_.push_back(std::make_unique<Stage>(stage, place_.shm.path()));
    }
    place_.configure(config_of(stages_, plan.daemon_repairs));
    cast_ = std::make_unique<Cast>(stages_);
  }

  Outcome run() {
    the_phase = "the start";
    start_daemon();
    for (Actor& actor : cast_->actors()) cast_->start(actor);
    the_phase = "the blows";
    const auto begin = Clock::now();
    auto blow = plan_.blows.begin();
    while (Clock::now() < begin + plan_.length) {
      for (; blow != plan_.blows.end() && Clock::now() >= begin + blow->at; ++blow) strike(*blow);
      tick();
      usleep(500);
    }
    settle();
    the_phase = "the account";
    for (const auto& stage : stages_) outcome_.totals.add(account_for(*stage, cast_->actors(), outcome_.faults));
    outcome_.totals.deaths += cast_->deaths();
    for (const std::string& failure : cast_->failures()) outcome_.faults.push_back(failure);
    return outcome_;
  }

 private:
  void start_daemon() {
    daemon_ = std::make_unique<daemon_test::Daemon>(place_.arguments(), place_.log());
    daemon_back_ = {};
  }

  void strike(const Blow& blow) {
    const auto until = Clock::now() + blow.length;
    if (blow.target == cast_->actors().size()) return strike_daemon(blow, until);
    Actor& actor = cast_->actors()[blow.target];
    if (actor.pid < 0 || actor.stopped) return;
    switch (blow.kind) {
      case Blow::Kind::stop: cast_->stop(actor, until); break;
      case Blow::Kind::fall: actor.stage->board->producers[actor.plan->number].fall.store(true); break;
      case Blow::Kind::kill:
        cast_->kill(actor);
        mourn(actor);
        actor.back = until;
        break;
    }
  }

  void strike_daemon(const Blow& blow, Clock::time_point until) {
    if (!daemon_) return;
    if (blow.kind == Blow::Kind::kill) {
      daemon_.reset();  // by SIGKILL
      ++outcome_.totals.deaths;
    } else {
      daemon_->signal(SIGSTOP);
    }
    daemon_back_ = until;
  }

  void tick() {
    cast_->look([this](Actor& actor) { mourn(actor); });
    for (Actor& actor : cast_->actors()) {
      if (actor.left || Clock::now() < actor.back) continue;
      if (actor.stopped) cast_->go_on(actor);
      if (actor.pid < 0 && is_ready(actor)) cast_->start(actor);
    }
    if (daemon_back_ != Clock::time_point{} && Clock::now() >= daemon_back_) daemon_goes_on();
  }

  void daemon_goes_on() {
    if (!daemon_) return start_daemon();
    daemon_->signal(SIGCONT);
    daemon_back_ = {};
  }

  // What a dead actor left behind is judged before anybody takes its place.
  void mourn(Actor& actor) {
    actor.back = Clock::now() + milliseconds(5);
    check_life(*actor.stage, *actor.plan, outcome_.totals, outcome_.faults);
    if (is_producer(actor)) {
      ProducerRecord& record = actor.stage->board->producers[actor.plan->number];
      outcome_.totals.doubtful += record.begun.load() - record.done.load();
      record.fall.store(false);
    }
  }

  // Nobody but us knows that a producer without a line is dead, and its hole makes everybody on that queue wait: before
  // it comes back, what nobody holds is repaired by force.
  bool is_ready(const Actor& actor) {
    if (actor.plan->role != Role::unregistered) return true;
    slickq::Queue queue = slickq::Queue::open(actor.stage->plan.name, actor.stage->dir);
    slickq::Repairer repairer(queue);
    const slickq::RepairPlan plan = repairer.plan({.doubts_below = slickq::kEveryDoubt});
    if (!plan.repairs.empty()) {
      if (repairer.apply(plan)) actor.stage->board->repairs.fetch_add(1);
      return false;
    }
    for (const slickq::Missing& run : plan.doubts) {
      if (run.line == slickq::kNoLine) return false;  // perhaps ours, perhaps one that is only just being reserved
    }
    return true;
  }

  // Producers end, then repairers; the last repair; then everybody reads up to the end.
  void settle() {
    for (Actor& actor : cast_->actors()) {
      if (actor.stopped) cast_->go_on(actor);
    }
    if (daemon_back_ != Clock::time_point{}) daemon_goes_on();
    const auto mourner = [this](Actor& actor) { mourn(actor); };
    the_phase = "the end of the producers";
    for (const auto& stage : stages_) stage->board->stop_producing.store(true);
    cast_->wait_for(is_producer, mourner);
    the_phase = "the end of the repairers";
    for (const auto& stage : stages_) stage->board->stop_repairing.store(true);
    cast_->wait_for([](const Actor& actor) { return actor.plan->role == Role::repairer; }, mourner);
    the_phase = "the last repair";
    for (const auto& stage : stages_) last_repair(*stage);
    the_phase = "the end of the readers";
    cast_->wait_for([](const Actor&) { return true; }, mourner);
    // Whoever lay dead when it ended comes back once more to read what is left.
    for (Actor& actor : cast_->actors()) {
      if (!actor.left && !is_producer(actor) && actor.plan->role != Role::repairer) cast_->start(actor);
    }
    cast_->wait_for([](const Actor&) { return true; }, mourner);
    end_daemon();
  }

  void end_daemon() {
    the_phase = "the end of the daemon";
    if (!place_.wait_until_up()) {
      outcome_.faults.push_back("the daemon is not up: " + daemon_->log());
      return;
    }
    daemon_->signal(SIGTERM);
    if (const int status = daemon_->wait(); status != 0) {
      outcome_.faults.push_back("the daemon ended with " + std::to_string(status) + ": " + daemon_->log());
    }
  }

  // Where all producers have journal lines, nothing may be in doubt when they are all gone.
  void last_repair(Stage& stage) {
    slickq::Queue queue = slickq::Queue::open(stage.plan.name, stage.dir);
    slickq::Repairer repairer(queue);
    const slickq::RepairPlan plan = repairer.plan({.doubts_below = stage.plan.waits ? slickq::kEveryDoubt : 0});
    if (!plan.doubts.empty()) {
      stage.board->fault(Fault::held_up, plan.doubts.front().index, "a hole whose owner is in doubt");
    }
    if (!repairer.apply(plan)) stage.board->fault(Fault::held_up, plan.reserved, "the last repair");
    if (!plan.repairs.empty()) stage.board->repairs.fetch_add(1);
    const slickq::RepairPlan left = repairer.plan();
    if (!left.repairs.empty() || !left.doubts.empty() || !left.dead.empty()) {
      stage.board->fault(Fault::held_up, plan.reserved, "what the last repair left");
    }
    stage.board->end.store(queue.ring().reserved_index(), std::memory_order_release);
  }

  const EpisodePlan& plan_;
  daemon_test::Place place_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::unique_ptr<daemon_test::Daemon> daemon_;
  std::unique_ptr<Cast> cast_;
  Clock::time_point daemon_back_{};
  Outcome outcome_;
};

}  // namespace

void Totals::add(const Totals& other) {
  published += other.published;
  received += other.received;
  lost += other.lost;
  skipped += other.skipped;
  doubtful += other.doubtful;
  deaths += other.deaths;
  repairs += other.repairs;
  torn += other.torn;
  stained += other.stained;
  detours += other.detours;
  late += other.late;
}

const char* phase() { return the_phase.load(); }

Outcome run_episode(const EpisodePlan& plan) { return Episode(plan).run(); }

}  // namespace torture
