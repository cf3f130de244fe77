#include "cast.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace torture {
namespace {

using Life = void (*)(Stage&, const ActorPlan&, std::uint64_t);
// In the order of Role.
constexpr std::array<Life, 8> kLives{produce, produce, produce, consume, share, view, read_as_the_originals, repair};

std::string name_of(const Cast::Actor& actor) {
  return std::string(to_string(actor.plan->role)) + " " + std::to_string(actor.plan->number) + " of " +
         actor.stage->plan.name;
}

}  // namespace

Cast::Cast(const std::vector<std::unique_ptr<Stage>>& stages) {
  for (const auto& stage : stages) {
    for (const ActorPlan& plan : stage->plan.actors) actors_.push_back({stage.get(), &plan});
  }
}

Cast::~Cast() {
  for (Actor& actor : actors_) {
    if (actor.pid > 0) kill(actor);
  }
}

void Cast::start(Actor& actor) {
  Stage& stage = *actor.stage;
  const bool seats = produces(actor.plan->role);
  auto& seated = stage.board->producers[actor.plan->number % kMostProducers].seated;
  if (seats) seated.store(false);
  const std::uint64_t life = actor.lives++;
  actor.pid = test_support::spawn([&] {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(0);  // the watchdog is the director's
    kLives[static_cast<std::size_t>(actor.plan->role)](stage, *actor.plan, life);
  });
  if (actor.pid < 0) throw std::runtime_error("fork");
  // One after the other: who takes all the lines that are left must not take those of a producer that begins.
  while (seats && !seated.load() && ::kill(actor.pid, 0) == 0 &&
         waitid(P_PID, static_cast<id_t>(actor.pid), nullptr, WEXITED | WNOHANG | WNOWAIT) == 0) {
    siginfo_t gone{};
    waitid(P_PID, static_cast<id_t>(actor.pid), &gone, WEXITED | WNOHANG | WNOWAIT);
    if (gone.si_pid != 0) break;
    usleep(100);
  }
}

void Cast::kill(Actor& actor) {
  ::kill(actor.pid, SIGKILL);
  waitpid(actor.pid, nullptr, 0);
  actor.pid = -1;
  actor.stopped = false;
  ++deaths_;
}

void Cast::stop(Actor& actor, Clock::time_point until) {
  ::kill(actor.pid, SIGSTOP);
  actor.stopped = true;
  actor.back = until;
}

void Cast::go_on(Actor& actor) {
  ::kill(actor.pid, SIGCONT);
  actor.stopped = false;
}

void Cast::judge(Actor& actor, int status, const std::function<void(Actor&)>& on_death) {
  actor.pid = -1;
  actor.stopped = false;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {  // fell as it was told to
    ++deaths_;
    on_death(actor);
    return;
  }
  actor.left = true;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    failures_.push_back(name_of(actor) +
                        (WIFSIGNALED(status) ? " died of signal " + std::to_string(WTERMSIG(status)) : " failed"));
  }
}

void Cast::look(const std::function<void(Actor&)>& on_death) {
  for (Actor& actor : actors_) {
    int status = 0;
    if (actor.pid > 0 && waitpid(actor.pid, &status, WNOHANG) == actor.pid) judge(actor, status, on_death);
  }
}

void Cast::wait_for(const std::function<bool(const Actor&)>& of, const std::function<void(Actor&)>& on_death) {
  const auto limit = Clock::now() + std::chrono::seconds(30);
  for (;;) {
    look(on_death);
    const Actor* late = nullptr;
    for (const Actor& actor : actors_) {
      if (actor.pid > 0 && of(actor)) late = &actor;
    }
    if (late == nullptr) return;
    if (Clock::now() > limit) throw std::runtime_error(name_of(*late) + " does not come to its end");
    usleep(500);
  }
}

}  // namespace torture
