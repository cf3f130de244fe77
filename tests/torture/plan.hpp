// What a seed decides before anybody runs: the queues, the roles, and who is struck when. The rest is the machine's.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "slickq/geometry.hpp"

namespace torture {

using std::chrono::milliseconds;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    std::uint64_t x = state_;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    return x ^ x >> 32;
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool one_in(std::uint64_t chances) { return below(chances) == 0; }

 private:
  std::uint64_t state_;
};

/// `only`: the declared only producer.
enum class Role : std::uint8_t { producer, unregistered, only, consumer, sharer, viewer, original, repairer };
const char* to_string(Role role);
inline bool produces(Role role) { return role <= Role::only; }

struct ActorPlan {
  Role role;
  std::uint32_t number;  ///< of its record on the board
  std::uint64_t seed;
};

/// One queue. `waits`: its producers respect the shared cursor, nothing shared is ever lost; else everybody laps.
struct StagePlan {
  std::string name;
  slickq::Geometry geometry;
  bool waits;
  std::uint32_t pause_us;       ///< producers rest now and then, so that readers are not always hopelessly behind
  std::uint32_t most_elements;  ///< of one item
  std::vector<ActorPlan> actors;
};

struct Blow {
  enum class Kind : std::uint8_t { kill, stop, fall } kind;
  milliseconds at;
  std::uint32_t target;  ///< actor number over both stages; the daemon behind the last
  milliseconds length;   ///< of a stop; of a dead actor's absence
};

struct EpisodePlan {
  std::vector<StagePlan> stages;
  std::vector<Blow> blows;
  milliseconds length;
  bool daemon_repairs;  ///< stalled reservations; else it only reports them
};

EpisodePlan plan_episode(std::uint64_t seed, slickq::Layout layout, milliseconds length);
void print(const EpisodePlan& plan);

}  // namespace torture
