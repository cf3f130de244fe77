#include "output.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "interrupt.hpp"
#include "slickq/error.hpp"

namespace slickq::cli {
namespace {

constexpr std::size_t kFlushAt = std::size_t{64} << 10;

// Ready to go on after a failed write()? Throws when there is no going on.
void recover(int error) {
  if (error == EINTR && !interrupted()) return;
  if (error == EAGAIN) {
    pollfd ready{STDOUT_FILENO, POLLOUT, 0};
    poll(&ready, 1, 100);
    if (!interrupted()) return;
  }
  if (error == EPIPE || interrupted()) throw OutputClosed{};
  throw system_failure("standard output", "write", error);
}

}  // namespace

void Output::write(std::string_view text) {
  pending_ += text;
  if (pending_.size() >= kFlushAt) flush();
}

void Output::line(std::string_view text) {
  pending_ += text;
  write("\n");
}

void Output::flush() {
  // Taken first: when a write fails, main()'s last flush must not try the same bytes again.
  const std::string bytes = std::move(pending_);
  pending_.clear();
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t done = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (done < 0) {
      recover(errno);
    } else {
      rest.remove_prefix(static_cast<std::size_t>(done));
    }
  }
}

void Output::check_reader() const {
  pollfd state{STDOUT_FILENO, 0, 0};
  if (::poll(&state, 1, 0) == 1 && (state.revents & POLLERR) != 0) throw OutputClosed{};
}

void pause_for_reader(const Output& out, std::chrono::nanoseconds time) {
  constexpr std::chrono::nanoseconds kSlice = std::chrono::milliseconds(100);
  while (time.count() > 0 && !interrupted()) {
    out.check_reader();
    pause_for(std::min(time, kSlice));
    time -= kSlice;
  }
}

void say(Output& out, std::string_view text) {
  out.flush();
  std::string line(text);
  line += '\n';
  // A closed standard error is no reason to fail: there is nobody to tell.
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace slickq::cli
