#include "routes.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace slickqd {
namespace {

using nlohmann::ordered_json;

std::string printed(const ordered_json& body) {
  return body.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Answer error(unsigned status, const std::string& text) {
  return {status, printed({{"ok", false}, {"error", text}}), {}};
}

// %XX of a path; an incomplete one stands for itself.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t k = 0; k < text.size(); ++k) {
    unsigned char byte = 0;
    if (text[k] == '%' && k + 2 < text.size() &&
        std::from_chars(text.data() + k + 1, text.data() + k + 3, byte, 16).ptr == text.data() + k + 3) {
      out += static_cast<char>(byte);
      k += 2;
    } else {
      out += text[k];
    }
  }
  return out;
}

Answer status(std::string_view, const Peer&, const Backend& backend) {
  return {200, printed(to_json(*backend.snapshot())), {}};
}

Answer queues(std::string_view, const Peer&, const Backend& backend) {
  const auto snapshot = backend.snapshot();
  ordered_json list = ordered_json::array();
  for (const QueueStatus& queue : snapshot->queues) list.push_back(to_json(queue, snapshot->round_finished));
  return {200, printed({{"schema", "slickqd.queues/1"}, {"queues", std::move(list)}}), {}};
}

Answer one_queue(std::string_view name, const Peer&, const Backend& backend) {
  const auto snapshot = backend.snapshot();
  const auto found = std::find_if(snapshot->queues.begin(), snapshot->queues.end(),
                                  [&](const QueueStatus& queue) { return queue.name == name; });
  if (found == snapshot->queues.end()) return error(404, "no queue of that name is configured: " + std::string(name));
  return {200, printed(to_json(*found, snapshot->round_finished)), {}};
}

Answer events(std::string_view, const Peer&, const Backend& backend) {
  ordered_json list = ordered_json::array();
  for (const ordered_json& line : backend.events().newest()) list.push_back(line);
  return {200, printed(list), {}};
}

Answer health(std::string_view, const Peer&, const Backend& backend) {
  const bool healthy = backend.healthy();
  return {healthy ? 200u : 503u, printed({{"ok", healthy}, {"rounds", backend.snapshot()->rounds}}), {}};
}

Answer reload(std::string_view, const Peer& peer, const Backend& backend) {
  if (!backend.may_change(peer)) {
    return error(403, "uid " + std::to_string(peer.uid) +
                          " may not reload: only root, slickqd's own user and members of control.group may");
  }
  const ReloadResult result = backend.reload();
  if (result.ok) return {200, printed({{"ok", true}}), {}};
  ordered_json body{{"ok", false}, {"error", result.error}};
  if (result.where) {
    // The place has keys of its own: the text does not repeat file, line and column.
    const std::string& pointer = result.where->pointer();
    body["error"] = pointer.empty() ? result.where->problem() : pointer + ": " + result.where->problem();
    body["file"] = result.where->file();
    body["line"] = result.where->line();
    body["column"] = result.where->column();
    body["pointer"] = result.where->pointer();
  }
  return {422, printed(body), {}};
}

struct Route {
  std::string_view method;
  std::string_view path;
  bool takes_name;  ///< path is a prefix, what follows is a queue's name
  Answer (*handle)(std::string_view name, const Peer&, const Backend&);
};

constexpr std::array kRoutes{
    Route{"GET", "/v1/status", false, status},    Route{"GET", "/v1/queues", false, queues},
    Route{"GET", "/v1/queues/", true, one_queue}, Route{"GET", "/v1/events", false, events},
    Route{"GET", "/healthz", false, health},      Route{"POST", "/v1/reload", false, reload},
};

}  // namespace

bool may_change(const Peer& peer, uid_t own_uid, std::optional<gid_t> control_group) {
  if (peer.uid == 0 || peer.uid == own_uid) return true;
  if (!control_group) return false;
  return peer.gid == *control_group ||
         std::find(peer.groups.begin(), peer.groups.end(), *control_group) != peer.groups.end();
}

Answer answer(std::string_view method, std::string_view target, const Peer& peer, const Backend& backend) {
  const std::string path = decoded(target.substr(0, target.find('?')));
  for (const Route& route : kRoutes) {
    const bool fits =
        route.takes_name ? path.size() > route.path.size() && path.starts_with(route.path) : path == route.path;
    if (!fits) continue;
    if (method != route.method) {
      Answer refused = error(405, std::string(method) + " is not for " + path);
      refused.allow = route.method;
      return refused;
    }
    return route.handle(std::string_view(path).substr(route.path.size()), peer, backend);
  }
  return error(404, "nothing at " + path + "; try /v1/status, /v1/queues, /v1/events or /healthz");
}

}  // namespace slickqd
