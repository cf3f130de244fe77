#include "input.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "interrupt.hpp"
#include "slickq/error.hpp"

namespace slickq::cli {

Input::Input(const std::string& path)
    : fd_(path.empty() ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC)),
      owned_(!path.empty()),
      name_(path.empty() ? "standard input" : path) {
  if (fd_ < 0) throw system_failure(name_, "open", errno);
}

Input::~Input() {
  if (owned_) close(fd_);
}

bool Input::fill() {
  constexpr std::size_t kChunk = std::size_t{64} << 10;
  buffer_.erase(0, taken_);
  taken_ = 0;
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + kChunk);
  ssize_t got = -1;
  do {
    if (interrupted()) break;
    got = read(fd_, buffer_.data() + kept, kChunk);
  } while (got < 0 && errno == EINTR);
  const int error = errno;
  buffer_.resize(kept + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0 && !interrupted()) throw system_failure(name_, "read", error);
  if (got <= 0) ended_ = true;
  return got > 0;
}

bool Input::next_line(std::string& line, std::size_t limit) {
  std::size_t searched = 0;
  for (;;) {
    const std::size_t end = buffer_.find('\n', taken_ + searched);
    const std::size_t have = std::min(end, buffer_.size()) - taken_;
    const bool complete = end != std::string::npos || have > limit || (ended_ && have > 0);
    if (complete) {
      line.assign(buffer_, taken_, std::min(have, limit + 1));
      taken_ += have + (end != std::string::npos ? 1 : 0);
      return !interrupted();
    }
    searched = have;
    if (ended_ || (!fill() && buffer_.empty())) return false;
  }
}

bool Input::next_record(std::string& record, std::size_t bytes) {
  while (!ended_ && buffer_.size() - taken_ < bytes) fill();
  const std::size_t have = std::min(bytes, buffer_.size() - taken_);
  record.assign(buffer_, taken_, have);
  taken_ += have;
  return have > 0 && !interrupted();
}

}  // namespace slickq::cli
