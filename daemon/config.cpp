#include "config.hpp"

#include <fmt/format.h>
#include <sys/un.h>

#include <map>
#include <span>
#include <stdexcept>
#include <utility>

#include "node.hpp"
#include "slickq/error.hpp"
#include "slickq/names.hpp"

namespace slickqd {
namespace {

using slickq::Layout;

constexpr Choice<Layout> kLayouts[] = {{"slq1", Layout::slq1}, {"slq0", Layout::slq0}, {"packed", Layout::packed},
                                       {"wide", Layout::wide}, {"slq2", Layout::slq2}, {"slq3", Layout::slq3}};
constexpr Choice<OnMismatch> kMismatch[] = {
    {"keep", OnMismatch::keep}, {"fail", OnMismatch::fail}, {"recreate_if_idle", OnMismatch::recreate_if_idle}};
constexpr Choice<StallAction> kStallActions[] = {{"report", StallAction::report}, {"repair", StallAction::repair}};
constexpr Choice<OrphanAction> kOrphanActions[] = {{"report", OrphanAction::report}, {"remove", OrphanAction::remove}};
constexpr Choice<LogLevel> kLevels[] = {
    {"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warn", LogLevel::warn}, {"error", LogLevel::error}};
constexpr Choice<LogFormat> kFormats[] = {
    {"auto", LogFormat::automatic}, {"text", LogFormat::text}, {"json", LogFormat::json}};

// A queue as it is written; the geometry needs four keys at once.
struct QueueDraft : QueueConfig {
  Layout layout = Layout::slq1;
  std::uint64_t size = 0;
  std::uint64_t elem = 0;
  std::uint64_t items_per_slot = 1;
};

// Names are checked by the core; its reason gets our place.
template <class Check>
auto checked(const Node& node, Check check) {
  try {
    return check();
  } catch (const slickq::Error& error) {
    throw node.fail(error.what());
  }
}

void read_cursors(const Node& node, QueueConfig& out) {
  for (const Node& element : node.elements()) {
    const std::string cursor = element.text();
    checked(element, [&] { return slickq::cursor_segment_name("q", cursor); });
    out.cursors.push_back(cursor);
  }
}

void read_stall(const Node& node, QueueConfig& out) {
  static constexpr Field<StallPolicy> kFields[] = {
      {"after", false, [](const Node& n, StallPolicy& s) { s.after = n.duration(std::chrono::milliseconds(1)); }},
      {"action", false, [](const Node& n, StallPolicy& s) { s.action = n.one_of<StallAction>(kStallActions); }}};
  read_object<StallPolicy>(node, kFields, out.stall);
}

void read_lag(const Node& node, QueueConfig& out) {
  static constexpr Field<LagPolicy> kFields[] = {
      {"warn", false, [](const Node& n, LagPolicy& l) { l.warn_percent = n.percent(); }},
      {"critical", false, [](const Node& n, LagPolicy& l) { l.critical_percent = n.percent(); }}};
  read_object<LagPolicy>(node, kFields, out.lag);
  if (out.lag.warn_percent > out.lag.critical_percent) {
    throw node.fail(
        fmt::format("warn ({:g}%) is above critical ({:g}%)", out.lag.warn_percent, out.lag.critical_percent));
  }
}

constexpr std::uint64_t kAny = ~std::uint64_t{0};

constexpr Field<QueueDraft> kQueueFields[] = {
    {"name", true,
     [](const Node& n, QueueDraft& q) { q.name = checked(n, [&] { return slickq::segment_name(n.text()); }); }},
    {"size", true, [](const Node& n, QueueDraft& q) { q.size = n.integer(1, kAny); }},
    {"elem", true, [](const Node& n, QueueDraft& q) { q.elem = n.integer(1, kAny); }},
    {"layout", false, [](const Node& n, QueueDraft& q) { q.layout = n.one_of<Layout>(kLayouts); }},
    {"items_per_slot", false, [](const Node& n, QueueDraft& q) { q.items_per_slot = n.integer(1, kAny); }},
    {"mode", false, [](const Node& n, QueueDraft& q) { q.mode = n.mode(); }},
    {"owner", false, [](const Node& n, QueueDraft& q) { q.owner = n.user(); }},
    {"group", false, [](const Node& n, QueueDraft& q) { q.group = n.group(); }},
    {"prefault", false, [](const Node& n, QueueDraft& q) { q.prefault = n.boolean(); }},
    {"cursors", false, [](const Node& n, QueueDraft& q) { read_cursors(n, q); }},
    {"on_mismatch", false, [](const Node& n, QueueDraft& q) { q.on_mismatch = n.one_of<OnMismatch>(kMismatch); }},
    {"stall", false, [](const Node& n, QueueDraft& q) { read_stall(n, q); }},
    {"lag", false, [](const Node& n, QueueDraft& q) { read_lag(n, q); }},
    {"remove_on_exit", false, [](const Node& n, QueueDraft& q) { q.remove_on_exit = n.boolean(); }}};

// The core knows what a good geometry is. It is asked three times, with one more of the values each time, so
// that its refusal is blamed on the key that brought it.
slickq::Geometry geometry_of(const Document& document, const QueueDraft& draft) {
  const Layout single = draft.layout == Layout::slq3   ? Layout::slq1
                        : draft.layout == Layout::slq2 ? Layout::slq0
                                                       : draft.layout;
  if (single != draft.layout && draft.items_per_slot == 1) {
    throw document.error(
        draft.pointer + "/layout",
        fmt::format("{} is {} with several elements a slot: set items_per_slot, or write \"{}\"",
                    slickq::to_string(draft.layout), slickq::to_string(single), slickq::to_string(single)));
  }
  const auto make = [&](const char* key, Layout layout, std::uint64_t elem, std::uint64_t items_per_slot) {
    try {
      return slickq::Geometry::make(layout, draft.size, elem, items_per_slot);
    } catch (const slickq::Error& error) {
      throw document.error(draft.pointer + "/" + key, error.what());
    }
  };
  make("size", single, 1, 1);
  make("elem", single, draft.elem, 1);
  return make("items_per_slot", draft.layout, draft.elem, draft.items_per_slot);
}

void read_queues(const Node& node, Config& out) {
  std::map<std::string, std::string> taken;  // segment name -> where it was named
  const auto take = [&taken](const Node& at, const std::string& name, const std::string& pointer) {
    const auto [first, fresh] = taken.emplace(name, pointer);
    if (!fresh) throw at.fail(fmt::format("the name \"{}\" is already used by {}", name, first->second));
  };
  for (const Node& element : node.elements()) {
    QueueDraft draft;
    draft.pointer = element.pointer();
    read_object<QueueDraft>(element, kQueueFields, draft);
    draft.geometry = geometry_of(*out.source, draft);
    for (const auto& [key, member] : element.members()) {
      if (key == "name") take(member, draft.name, draft.pointer);
      if (key != "cursors") continue;
      for (const Node& cursor : member.elements()) {
        const auto segment = checked(cursor, [&] { return slickq::cursor_segment_name(draft.name, cursor.text()); });
        take(cursor, segment, cursor.pointer());
      }
    }
    out.queues.push_back(std::move(draft));
  }
}

void read_monitor(const Node& node, Config& out) {
  static constexpr Field<MonitorConfig> kFields[] = {{"interval", false, [](const Node& n, MonitorConfig& m) {
                                                        m.interval = n.duration(std::chrono::milliseconds(10));
                                                      }}};
  read_object<MonitorConfig>(node, kFields, out.monitor);
}

void read_orphans(const Node& node, Config& out) {
  static constexpr Field<OrphanConfig> kFields[] = {
      {"match", false,
       [](const Node& n, OrphanConfig& o) {
         for (const Node& element : n.elements()) {
           o.match.push_back(element.text());
           if (o.match.back().find('/') != std::string::npos) {
             throw element.fail(fmt::format("\"{}\" has a '/': patterns are of segment names", o.match.back()));
           }
         }
       }},
      {"grace", false, [](const Node& n, OrphanConfig& o) { o.grace = n.duration(std::chrono::milliseconds(100)); }},
      {"action", false, [](const Node& n, OrphanConfig& o) { o.action = n.one_of<OrphanAction>(kOrphanActions); }}};
  read_object<OrphanConfig>(node, kFields, out.orphans);
}

void read_control(const Node& node, Config& out) {
  static constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  static constexpr Field<ControlConfig> kFields[] = {
      {"socket", false,
       [](const Node& n, ControlConfig& c) {
         c.socket = n.absolute_path();
         if (c.socket.size() > kLongest || c.socket.back() == '/') {
           throw n.fail(fmt::format("a socket is a file path of at most {} bytes", kLongest));
         }
       }},
      {"mode", false, [](const Node& n, ControlConfig& c) { c.mode = n.mode(); }},
      {"group", false, [](const Node& n, ControlConfig& c) { c.group = n.group(); }}};
  read_object<ControlConfig>(node, kFields, out.control);
}

void read_metrics(const Node& node, Config& out) {
  static constexpr Field<MetricsConfig> kFields[] = {{"listen", false,
                                                      [](const Node& n, MetricsConfig& m) {
                                                        if (n.is_null()) return;
                                                        const std::string text = n.text();
                                                        try {
                                                          m.listen = parse_loopback(text);
                                                        } catch (const std::invalid_argument& error) {
                                                          throw n.fail(fmt::format("\"{}\": {}", text, error.what()));
                                                        }
                                                      }},
                                                     {"textfile", false, [](const Node& n, MetricsConfig& m) {
                                                        if (!n.is_null()) m.textfile = n.absolute_path();
                                                      }}};
  read_object<MetricsConfig>(node, kFields, out.metrics);
}

void read_log(const Node& node, Config& out) {
  static constexpr Field<LogConfig> kFields[] = {
      {"level", false, [](const Node& n, LogConfig& l) { l.level = n.one_of<LogLevel>(kLevels); }},
      {"format", false, [](const Node& n, LogConfig& l) { l.format = n.one_of<LogFormat>(kFormats); }}};
  read_object<LogConfig>(node, kFields, out.log);
}

constexpr Field<Config> kRootFields[] = {
    {"$schema", false, [](const Node& n, Config&) { n.text(); }},  // for editors
    {"shm_dir", false, [](const Node& n, Config& c) { c.shm_dir = n.absolute_path(); }},
    {"queues", false, read_queues},
    {"monitor", false, read_monitor},
    {"orphans", false, read_orphans},
    {"control", false, read_control},
    {"metrics", false, read_metrics},
    {"log", false, read_log}};

Config read_config(Document document) {
  Config config;
  config.source = std::make_shared<const Document>(std::move(document));
  config.shm_dir = slickq::default_shm_dir();
  const Node root(*config.source, config.source->root(), "");
  read_object<Config>(root, kRootFields, config);
  return config;
}

}  // namespace

Config load_config(const std::string& file) { return read_config(Document::load(file)); }

Config parse_config(const std::string& file_name, std::string text) {
  return read_config(Document::parse(file_name, std::move(text)));
}

}  // namespace slickqd
