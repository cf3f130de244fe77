#include "changes.hpp"

namespace slickqd {

using nlohmann::ordered_json;

namespace {

ordered_json reload_verdict(const ReloadResult& result) {
  if (result.ok) return {{"ok", true}};
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
  return body;
}

unsigned status_of(const ReloadResult& result) { return result.ok ? 200 : 422; }

}  // namespace

Answer reload(const Asked& asked, const Backend& backend) {
  asked.query.allow_only({});
  const ReloadResult result = backend.reload();
  return {status_of(result), printed(reload_verdict(result))};
}

Answer plan(const Asked& asked, const Backend& backend) {
  asked.query.allow_only({});
  const PlannedReload planned = backend.plan();
  ordered_json body = reload_verdict(planned.verdict);
  body["steps"] = ordered_json::array();
  for (const PlannedStep& step : planned.steps) body["steps"].push_back(to_json(step));
  return {status_of(planned.verdict), printed(body)};
}

Answer repair(const Asked& asked, const Backend& backend) {
  asked.query.allow_only({"dry_run", "force"});
  const RepairWish wish{asked.query.flag("dry_run"), asked.query.flag("force"), asked.request.peer.uid};
  const auto done = backend.repair(asked.name, wish);
  if (!done) return error_answer(404, "no queue of that name is configured: " + std::string(asked.name));
  return {done->value("ok", false) ? 200u : 409u, printed(*done)};
}

Answer collect_orphans(const Asked& asked, const Backend& backend) {
  asked.query.allow_only({"dry_run"});
  return {200, printed(backend.collect_orphans(asked.query.flag("dry_run")))};
}

}  // namespace slickqd
