// slickq verify: fsck for a queue.
#include <fmt/format.h>

#include <memory>

#include "../json.hpp"
#include "../source.hpp"
#include "../values.hpp"
#include "../verbs.hpp"
#include "slickq/inspect.hpp"

namespace slickq::cli {
namespace {

std::string_view to_string(Finding::Kind kind) noexcept {
  switch (kind) {
    case Finding::Kind::header: return "header";
    case Finding::Kind::slot: return "slot";
    case Finding::Kind::marker: return "marker";
    case Finding::Kind::hole: return "hole";
  }
  return "unknown";
}

Json findings_json(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const Finding& finding : findings) {
    list.push_back(Json{{"kind", to_string(finding.kind)}, {"where", finding.where}, {"text", finding.text}});
  }
  return list;
}

void print_text(Session& session, const View& view, const std::vector<Finding>& findings) {
  if (findings.empty()) {
    session.out.line(fmt::format("{}: sound: {}; checked header, {}, jump markers, holes", view.name(),
                                 view.geometry().describe(), count_of(view.geometry().slot_count(), "slot")));
    return;
  }
  for (const Finding& finding : findings) session.out.line(finding.text);
}

Exit verify_queue(Session& session, const Source& source) {
  const View view = open_source(session, source);
  const std::vector<Finding> findings = verify(view);
  if (session.globals.json) {
    Json object = json_object(session);
    object["name"] = view.name();
    object["path"] = view.path();
    object["layout"] = slickq::to_string(view.geometry().layout());
    object["slots_checked"] = view.geometry().slot_count();
    object["sound"] = findings.empty();
    object["findings"] = findings_json(findings);
    print_json(session, object);
  } else {
    print_text(session, view, findings);
  }
  if (findings.empty()) return Exit::ok;
  session.note(fmt::format("slickq: verify: {}: {}", view.name(), count_of(findings.size(), "finding")));
  return Exit::corrupt;
}

}  // namespace

Run declare_verify(Arguments& arguments) {
  const auto source = std::make_shared<Source>();
  declare_source(arguments, *source);
  arguments.epilogue(
      "Exit code 0: sound. 6: a list of what is wrong. A queue in use is looked at twice, and only what "
      "stays is told.");
  return [source](Session& session) { return verify_queue(session, *source); };
}

}  // namespace slickq::cli
