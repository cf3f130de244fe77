// The terminal of `slickq top`: lines out, keys in. The only place that knows ncurses.
//
// Thread safety: one thread, one Screen at a time.
// Contract: the terminal is as it was before when the Screen is gone, whatever ended it: a key, an exception, SIGINT,
// SIGTERM, SIGHUP or SIGQUIT. Those raise the flag of interrupt.hpp, which ends wait_for_key().
#pragma once

#include <chrono>
#include <csignal>
#include <optional>
#include <vector>

#include "top_model.hpp"

namespace slickq::cli {

class Screen {
 public:
  /// Throws Error(system) when TERM names no terminal that can be drawn on; nothing has changed then.
  explicit Screen(bool colour);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// What lines may be drawn in.
  static Charset charset() noexcept;

  std::size_t width() const noexcept;
  std::size_t height() const noexcept;
  void draw(const std::vector<TopLine>& lines);

  enum class Wake : std::uint8_t { key, redraw, time, hangup };
  /// Until a key is there, the size of the terminal changes, or the time is over. Keys are then had from next_key().
  Wake wait(std::chrono::nanoseconds time);
  std::optional<TopKey> next_key();

 private:
  void begin_colour();

  bool colour_;
  void* screen_ = nullptr;  // SCREEN of ncurses, whose header has macros for half of the dictionary
  sigset_t mask_{};         // of the program, in force while it waits
};

}  // namespace slickq::cli
