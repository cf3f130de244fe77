// What each request is answered with; no sockets here.
//
// Thread safety: none; one thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events.hpp"
#include "query.hpp"
#include "snapshot.hpp"
#include "supervisor.hpp"

namespace slickqd {

/// Who is at the other end of the socket, as the kernel says.
struct Peer {
  uid_t uid = static_cast<uid_t>(-1);
  gid_t gid = static_cast<gid_t>(-1);
  std::vector<gid_t> groups;  ///< supplementary ones
};

/// May this peer change the daemon's state? root, the daemon's own user, and members of control.group.
bool may_change(const Peer& peer, uid_t own_uid, std::optional<gid_t> control_group);

struct Request {
  std::string_view method;
  std::string_view target;    ///< as sent: percent-encoded, perhaps with a query
  std::string_view accept{};  ///< the header
  Peer peer{};
  bool read_only = false;  ///< came by a way that shows nobody's credentials: may never change anything
};

enum class StreamFormat : std::uint8_t { json_lines, server_sent };

struct Answer {
  unsigned status = 200;
  std::string body;
  std::string_view allow{};  ///< 405: the method that would do
  std::string_view content_type = "application/json";
  std::string_view content_policy{};  ///< Content-Security-Policy, of a page
  /// After the body, which is part of it, each event follows as it happens.
  std::optional<StreamFormat> stream{};
};

/// One event as a stream of this format shows it; `json`: the event, without a newline.
std::string stream_text(StreamFormat format, const std::string& json);

/// What the answers are made of.
struct Backend {
  std::function<std::shared_ptr<const Snapshot>()> snapshot;
  std::function<const EventLog&()> events;
  std::function<std::optional<nlohmann::ordered_json>(std::string_view)> history;
  std::function<ReloadResult()> reload;
  std::function<PlannedReload()> plan;
  /// Nothing: no such queue. An object with "ok".
  std::function<std::optional<nlohmann::ordered_json>(std::string_view, const RepairWish&)> repair;
  std::function<nlohmann::ordered_json(bool dry_run)> collect_orphans;
  std::function<bool(const Peer&)> may_change;
};

/// What a handler gets of a request.
struct Asked {
  std::string_view name;  ///< the end of the path, where the route takes one
  Query query;
  const Request& request;
};

Answer answer(const Request& request, const Backend& backend);

/// As every JSON answer is printed.
std::string printed(const nlohmann::ordered_json& body);
Answer error_answer(unsigned status, const std::string& text);

}  // namespace slickqd
