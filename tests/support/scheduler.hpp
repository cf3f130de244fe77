// A seeded scheduler: tasks run one at a time, and at each step a generator decides who goes on. The same seed gives
// the same run to the last step.
//
// Uniform switching alone hardly ever finds a mistake that needs a whole lap between two accesses of one task. So
// a task also falls asleep now and then, for anything up to several laps of the others, as preemption does.
//
// What it cannot show: every task sees every write at once and in order. Weak memory orders are for the thread
// sanitizer and for the argument beside each of them.
//
// Thread safety: one thread. A task that dies is never resumed; one that is restarted begins from the top.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "support/fibre.hpp"

namespace test_support {

/// splitmix64: any seed is a good one, also 0, 1, 2.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }
  /// 0..bound-1.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool one_in(std::uint64_t chances) { return below(chances) == 0; }

 private:
  std::uint64_t state_;
};

class Scheduler {
 public:
  static constexpr std::uint32_t kMostTasks = 8;
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  Scheduler() {
    for (auto& fibre : fibres_) fibre = std::make_unique<Fibre>(256 * 1024);
  }

  /// Who is running now, if anybody: the policy's accesses are its steps.
  static Scheduler*& active() {
    static Scheduler* scheduler = nullptr;
    return scheduler;
  }

  void begin(std::uint64_t seed) {
    dice_ = Dice(seed);
    static constexpr std::array<Mood, 5> kMoods{
        {{2, 0, 0}, {6, 60, 400}, {20, 80, 1500}, {3, 25, 120}, {50, 200, 4000}}};
    mood_ = kMoods[dice_.below(kMoods.size())];
    tasks_.clear();
    now_ = 0;
    steps_ = 0;
  }

  /// `dies_at`: the number of its own steps after which it is never resumed.
  std::uint32_t spawn(std::function<void()> body, std::uint64_t dies_at = kNever) {
    tasks_.push_back({std::move(body), State::ready, 0, 0, dies_at});
    const auto id = static_cast<std::uint32_t>(tasks_.size() - 1);
    launch(id);
    return id;
  }

  /// Called at a death, with the task's number; may restart() it, to die again after so many steps.
  void on_death(std::function<void(std::uint32_t)> call) { on_death_ = std::move(call); }
  void restart(std::uint32_t id, std::uint64_t dies_after = kNever) {
    tasks_[id].state = State::ready;
    tasks_[id].dies_at = dies_after == kNever ? kNever : tasks_[id].steps + dies_after;
    restarted_ = id;
  }

  /// Until every task has ended or died. False: still not after `most_steps`.
  bool run(std::uint64_t most_steps) {
    limit_ = most_steps;
    active() = this;
    running_ = kNobody;
    const std::uint32_t first = pick();
    if (first != kNobody) switch_from(main_, first);
    active() = nullptr;
    for (const Task& task : tasks_) {
      if (task.state == State::ready) return false;
    }
    return true;
  }

  /// One step of the running task.
  void step() {
    Task& me = tasks_[running_];
    ++now_;
    if (++steps_ > limit_) {
      leave_to_main();
    } else if (++me.steps == me.dies_at) {
      die();
    } else {
      if (mood_.sleep_one_in != 0 && dice_.one_in(mood_.sleep_one_in)) me.wakes = now_ + short_or_long(mood_.longest);
      if (me.wakes > now_ || dice_.one_in(mood_.switch_one_in)) hand_over();
    }
  }

  /// The running task rests for that many steps of the others.
  void pause(std::uint64_t steps) {
    tasks_[running_].wakes = now_ + steps;
    step();
  }

  /// The number of the running task.
  std::uint32_t running() const { return running_; }

  /// Of all tasks, in this run.
  std::uint64_t steps() const { return steps_; }

 private:
  static constexpr std::uint32_t kNobody = ~std::uint32_t{0};
  enum class State : std::uint8_t { ready, ended, dead };
  struct Mood {
    std::uint64_t switch_one_in;
    std::uint64_t sleep_one_in;
    std::uint64_t longest;  ///< sleep, in steps
  };
  struct Task {
    std::function<void()> body;
    State state;
    std::uint64_t wakes;
    std::uint64_t steps;
    std::uint64_t dies_at;
  };

  // Evenly over the orders of magnitude: as many naps of ten steps as of a thousand.
  std::uint64_t short_or_long(std::uint64_t longest) {
    std::uint64_t most = longest;
    while (most > 8 && dice_.one_in(2)) most /= 4;
    return 1 + dice_.below(most);
  }

  void launch(std::uint32_t id) {
    fibres_[id]->start([this, id] {
      tasks_[id].body();
      tasks_[id].state = State::ended;
      hand_over();
    });
  }

  void die() {
    const std::uint32_t victim = running_;
    tasks_[victim].state = State::dead;
    restarted_ = kNobody;
    if (on_death_) on_death_(victim);
    // A fibre cannot be started from the top while it stands on its own stack: main does it.
    if (restarted_ != kNobody) {
      leave_to_main();
    } else {
      hand_over();
    }
  }

  std::uint32_t pick() {
    std::uint32_t awake = 0;
    std::uint32_t earliest = kNobody;
    std::array<std::uint32_t, kMostTasks> ready{};
    for (std::uint32_t id = 0; id < tasks_.size(); ++id) {
      if (tasks_[id].state != State::ready) continue;
      if (tasks_[id].wakes <= now_) ready[awake++] = id;
      if (earliest == kNobody || tasks_[id].wakes < tasks_[earliest].wakes) earliest = id;
    }
    if (awake != 0) return ready[dice_.below(awake)];
    if (earliest != kNobody) now_ = tasks_[earliest].wakes;
    return earliest;
  }

  void hand_over() {
    const std::uint32_t next = pick();
    if (next == running_) return;
    if (next == kNobody) return leave_to_main();
    Fibre& from = *fibres_[running_];
    running_ = next;
    from.go_to(*fibres_[next]);
  }

  void leave_to_main() { fibres_[running_]->go_to(main_); }

  void switch_from(Fibre& from, std::uint32_t first) {
    for (std::uint32_t next = first; next != kNobody;) {
      running_ = next;
      restarted_ = kNobody;
      from.go_to(*fibres_[next]);
      if (restarted_ == kNobody) return;
      launch(restarted_);
      next = pick();
    }
  }

  Dice dice_{0};
  Mood mood_{};
  std::vector<Task> tasks_;
  std::array<std::unique_ptr<Fibre>, kMostTasks> fibres_;
  Fibre main_ = Fibre::of_thread();
  std::function<void(std::uint32_t)> on_death_;
  std::uint64_t now_ = 0;  // steps, and the time in which all were asleep
  std::uint64_t steps_ = 0;
  std::uint64_t limit_ = 0;
  std::uint32_t running_ = kNobody;
  std::uint32_t restarted_ = kNobody;
};

}  // namespace test_support
