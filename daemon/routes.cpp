#include "routes.hpp"

#include <algorithm>
#include <array>

#include "changes.hpp"
#include "json_text.hpp"
#include "metrics.hpp"
#include "page/page.hpp"
#include "slickq/error.hpp"

namespace slickqd {
namespace {

using nlohmann::ordered_json;

Answer unknown_queue(std::string_view name) {
  return error_answer(404, "no queue of that name is configured: " + std::string(name));
}

Answer status(const Asked&, const Backend& backend) { return {200, printed(to_json(*backend.snapshot()))}; }

Answer page(const Asked&, const Backend&) {
  return {.body = std::string(kPage), .content_type = "text/html; charset=utf-8", .content_policy = kPagePolicy};
}

Answer queues(const Asked&, const Backend& backend) {
  const auto snapshot = backend.snapshot();
  ordered_json list = ordered_json::array();
  for (const QueueStatus& queue : snapshot->queues) list.push_back(to_json(queue, snapshot->round_finished));
  return {200, printed({{"schema", "slickqd.queues/1"}, {"queues", std::move(list)}})};
}

Answer one_queue(const Asked& asked, const Backend& backend) {
  const auto snapshot = backend.snapshot();
  const auto found = std::find_if(snapshot->queues.begin(), snapshot->queues.end(),
                                  [&](const QueueStatus& queue) { return queue.name == asked.name; });
  if (found == snapshot->queues.end()) return unknown_queue(asked.name);
  return {200, printed(to_json(*found, snapshot->round_finished))};
}

Answer history(const Asked& asked, const Backend& backend) {
  const auto history = backend.history(asked.name);
  return history ? Answer{200, printed(*history)} : unknown_queue(asked.name);
}

Answer metrics(const Asked&, const Backend& backend) {
  return {200, metrics_text(*backend.snapshot()), {}, kMetricsContentType};
}

// The newest `n`, in the order in which they happened.
template <class Print>
void for_newest(const EventLog& events, std::uint64_t n, Print print) {
  const auto& lines = events.newest();
  const std::size_t skipped = lines.size() - std::min<std::size_t>(lines.size(), n);
  for (std::size_t k = skipped; k < lines.size(); ++k) print(lines[k]);
}

Answer follow_events(StreamFormat format, const Asked& asked, const Backend& backend) {
  const bool for_browser = format == StreamFormat::server_sent;
  Answer answer{
      .body = {}, .content_type = for_browser ? "text/event-stream" : "application/x-ndjson", .stream = format};
  for_newest(backend.events(), asked.query.number("n", 0),
             [&](const ordered_json& line) { answer.body += stream_text(format, json_text(line)); });
  return answer;
}

Answer events(const Asked& asked, const Backend& backend) {
  const bool for_browser = asked.request.accept.find("text/event-stream") != std::string_view::npos;
  if (for_browser) return follow_events(StreamFormat::server_sent, asked, backend);
  if (asked.query.flag("follow")) return follow_events(StreamFormat::json_lines, asked, backend);
  ordered_json list = ordered_json::array();
  for_newest(backend.events(), asked.query.number("n", EventLog::kCapacity),
             [&](const ordered_json& line) { list.push_back(line); });
  return {200, printed(list)};
}

Answer health(const Asked&, const Backend& backend) {
  const auto snapshot = backend.snapshot();
  const bool healthy = snapshot->shm_problem.empty();
  ordered_json body{{"ok", healthy}, {"rounds", snapshot->rounds}};
  if (!healthy) body["error"] = snapshot->shm_problem;
  return {healthy ? 200u : 503u, printed(body)};
}

// What changes something, and what costs as much: the plan of a reload looks at every segment, and takes locks.
enum class For : std::uint8_t { everybody, who_may_change };

struct Route {
  std::string_view method;
  std::string_view path;
  bool takes_name;  ///< path is a prefix, what follows is a queue's name
  Answer (*handle)(const Asked& asked, const Backend& backend);
  For whom = For::everybody;
};

constexpr std::array kRoutes{
    Route{"GET", "/", false, page},
    Route{"GET", "/v1/status", false, status},
    Route{"GET", "/v1/queues", false, queues},
    Route{"GET", "/v1/queues/", true, one_queue},
    Route{"GET", "/v1/history/", true, history},
    Route{"GET", "/v1/events", false, events},
    Route{"GET", "/healthz", false, health},
    Route{"GET", "/metrics", false, metrics},
    Route{"GET", "/v1/plan", false, plan, For::who_may_change},
    Route{"POST", "/v1/reload", false, reload, For::who_may_change},
    Route{"POST", "/v1/repair/", true, repair, For::who_may_change},
    Route{"POST", "/v1/gc", false, collect_orphans, For::who_may_change},
};

// By what may be done, before by what is asked for: who may not change anything is not told about parameters.
Answer handled(const Route& route, const Asked& asked, const Backend& backend) {
  const Peer& peer = asked.request.peer;
  if (route.whom == For::who_may_change && asked.request.read_only) {
    return error_answer(403, "not answered here: this way shows nobody's credentials; use the control socket");
  }
  if (route.whom == For::who_may_change && !backend.may_change(peer)) {
    std::string_view what = route.path.substr(std::string_view("/v1/").size());
    if (what.ends_with('/')) what.remove_suffix(1);
    return error_answer(403, "uid " + std::to_string(peer.uid) + " may not " + std::string(what) +
                                 ": only root, slickqd's own user and members of control.group may");
  }
  try {
    return route.handle(asked, backend);
  } catch (const BadQuery& bad) {
    return error_answer(400, bad.what());
  } catch (const slickq::Error& error) {
    return error_answer(503, error.what());  // the shm directory, as a round would find it
  }
}

}  // namespace

std::string printed(const ordered_json& body) { return json_text(body) + "\n"; }

Answer error_answer(unsigned status, const std::string& text) {
  return {status, printed({{"ok", false}, {"error", text}})};
}

std::string stream_text(StreamFormat format, const std::string& json) {
  return format == StreamFormat::server_sent ? "data: " + json + "\n\n" : json + "\n";
}

bool may_change(const Peer& peer, uid_t own_uid, std::optional<gid_t> control_group) {
  if (peer.uid == 0 || peer.uid == own_uid) return true;
  if (!control_group) return false;
  return peer.gid == *control_group ||
         std::find(peer.groups.begin(), peer.groups.end(), *control_group) != peer.groups.end();
}

Answer answer(const Request& request, const Backend& backend) {
  const std::string_view target = request.target;
  const std::size_t question = std::min(target.find('?'), target.size());
  const std::string path = percent_decoded(target.substr(0, question));
  if (request.read_only && request.method != "GET") {
    return error_answer(403, "only GET is answered here: this way shows nobody's credentials; use the control socket");
  }
  for (const Route& route : kRoutes) {
    const bool fits =
        route.takes_name ? path.size() > route.path.size() && path.starts_with(route.path) : path == route.path;
    if (!fits) continue;
    if (request.method != route.method) {
      Answer refused = error_answer(405, std::string(request.method) + " is not for " + path);
      refused.allow = route.method;
      return refused;
    }
    const std::string_view query = question < target.size() ? target.substr(question + 1) : std::string_view{};
    return handled(route, {std::string_view(path).substr(route.path.size()), Query(query), request}, backend);
  }
  return error_answer(404, "nothing at " + path + "; try /v1/status, /v1/queues, /v1/events, /metrics or /healthz");
}

}  // namespace slickqd
