// What each request to the control socket is answered with; no sockets here.
//
// Thread safety: none; one thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events.hpp"
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

struct Answer {
  unsigned status = 200;
  std::string body;
  std::string_view allow;  ///< 405: the method that would do
};

/// What the answers are made of.
struct Backend {
  std::function<std::shared_ptr<const Snapshot>()> snapshot;
  std::function<const EventLog&()> events;
  std::function<bool()> healthy;
  std::function<ReloadResult()> reload;
  std::function<bool(const Peer&)> may_change;
};

/// `target` is the request target as sent: percent-encoded, perhaps with a query, which is ignored.
Answer answer(std::string_view method, std::string_view target, const Peer& peer, const Backend& backend);

}  // namespace slickqd
