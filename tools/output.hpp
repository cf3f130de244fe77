// Standard output: buffered, and every failed write is noticed.
//
// Thread safety: one thread.
// Contract: what was written is on its way only after flush(); the command that forgets it prints nothing, so
// main() flushes last. A reader that has gone away (EPIPE) is OutputClosed, anything else an Error.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace slickq::cli {

/// The reader of our output has gone away; not an error of ours.
struct OutputClosed {};

class Output {
 public:
  void write(std::string_view text);
  void line(std::string_view text);
  void flush();
  /// For who waits with nothing to write: throws OutputClosed when the reader has gone away.
  void check_reader() const;

 private:
  std::string pending_;
};

/// Sleep, but not beyond an interrupt. Throws OutputClosed when the reader of `out` goes away meanwhile.
void pause_for_reader(const Output& out, std::chrono::nanoseconds time);

/// A line on standard error, behind everything on standard output so far.
void say(Output& out, std::string_view text);

}  // namespace slickq::cli
