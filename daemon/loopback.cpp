#include "loopback.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <stdexcept>

namespace slickqd {
namespace {

struct HostAndPort {
  std::string host;  ///< without brackets
  bool bracketed = false;
  std::optional<std::string_view> port{};
};

HostAndPort split(std::string_view text) {
  if (text.starts_with('[') && text.find(']') != text.npos) {
    const std::size_t end = text.find(']');
    HostAndPort parts{std::string(text.substr(1, end - 1)), true};
    if (end + 1 < text.size() && text[end + 1] == ':') {
      parts.port = text.substr(end + 2);
    } else if (end + 1 < text.size()) {
      parts.host += text.substr(end + 1);  // no address at all
    }
    return parts;
  }
  const std::size_t colon = text.find(':');
  HostAndPort parts{std::string(text.substr(0, colon))};
  if (colon != text.npos) parts.port = text.substr(colon + 1);
  return parts;
}

bool is_loopback(const HostAndPort& parts) {
  in6_addr six{};
  if (parts.bracketed) return inet_pton(AF_INET6, parts.host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
  in_addr four{};
  return inet_pton(AF_INET, parts.host.c_str(), &four) == 1 && (ntohl(four.s_addr) >> 24) == 127;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

std::string LoopbackAddress::text() const {
  const bool six = address.find(':') != address.npos;
  return (six ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

LoopbackAddress parse_loopback(std::string_view text) {
  const HostAndPort parts = split(text);
  if (!parts.port) throw std::invalid_argument("it has no port: write \"127.0.0.1:9464\"");
  if (!is_loopback(parts)) {
    throw std::invalid_argument(
        "it is no loopback address: 127.0.0.1 or [::1]. Whoever reaches the port may read all there is to see; let a "
        "proxy that knows its users listen to others");
  }
  const auto port = port_of(*parts.port);
  if (!port) throw std::invalid_argument("its port is no number of 1 to 65535");
  return {parts.host, *port};
}

bool names_loopback(std::string_view host) {
  HostAndPort parts = split(host);
  if (parts.port && !parts.port->empty() && !port_of(*parts.port)) return false;
  if (is_loopback(parts)) return true;
  std::transform(parts.host.begin(), parts.host.end(), parts.host.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return !parts.bracketed && parts.host == "localhost";
}

}  // namespace slickqd
