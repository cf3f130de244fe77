// slickq doctor: can this machine run queues, and what stands in the way of running them well?
#include "../doctor/finding.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "../json.hpp"
#include "../table.hpp"
#include "../verbs.hpp"

namespace slickq::cli {
namespace {

std::string painted(const Style& style, Health health) {
  const std::string word(to_string(health));
  switch (health) {
    case Health::broken: return style.red(word);
    case Health::warning: return style.yellow(word);
    case Health::note: return style.bold(word);
    case Health::ok: break;
  }
  return word;
}

void print_findings(Session& session, const Findings& findings) {
  for (const Finding& finding : findings) {
    if (session.globals.quiet && finding.health < Health::warning) continue;
    const std::string word(to_string(finding.health));
    // The colour's bytes take no room on the screen.
    session.out.line(fmt::format("{}{:{}}  {}: {}", painted(session.style, finding.health), "", 7 - word.size(),
                                 finding.check, printable(finding.evidence)));
    if (!finding.remedy.empty()) session.out.line(fmt::format("{:9}{}", "", finding.remedy));
  }
}

Exit examine_machine(Session& session) {
  const Findings findings = examine({session.globals.shm_dir, ""});
  const auto worst = std::ranges::max_element(findings, {}, &Finding::health);
  if (session.globals.json) {
    Json object = json_object(session);
    object["shm_dir"] = session.globals.shm_dir;
    object["worst"] = to_string(worst->health);
    object["findings"] = Json::array();
    for (const Finding& finding : findings) {
      object["findings"].push_back({{"check", finding.check},
                                    {"health", to_string(finding.health)},
                                    {"evidence", finding.evidence},
                                    {"remedy", finding.remedy.empty() ? Json(nullptr) : Json(finding.remedy)}});
    }
    print_json(session, object);
  } else {
    print_findings(session, findings);
  }
  return worst->health == Health::broken ? Exit::condition : Exit::ok;
}

}  // namespace

Run declare_doctor(Arguments& arguments) {
  arguments.epilogue(
      "Each line: how it stands, which check, what was seen; below it what to do. Exit code 5 when something is "
      "broken.\n"
      "With -q only warnings, and what is broken. Changes nothing.\n"
      "example: slickq doctor -q");
  return [](Session& session) { return examine_machine(session); };
}

}  // namespace slickq::cli
