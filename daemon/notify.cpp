#include "notify.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "json_text.hpp"
#include "units.hpp"

namespace slickqd {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

// A status line is one line, and a short one: systemd drops a message of more than 4096 bytes whole, and with it the
// sign of life that no text may cost.
constexpr std::size_t kLongestStatus = 500;
std::string as_status(std::string_view text) { return shortened(one_line(text), kLongestStatus); }

}  // namespace

std::chrono::microseconds time_to_make(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t kBytesPerMicrosecond = 200;
  return std::chrono::microseconds(bytes / kBytesPerMicrosecond);
}

Notify::Notify(std::string_view socket, std::optional<std::chrono::microseconds> watchdog) : watchdog_(watchdog) {
  const bool usable = socket.size() > 1 && socket.size() < sizeof(sockaddr_un::sun_path) &&
                      (socket.front() == '/' || socket.front() == '@');
  if (!usable) return;
  address_ = socket;
  if (address_.front() == '@') address_.front() = '\0';
  fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  // A manager that does not read must not stop the rounds.
  const timeval patience{1, 0};
  if (fd_ >= 0) setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

Notify Notify::from_environment() {
  std::optional<std::chrono::microseconds> watchdog;
  const auto usec = number(variable("WATCHDOG_USEC"));
  const auto pid = number(variable("WATCHDOG_PID"));
  if (usec && (!pid || *pid == getpid())) watchdog = std::chrono::microseconds(*usec);
  return Notify(variable("NOTIFY_SOCKET"), watchdog);
}

Notify::Notify(Notify&& other) noexcept
    : address_(std::move(other.address_)), watchdog_(other.watchdog_), fd_(std::exchange(other.fd_, -1)) {}

Notify::~Notify() {
  if (fd_ >= 0) close(fd_);
}

bool Notify::ready(std::string_view status) const { return send("READY=1\nSTATUS=" + as_status(status)); }

bool Notify::round_finished(std::string_view status) const {
  return send((watchdog_ ? "WATCHDOG=1\nSTATUS=" : "STATUS=") + as_status(status));
}

bool Notify::reloading(Monotonic now) const {
  const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  return send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec));
}

bool Notify::takes(std::chrono::microseconds time) const {
  return send("EXTEND_TIMEOUT_USEC=" + std::to_string(time.count()));
}

bool Notify::stopping() const { return send("STOPPING=1"); }

bool Notify::send(std::string_view message) const {
  if (fd_ < 0) return true;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  // The length counts for the abstract form: its name has no terminator.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  const ssize_t sent =
      sendto(fd_, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), length);
  return sent == static_cast<ssize_t>(message.size());
}

}  // namespace slickqd
