#include "daemon_answer.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "slickq/error.hpp"

namespace slickq::cli {
namespace {

Json parsed_as(const std::string& socket, const DaemonReply& reply, Json::value_t wanted, const char* name) {
  Json value = Json::parse(reply.body, nullptr, false);
  if (value.is_discarded() || value.type() != wanted) {
    throw Error(Errc::system, socket, fmt::format("the answer (HTTP {}) is not {}", reply.status, name),
                "is it slickqd that listens there?");
  }
  return value;
}

}  // namespace

void declare_socket(Arguments& arguments, std::string& socket) {
  arguments.option("--socket", "PATH", into(socket), "SLICKQD_SOCKET, else /run/slickq/slickqd.sock");
}

std::string socket_path(const std::string& given) {
  if (!given.empty()) return given;
  const char* from_environment = std::getenv("SLICKQD_SOCKET");
  const bool set = from_environment != nullptr && *from_environment != '\0';
  return set ? from_environment : "/run/slickq/slickqd.sock";
}

Json parsed(const std::string& socket, const DaemonReply& reply) {
  return parsed_as(socket, reply, Json::value_t::object, "a JSON object");
}

Json parsed_list(const std::string& socket, const DaemonReply& reply) {
  return parsed_as(socket, reply, Json::value_t::array, "a JSON array");
}

void refused(const std::string& socket, const DaemonReply& reply) {
  const bool forbidden = reply.status == 401 || reply.status == 403;
  throw Error(forbidden ? Errc::permission : Errc::system, socket,
              fmt::format("the daemon answers HTTP {}: {}", reply.status, cell(parsed(socket, reply), "error")));
}

std::string cell(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "-";
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number_float()) return fmt::format("{:.1f}", found->get<double>());
  if (found->is_array()) return std::to_string(found->size());
  if (found->is_object()) return cell(*found, "count");
  return found->dump();
}

}  // namespace slickq::cli
