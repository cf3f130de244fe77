// How a bridge is, in one word, and the exception that ends a session with the server.
//
// Thread safety: plain values.
// Two ways: a Trouble that may pass (the server is away, the stream is full) is waited for with a back-off that grows,
// and the next session finds out from the stream what arrived. A Trouble with an exit code ends the program.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "exit_codes.hpp"

namespace slickq::bridge {

enum class State : std::uint8_t {
  connecting,
  running,
  reconnecting,  ///< the server is gone, or answered too late
  no_queue,      ///< no such queue
  no_stream,     ///< no such stream, or no JetStream
  stream_full,   ///< it takes no more
  denied,        ///< wrong credentials, or missing rights
  fenced,        ///< another bridge writes to the stream
  oversize,      ///< an element is larger than a message may be
  mismatch,      ///< the stream, or the queue, is not made for this
  damaged,       ///< a message is not what a bridge wrote
  draining,      ///< told to end: what is there is still brought over
  stopped
};

inline constexpr std::array<std::string_view, 13> kStateNames{
    "connecting", "running",  "reconnecting", "no_queue", "no_stream", "stream_full", "denied",
    "fenced",     "oversize", "mismatch",     "damaged",  "draining",  "stopped"};
static_assert(kStateNames.size() == static_cast<std::size_t>(State::stopped) + 1);
constexpr std::string_view to_string(State state) noexcept { return kStateNames[static_cast<std::size_t>(state)]; }

class Trouble : public std::runtime_error {
 public:
  Trouble(State state, const std::string& what, std::optional<cli::Exit> exit = std::nullopt)
      : std::runtime_error(what), state_(state), exit_(exit) {}
  State state() const noexcept { return state_; }
  /// Nothing: it may pass.
  std::optional<cli::Exit> exit() const noexcept { return exit_; }

 private:
  State state_;
  std::optional<cli::Exit> exit_;
};

/// The code for --check, where nothing is waited for.
inline cli::Exit exit_for(const Trouble& trouble) noexcept {
  if (trouble.exit()) return *trouble.exit();
  switch (trouble.state()) {
    case State::no_queue:
    case State::no_stream: return cli::Exit::not_found;
    case State::denied: return cli::Exit::permission;
    case State::stream_full: return cli::Exit::condition;
    default: return cli::Exit::failed;
  }
}

}  // namespace slickq::bridge
