#include "changes.hpp"

namespace slickqd {

using nlohmann::ordered_json;

Answer reload(const Asked& asked, const Backend& backend) {
  asked.query.allow_only({});
  const ReloadResult result = backend.reload();
  if (result.ok) return {200, printed({{"ok", true}})};
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
  return {422, printed(body)};
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
