// What the daemon verbs have in common: where slickqd is asked, and what its answers are.
//
// Thread safety: one thread.
#pragma once

#include <string>

#include "arguments.hpp"
#include "daemon_client.hpp"
#include "json.hpp"

namespace slickq::cli {

/// --socket. `socket` stays empty when it is not given; see socket_path().
void declare_socket(Arguments& arguments, std::string& socket);
/// What was given, else SLICKQD_SOCKET, else the usual place.
std::string socket_path(const std::string& given);

/// The answer's object; throws Error(system) when it is none.
Json parsed(const std::string& socket, const DaemonReply& reply);
/// The same for an array.
Json parsed_list(const std::string& socket, const DaemonReply& reply);
/// Throws what an answer of that status means: permission, or system.
[[noreturn]] void refused(const std::string& socket, const DaemonReply& reply);

/// A cell of a table: '-' for what the daemon left out, the number of elements of an array.
std::string cell(const Json& object, const char* key);

}  // namespace slickq::cli
