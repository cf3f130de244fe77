// The processes of an episode, by number: started, struck, mourned.
//
// Thread safety: one thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "stage.hpp"

namespace torture {

using Clock = std::chrono::steady_clock;

class Cast {
 public:
  /// `on_death(actor)`: a killed actor is gone, and nobody is in its place yet.
  struct Actor {
    Stage* stage;
    const ActorPlan* plan;
    std::uint64_t lives = 0;
    pid_t pid = -1;
    bool stopped = false;
    bool left = false;         ///< came to its end by itself
    Clock::time_point back{};  ///< when to go on, or to come back
  };

  explicit Cast(const std::vector<std::unique_ptr<Stage>>& stages);
  Cast(const Cast&) = delete;
  Cast& operator=(const Cast&) = delete;
  ~Cast();

  void start(Actor& actor);
  /// By SIGKILL; returns when it is gone.
  void kill(Actor& actor);
  void stop(Actor& actor, Clock::time_point until);
  void go_on(Actor& actor);
  /// Who fell by himself or came to an end; on_death for those who fell. False when somebody failed.
  void look(const std::function<void(Actor&)>& on_death);
  /// Until all of those that `of` names have come to their end.
  void wait_for(const std::function<bool(const Actor&)>& of, const std::function<void(Actor&)>& on_death);

  std::vector<Actor>& actors() { return actors_; }
  std::uint64_t deaths() const { return deaths_; }
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  void judge(Actor& actor, int status, const std::function<void(Actor&)>& on_death);

  std::vector<Actor> actors_;
  std::uint64_t deaths_ = 0;
  std::vector<std::string> failures_;
};

}  // namespace torture
