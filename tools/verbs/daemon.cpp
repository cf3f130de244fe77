// slickq daemon status|reload|plan: talks to slickqd's socket.
#include <fmt/format.h>

#include <array>
#include <memory>

#include "../daemon_answer.hpp"
#include "../table.hpp"
#include "../verbs.hpp"

namespace slickq::cli {
namespace {

struct StatusColumn {
  const char* title;
  const char* key;
  Table::Align align;
};

constexpr auto kLeft = Table::Align::left;
constexpr auto kRight = Table::Align::right;

constexpr std::size_t kState = 1;  // of them
constexpr std::array kColumns{
    StatusColumn{"name", "name", kLeft},
    StatusColumn{"state", "state", kLeft},
    StatusColumn{"layout", "layout", kLeft},
    StatusColumn{"capacity", "capacity", kRight},
    StatusColumn{"elem", "element_size", kRight},
    StatusColumn{"reserved", "reserved_index", kRight},
    StatusColumn{"published", "published_index", kRight},
    StatusColumn{"gap", "gap", kRight},
    StatusColumn{"holes", "holes", kRight},
    StatusColumn{"in/s", "published_per_s", kRight},
    StatusColumn{"holders", "holders", kRight},
    StatusColumn{"cursors", "cursors", kRight},
};

// Due ones are orphans; of the others is told why they are not, yet.
std::string orphan_text(const Json& orphan) {
  const std::string name = cell(orphan, "name");
  if (orphan.value("held", false)) return fmt::format("in use, else an orphan: {}", name);
  if (!orphan.value("due", true))
    return fmt::format("perhaps an orphan: {}, idle {} ms", name, cell(orphan, "idle_ms"));
  return "orphan " + name;
}

void print_status(Session& session, const Json& status) {
  const Json none = Json::object();
  const Json config = status.value("config", none);
  const bool reload_failed = !config.value("last_reload_ok", true);
  session.out.line(fmt::format("slickqd {}, pid {}, started {}, {} rounds, one every {} ms", cell(status, "version"),
                               cell(status, "pid"), cell(status, "started"), cell(status, "rounds"),
                               cell(status, "interval_ms")));
  session.out.line(fmt::format("config {}, loaded {}", cell(config, "file"), cell(config, "loaded")));
  if (reload_failed) {
    session.out.line(session.style.yellow(fmt::format("last reload failed: {}", cell(config, "last_error"))));
  }
  std::vector<Table::Column> titles;
  for (const StatusColumn& column : kColumns) titles.push_back({column.title, column.align});
  Table table(std::move(titles));
  for (const Json& queue : status.value("queues", Json::array())) {
    std::vector<std::string> cells;
    for (const StatusColumn& column : kColumns) cells.push_back(cell(queue, column.key));
    const Json blind = queue.value("blind_s", Json());
    if (blind.is_number()) cells[kState] += fmt::format(" {:.0f} s ago", blind.get<double>());
    table.add(std::move(cells));
  }
  session.out.line("");
  table.print(session);
  for (const Json& orphan : status.value("orphans", Json::array())) {
    session.out.line(orphan_text(orphan));
  }
  const auto listed = status.value("orphans", Json::array()).size();
  if (const auto seen = status.value("orphans_seen", listed); seen > listed) {
    const char* at_least = status.value("orphans_complete", true) ? "" : "at least ";
    session.out.line(fmt::format("and {}{} more that may be orphans", at_least, seen - listed));
  }
}

Exit show_status(Session& session, const std::string& given) {
  const std::string socket = socket_path(given);
  const DaemonReply reply = ask_daemon(socket, "GET", "/v1/status", std::chrono::seconds(10));
  const Json status = parsed(socket, reply);
  if (reply.status != 200) refused(socket, reply);
  session.globals.json ? print_json(session, status) : print_status(session, status);
  return Exit::ok;
}

// "FILE:LINE:COLUMN: error", as far as the daemon tells them: a file that cannot be read has no line.
std::string verdict_text(const Json& verdict) {
  std::string where;
  for (const char* key : {"file", "line", "column"}) {
    const std::string part = cell(verdict, key);
    if (part != "-" && part != "0") where += part + ":";
  }
  return where.empty() ? cell(verdict, "error") : where + " " + cell(verdict, "error");
}

// Printed with --json, whatever it is.
Json verdict_of(Session& session, const std::string& socket, const DaemonReply& reply) {
  const Json verdict = parsed(socket, reply);
  if (reply.status != 200 && reply.status != 422) refused(socket, reply);
  if (session.globals.json) {
    Json object = json_object(session);
    object.update(verdict);
    print_json(session, object);
  }
  return verdict;
}

// An error when the verdict is bad; `consequence`: what that means.
void judge(const Json& verdict, const char* consequence) {
  if (!verdict.value("ok", false)) throw Error(Errc::system, verdict_text(verdict), consequence);
}

Exit reload(Session& session, const std::string& given) {
  const std::string socket = socket_path(given);
  // The daemon answers when the new configuration is in force, or refused: getting the memory of large queues takes
  // minutes. A daemon that ends meanwhile ends the connection, and the waiting.
  const DaemonReply reply = ask_daemon(socket, "POST", "/v1/reload", std::chrono::hours(1));
  judge(verdict_of(session, socket, reply), "reload refused, the old configuration stays in force");
  if (!session.globals.json) session.out.line("reloaded");
  return Exit::ok;
}

Exit show_plan(Session& session, const std::string& given) {
  const std::string socket = socket_path(given);
  const DaemonReply reply = ask_daemon(socket, "GET", "/v1/plan", std::chrono::seconds(60));
  const Json verdict = verdict_of(session, socket, reply);
  if (!session.globals.json) {
    Table table({{"action"}, {"name"}, {"why"}});
    for (const Json& step : verdict.value("steps", Json::array())) {
      table.add({cell(step, "action"), cell(step, "name"), cell(step, "why")});
    }
    table.print(session, /*headings=*/false);
  }
  judge(verdict, "a reload would be refused, and the old configuration stay in force");
  return Exit::ok;
}

std::shared_ptr<std::string> declared_socket(Arguments& arguments) {
  const auto socket = std::make_shared<std::string>();
  declare_socket(arguments, *socket);
  return socket;
}

}  // namespace

Run declare_daemon_status(Arguments& arguments) {
  const auto socket = declared_socket(arguments);
  return [socket](Session& session) { return show_status(session, *socket); };
}

Run declare_daemon_reload(Arguments& arguments) {
  const auto socket = declared_socket(arguments);
  arguments.epilogue(
      "Waits for the verdict: exit code 0 when the new configuration is in force, 1 when it was refused.");
  return [socket](Session& session) { return reload(session, *socket); };
}

Run declare_daemon_plan(Arguments& arguments) {
  const auto socket = declared_socket(arguments);
  arguments.epilogue(
      "Looks at the configuration as it is on disk now, and changes nothing. Exit code 0 when a reload would succeed, "
      "1\n"
      "when it would be refused.");
  return [socket](Session& session) { return show_plan(session, *socket); };
}

}  // namespace slickq::cli
