// Addresses of this machine alone: what the TCP listener may be bound to, and whom its clients may say they talk to.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace slickqd {

struct LoopbackAddress {
  std::string address;  ///< "127.0.0.1", "::1"
  std::uint16_t port = 0;
  friend bool operator==(const LoopbackAddress&, const LoopbackAddress&) = default;
  std::string text() const;  ///< "127.0.0.1:9464", "[::1]:9464"
};

/// "127.0.0.1:9464", "[::1]:9464". Throws std::invalid_argument: why not.
LoopbackAddress parse_loopback(std::string_view text);

/// Is it a Host header of somebody who means this machine: "localhost" or a literal loopback address, with a port or
/// without? A page of another site, whose name was made to lead here (DNS rebinding), says that name.
bool names_loopback(std::string_view host);

}  // namespace slickqd
