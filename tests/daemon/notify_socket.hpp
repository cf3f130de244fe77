// What systemd is to a service: a datagram socket that collects messages.
#pragma once

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>

namespace daemon_test {

class NotifySocket {
 public:
  /// `name`: a path, or "@name" for the abstract form.
  explicit NotifySocket(const std::string& name) : name_(name), fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), length) != 0) throw std::runtime_error("bind " + name);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  ~NotifySocket() { close(fd_); }

  const std::string& name() const { return name_; }
  /// The next message; empty when none came in time. Throws for one that systemd would drop: it takes 4096 bytes and
  /// nothing of what is longer.
  std::string receive(std::chrono::milliseconds within = std::chrono::seconds(30)) const {
    const timeval patience{within.count() / 1000, within.count() % 1000 * 1000};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char buffer[4096];
    const ssize_t got = recv(fd_, buffer, sizeof buffer, MSG_TRUNC);  // the length is the message's
    if (got > static_cast<ssize_t>(sizeof buffer)) {
      throw std::runtime_error("a message of " + std::to_string(got) + " bytes");
    }
    return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
  }
  /// Receives until a message contains `text`; false when none comes.
  bool wait_for(const std::string& text) const {
    for (std::string message = receive(); !message.empty(); message = receive()) {
      if (message.find(text) != std::string::npos) return true;
    }
    return false;
  }

 private:
  std::string name_;
  int fd_;
};

}  // namespace daemon_test
