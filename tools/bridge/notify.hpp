// systemd's notify protocol: datagrams to the socket that NOTIFY_SOCKET names. Nothing happens without it.
//
// Thread safety: none.
#pragma once

#include <string>
#include <string_view>

namespace slickq::bridge {

class Notify {
 public:
  /// From NOTIFY_SOCKET.
  Notify();
  Notify(const Notify&) = delete;
  Notify& operator=(const Notify&) = delete;
  ~Notify();

  /// The bridge works, whether or not the server is there: a service is not to wait for another machine.
  void ready() const { send("READY=1"); }
  /// A sign of life, and a line for `systemctl status`.
  void alive(std::string_view status) const;
  void stopping() const { send("STOPPING=1"); }

 private:
  void send(std::string_view message) const;
  std::string address_;  // sun_path as the kernel wants it; empty: nobody to tell
  int fd_ = -1;
};

}  // namespace slickq::bridge
