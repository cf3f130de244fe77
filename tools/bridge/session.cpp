#include "session.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "interrupt.hpp"
#include "slickq/error.hpp"

namespace slickq::bridge {
namespace {

constexpr auto kFirstRest = std::chrono::milliseconds(100);
constexpr auto kLongestRest = std::chrono::milliseconds(5000);
// Nobody else is asked for a queue: it may be looked for more often than a server.
constexpr auto kLongestRestForQueue = std::chrono::milliseconds(500);

class Rests {
 public:
  std::chrono::milliseconds next(State state) {
    const auto longest = state == State::no_queue ? kLongestRestForQueue : kLongestRest;
    const auto time = std::min(next_, longest);
    next_ = std::min(next_ * 2, kLongestRest);
    // A tenth at random: a hundred bridges do not come back to a server in the same instant.
    return time - std::chrono::milliseconds(random_() % (static_cast<unsigned>(time.count()) / 10 + 1));
  }
  void begin_anew() noexcept { next_ = kFirstRest; }

 private:
  std::chrono::milliseconds next_ = kFirstRest;
  std::minstd_rand random_{std::random_device{}()};
};

State state_for(Errc code) noexcept {
  switch (code) {
    case Errc::permission: return State::denied;
    case Errc::corrupt: return State::damaged;
    case Errc::busy: return State::fenced;
    case Errc::not_found: return State::no_queue;
    default: return State::mismatch;
  }
}

}  // namespace

bool rest(Status& status, std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (!cli::interrupted()) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= std::chrono::nanoseconds(0)) return true;
    cli::pause_for(std::min<std::chrono::nanoseconds>(left, std::chrono::milliseconds(200)));
    status.tick();
  }
  return false;
}

cli::Exit run_sessions(Status& status, const std::function<Ended()>& session,
                       const std::function<std::uint64_t()>& work) {
  Rests rests;
  bool is_lost = false;  // the session before this one
  while (!cli::interrupted()) {
    const std::uint64_t before = work();
    try {
      if (std::exchange(is_lost, false)) ++status.counters.reconnects;
      if (session() == Ended::stopped) break;
    } catch (const Trouble& trouble) {
      is_lost = true;
      status.set(trouble.state(), trouble.what());
      if (trouble.exit()) return *trouble.exit();
      if (work() != before) rests.begin_anew();
      if (!rest(status, rests.next(trouble.state()))) break;
    } catch (const Error& error) {
      status.set(state_for(error.code()), error.what());
      throw;
    }
  }
  status.finish();
  return cli::Exit::ok;
}

}  // namespace slickq::bridge
