// slickq version: what this is, and whether the machine can run it.
#include "slickq/version.hpp"

#include <fmt/format.h>

#include "../json.hpp"
#include "../verbs.hpp"
#include "slickq/platform.hpp"

namespace slickq::cli {
namespace {

constexpr Layout kLayouts[] = {Layout::wide, Layout::packed, Layout::slq0, Layout::slq1, Layout::slq2, Layout::slq3};

Exit show_version(Session& session) {
  const PlatformSupport platform = check_platform_support();
  if (session.globals.json) {
    Json object = json_object(session);
    object["version"] = SLICKQ_VERSION;
    object["supported"] = platform.supported;
    object["platform"] = platform.message;
    for (const Layout layout : kLayouts) object["layouts"].push_back(slickq::to_string(layout));
    print_json(session, object);
  } else {
    session.out.line("slickq " SLICKQ_VERSION);
    session.out.line(platform.message);
  }
  return Exit::ok;
}

}  // namespace

Run declare_version(Arguments&) { return show_version; }

}  // namespace slickq::cli
