#include "notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace slickq::bridge {

Notify::Notify() {
  const char* socket = std::getenv("NOTIFY_SOCKET");
  const std::string_view name = socket == nullptr ? "" : socket;
  const bool usable =
      name.size() > 1 && name.size() < sizeof(sockaddr_un::sun_path) && (name.front() == '/' || name.front() == '@');
  if (!usable) return;
  address_ = name;
  if (address_.front() == '@') address_.front() = '\0';
  fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

Notify::~Notify() {
  if (fd_ >= 0) close(fd_);
}

void Notify::alive(std::string_view status) const {
  // One line, and a short one: systemd drops a message of more than 4096 bytes whole.
  std::string line(status.substr(0, 500));
  for (char& c : line) c = c == '\n' ? ' ' : c;
  send("WATCHDOG=1\nSTATUS=" + line);
}

void Notify::send(std::string_view message) const {
  if (fd_ < 0) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  // The length counts for the abstract form: its name has no terminator.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  // Not sent: a manager that does not listen must not stop the bridge.
  [[maybe_unused]] const ssize_t sent =
      sendto(fd_, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), length);
}

}  // namespace slickq::bridge
